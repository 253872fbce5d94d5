package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// memory gives the bytes that are resident, and those of page tables.
func memory() (resident, tables int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		kib, _ := strconv.Atoi(words[1])
		switch words[0] {
		case "VmRSS:":
			resident = kib * 1024
		case "VmPTE:":
			tables = kib * 1024
		}
	}
	return
}

// parked has n goroutines wait on one channel, which is then closed. The time to settle counts in ms, not in ns.
func parked(n int) {
	resident, tables := memory()
	gate := make(chan struct{})
	var group sync.WaitGroup
	var started int64
	group.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt64(&started, 1)
			<-gate
			group.Done()
		}()
	}
	for atomic.LoadInt64(&started) != int64(n) {
		runtime.Gosched()
	}
	up := time.Since(start)
	time.Sleep(50 * time.Millisecond)
	settled := time.Since(start)
	moreResident, moreTables := memory()
	moreResident = max(moreResident-resident, 0) / n
	moreTables = max(moreTables-tables, 0) / n
	start = time.Now()
	close(gate)
	group.Wait()
	wake := time.Since(start)
	fmt.Printf("ms=%.1f ns=%.1f up_ms=%.1f wake_ms=%.1f bytes=%d rss_b=%d pte_b=%d\n",
		milliseconds(settled+wake), float64((up+wake).Nanoseconds())/float64(n), milliseconds(up), milliseconds(wake),
		moreResident+moreTables, moreResident, moreTables)
}

// sleepers has n goroutines sleep three times, each time for a pseudo-random part of a second.
func sleepers(n int) time.Duration {
	var group sync.WaitGroup
	group.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			x := uint32(i)*2654435761 + 1
			for k := 0; k < 3; k++ {
				x ^= x << 13
				x ^= x >> 17
				x ^= x << 5
				time.Sleep(time.Duration(x%1000) * time.Millisecond)
			}
			group.Done()
		}()
	}
	group.Wait()
	return time.Since(start)
}
