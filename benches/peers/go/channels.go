package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// pingPong has two goroutines send a number to and fro, n times, over two rendezvous channels.
func pingPong(n int) time.Duration {
	ping, pong := make(chan int), make(chan int)
	done := make(chan bool)
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			value := <-ping
			pong <- value
		}
		done <- true
	}()
	go func() {
		for i := 0; i < n; i++ {
			ping <- i
			<-pong
		}
		done <- true
	}()
	<-done
	<-done
	return time.Since(start)
}

// bounded has producers send n numbers in all to consumers, which add them up.
func bounded(n, producers, consumers, capacity int) time.Duration {
	numbers := make(chan int, capacity)
	var producing, consuming sync.WaitGroup
	var total int64
	start := time.Now()
	producing.Add(producers)
	for i := 0; i < producers; i++ {
		go func() {
			for j := 0; j < n/producers; j++ {
				numbers <- j
			}
			producing.Done()
		}()
	}
	consuming.Add(consumers)
	for i := 0; i < consumers; i++ {
		go func() {
			sum := 0
			for value := range numbers {
				sum += value
			}
			atomic.AddInt64(&total, int64(sum))
			consuming.Done()
		}()
	}
	producing.Wait()
	close(numbers)
	consuming.Wait()
	return time.Since(start)
}

// selects has one goroutine select over four rendezvous channels, each of which has a sender.
func selects(n int) time.Duration {
	each := n / 4
	var channels [4]chan int
	for i := range channels {
		channels[i] = make(chan int)
	}
	done := make(chan int)
	start := time.Now()
	for _, channel := range channels {
		go func() {
			for i := 0; i < each; i++ {
				channel <- i
			}
		}()
	}
	go func() {
		sum := 0
		for i := 0; i < each*4; i++ {
			select {
			case value := <-channels[0]:
				sum += value
			case value := <-channels[1]:
				sum += value
			case value := <-channels[2]:
				sum += value
			case value := <-channels[3]:
				sum += value
			}
		}
		done <- sum
	}()
	<-done
	return time.Since(start)
}

// Children of a node of the tree.
const branches = 10

// skynet is a tree of goroutines with so many leaves, a power of ten, that adds the leaves' numbers up.
func skynet(leaves int) time.Duration {
	start := time.Now()
	result := make(chan int)
	go node(result, 0, leaves)
	sum := <-result
	d := time.Since(start)
	if sum != leaves*(leaves-1)/2 {
		panic(sum)
	}
	return d
}

// node sends the sum of the numbers from first on, size of them.
func node(parent chan int, first, size int) {
	if size == 1 {
		parent <- first
		return
	}
	results := make(chan int)
	part := size / branches
	for i := 0; i < branches; i++ {
		go node(results, first+i*part, part)
	}
	sum := 0
	for i := 0; i < branches; i++ {
		sum += <-results
	}
	parent <- sum
}
