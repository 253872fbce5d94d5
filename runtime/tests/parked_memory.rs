//! Tasks that park for long give back what they do not need; Linux only, where it can be seen.
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::task::{self, JoinHandle};
use hueless_runtime::yield_now;

const TASKS: usize = 200;
const DEEP: usize = 64 << 10;

/// Bytes of memory that the process has.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Uses `DEEP` bytes of stack and gives a number that depends on them.
#[inline(never)]
fn go_deep(seed: u8) -> u64 {
    let frame = std::hint::black_box([seed; DEEP]);
    frame.iter().map(|byte| u64::from(*byte)).sum()
}

/// Tasks that have been deep, hold something in their shallow frames, and park until `open`.
fn park_many(runtime: &Runtime, open: &Arc<AtomicBool>) -> Vec<JoinHandle<u64>> {
    let handles: Vec<_> = (0..TASKS)
        .map(|i| {
            let open = open.clone();
            let deep = move || {
                let seed = i as u8;
                let before = go_deep(seed);
                let kept = std::hint::black_box([seed; 1000]);
                while !open.load(Ordering::Relaxed) {
                    task::park();
                }
                let after = kept.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                before + after + go_deep(seed)
            };
            task::Builder::new().spawn_on(runtime, deep).unwrap()
        })
        .collect();
    while runtime.metrics().parked < TASKS {
        std::thread::yield_now();
    }
    handles
}

fn let_go(open: &AtomicBool, handles: Vec<JoinHandle<u64>>) {
    open.store(true, Ordering::Relaxed);
    for (i, handle) in handles.into_iter().enumerate() {
        handle.task().unpark();
        let seed = (i as u8) as u64;
        assert_eq!(handle.join().unwrap(), seed * (2 * DEEP as u64 + 1000));
    }
}

#[test]
fn parked_tasks_give_back_what_lies_below_their_frames() {
    let open = Arc::new(AtomicBool::new(false));
    // Idle workers.
    let runtime = Builder::new().workers(2).build().unwrap();
    let handles = park_many(&runtime, &open);
    let most = TASKS * DEEP / 4;
    let before = resident();
    assert!(before > TASKS * DEEP, "{before} bytes");
    while resident() > before - TASKS * DEEP + most {
        std::thread::yield_now();
    }
    let_go(&open, handles);
    drop(runtime);

    // A worker that never rests.
    open.store(false, Ordering::Relaxed);
    let runtime = Builder::new().workers(1).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    let busy = runtime.spawn(move || {
        while !seen.load(Ordering::Relaxed) {
            yield_now();
        }
    });
    let handles = park_many(&runtime, &open);
    let before = resident();
    while resident() > before - TASKS * DEEP + most {
        std::thread::yield_now();
    }
    let_go(&open, handles);
    stop.store(true, Ordering::Relaxed);
    busy.join().unwrap();
}
