package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// spawn starts n goroutines, each of which counts, and waits for the last.
func spawn(n int) time.Duration {
	var group sync.WaitGroup
	var count int64
	start := time.Now()
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt64(&count, 1)
			group.Done()
		}()
	}
	group.Wait()
	return time.Since(start)
}

// spawnJoin starts a goroutine and waits for its result, n times.
func spawnJoin(n int) time.Duration {
	start := time.Now()
	sum := 0
	for i := 0; i < n; i++ {
		result := make(chan int, 1)
		go func() { result <- i }()
		sum += <-result
	}
	return time.Since(start)
}

// yield has as many goroutines as tasks that yield n times each.
func yield(tasks, n int) time.Duration {
	var group sync.WaitGroup
	group.Add(tasks)
	start := time.Now()
	for i := 0; i < tasks; i++ {
		go func() {
			for j := 0; j < n; j++ {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
	return time.Since(start)
}

// mutex has as many goroutines as tasks that lock one mutex n times each and count.
func mutex(tasks, n int) time.Duration {
	var lock sync.Mutex
	var group sync.WaitGroup
	count := 0
	group.Add(tasks)
	start := time.Now()
	for i := 0; i < tasks; i++ {
		go func() {
			for j := 0; j < n; j++ {
				lock.Lock()
				count++
				lock.Unlock()
			}
			group.Done()
		}()
	}
	group.Wait()
	return time.Since(start)
}

const (
	look      = 1000000 // Steps of a loop that computes, between two looks at the clock.
	nSleepers = 100
	nap       = time.Millisecond
)

// computed keeps the compiler from leaving the loops out.
var computed uint64

// hog tells how late sleepers wake beside goroutines that compute.
func hog(hogs int, d time.Duration) {
	stop := time.Now().Add(d)
	var group sync.WaitGroup
	late := make([][]float64, nSleepers)
	for i := range late {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(stop) {
				start := time.Now()
				time.Sleep(nap)
				late[i] = append(late[i], milliseconds(time.Since(start)-nap))
			}
		}()
	}
	time.Sleep(10 * time.Millisecond)
	for i := 0; i < hogs; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			x := uint64(1)
			for !time.Now().After(stop) {
				for j := 0; j < look; j++ {
					x = x*6364136223846793005 + 1442695040888963407
				}
			}
			atomic.AddUint64(&computed, x)
		}()
	}
	group.Wait()
	var all []float64
	for _, part := range late {
		all = append(all, part...)
	}
	sort.Float64s(all)
	quantile := func(part float64) float64 { return all[int(part*float64(len(all)-1))] }
	fmt.Printf("p99_ms=%.2f p50_ms=%.2f max_ms=%.2f wakes=%d\n",
		quantile(.99), quantile(.5), quantile(1), len(all))
}
