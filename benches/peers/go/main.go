// The workloads in Go. Each prints one line of key=value pairs, of which the first counts.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// number gives the number at a place of the command line, which must be at least 1.
func number(index int) int {
	if len(os.Args) > index {
		if n, err := strconv.Atoi(os.Args[index]); err == nil && n > 0 {
			return n
		}
	}
	wrong(fmt.Sprintf("argument %d is no whole number of at least 1", index-1))
	return 0
}

func wrong(why string) {
	fmt.Fprintln(os.Stderr, "peer-go:", why)
	os.Exit(2)
}

// each prints the nanoseconds for each of n operations.
func each(n int, d time.Duration) {
	fmt.Printf("ns=%.1f\n", float64(d.Nanoseconds())/float64(n))
}

func milliseconds(d time.Duration) float64 {
	return d.Seconds() * 1e3
}

func main() {
	if len(os.Args) < 3 {
		wrong("usage: peer-go WORKLOAD NUMBERS...   (those of `workloads --help`)")
	}
	n := number(2)
	switch os.Args[1] {
	case "spawn":
		each(n, spawn(n))
	case "spawnjoin":
		each(n, spawnJoin(n))
	case "pingpong":
		each(n, pingPong(n))
	case "chan":
		each(n, bounded(n, number(3), number(4), number(5)))
	case "yield":
		each(n*number(3), yield(n, number(3)))
	case "skynet":
		each(n, skynet(n))
	case "parked":
		parked(n)
	case "sleepers":
		fmt.Printf("ms=%.1f\n", milliseconds(sleepers(n)))
	case "select":
		each(n, selects(n))
	case "mutex":
		each(n*number(3), mutex(n, number(3)))
	case "hog":
		hog(n, time.Duration(number(3))*time.Second)
	default:
		wrong(fmt.Sprintf("no workload is called %q", os.Args[1]))
	}
}
