//! Memory that stacks have taken comes back. Each case runs in a process of its own.

// A sanitizer's own memory drowns what is counted here.
#![cfg(all(target_os = "linux", not(any(feature = "sanitizer", hueless_tsan))))]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{GuardKind, stacks};
use hueless_runtime::task::JoinHandle;
use hueless_runtime::{run, sleep, spawn, stack};

mod child;
use child::{assert_passed, dig, in_child, status};

/// As many tasks as a release build can have in this machine, a million at most.
fn wave() -> usize {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kib: usize = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    if stacks().guard == GuardKind::Mprotect {
        10_000
    } else if cfg!(debug_assertions) {
        100_000
    } else if kib < 8 << 20 {
        eprintln!("a tenth of the wave: there is no memory for the whole");
        100_000
    } else {
        1_000_000
    }
}

/// Waits until the stacks are gone and the memory in use is `start` KiB again, within a tenth and some
/// `change`: of the heap that many tasks leave some pages hold a block that is still in use, and a small
/// heap is not given back at all.
#[track_caller]
fn comes_back_to(start: usize, change: usize, within: Duration) {
    let end = Instant::now() + within;
    loop {
        let (now, stacks) = (status("VmRSS"), stacks());
        if now <= start + start / 10 + change && stacks.regions <= 2 {
            return;
        }
        assert!(
            Instant::now() < end,
            "{now} KiB, {start} at first; {stacks:?}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_wave_of_tasks_leaves_no_memory_taken() {
    let count = wave();
    assert_passed(in_child(
        "a_wave_of_tasks_leaves_no_memory_taken",
        &[],
        || {
            // All the threads, and what they keep.
            run(|| (0..100).for_each(|_| spawn(|| ()).join().unwrap()));
            // Made and touched before: what a C library keeps of megabytes that a program frees on
            // some thread is its own affair.
            let mut handles: Vec<Option<JoinHandle<()>>> = (0..count).map(|_| None).collect();
            let (start, tables) = (status("VmRSS"), status("VmPTE"));
            for _ in 0..2 {
                // The root task joins them, so that nothing is left to free once the workers are
                // idle.
                let full = run(|| {
                    let state = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
                    for handle in &mut handles {
                        let state = state.clone();
                        *handle = Some(spawn(move || {
                            state.0.fetch_add(1, SeqCst);
                            while !state.1.load(SeqCst) {
                                sleep(Duration::from_secs(1));
                            }
                        }));
                    }
                    while state.0.load(SeqCst) < count {
                        sleep(Duration::from_millis(1));
                    }
                    let full = (status("VmRSS"), status("VmPTE"), stacks());
                    state.1.store(true, SeqCst);
                    for handle in &mut handles {
                        handle.take().unwrap().join().unwrap();
                    }
                    full
                });
                assert!(full.0 >= start + count * 4, "{full:?}");
                assert!(full.2.in_use >= count, "{full:?}");
                let change = ((full.0 - start) / 256).max(8 << 10);
                comes_back_to(start, change, Duration::from_secs(5));
                let bytes = |before: usize, now: usize| ((now - before) << 10) / count;
                eprintln!(
                    "a stack: {} bytes, {} of page tables; after: {} KiB and {}, at first {start} and {tables}",
                    bytes(start, full.0),
                    bytes(tables, full.1),
                    status("VmRSS"),
                    status("VmPTE"),
                );
            }
        },
    ));
}

#[test]
fn what_grow_has_taken_on_a_plain_thread_goes_at_once() {
    assert_passed(in_child(
        "what_grow_has_taken_on_a_plain_thread_goes_at_once",
        &[],
        || {
            // No runtime is there to trim anything.
            stack::grow(60 << 20, || ());
            let start = status("VmRSS");
            for _ in 0..3 {
                let inside = stack::grow(60 << 20, || {
                    dig(30 << 20);
                    status("VmRSS")
                });
                assert!(inside >= start + (30 << 10), "{inside} {start}");
                comes_back_to(start, 1 << 10, Duration::ZERO);
            }
        },
    ));
}

#[test]
fn what_grow_has_taken_in_a_task_goes_when_the_runtime_is_idle() {
    assert_passed(in_child(
        "what_grow_has_taken_in_a_task_goes_when_the_runtime_is_idle",
        &[],
        || {
            run(|| ());
            let start = status("VmRSS");
            run(|| stack::grow(60 << 20, || assert!(dig(30 << 20) > 1000)));
            comes_back_to(start, 1 << 10, Duration::from_secs(5));
        },
    ));
}
