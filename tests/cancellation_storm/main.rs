//! Very many tasks, blocked in every kind of operation, are cancelled at once while messages flow: all
//! unwind, each destructor runs once, no message is lost or doubled, no permit leaks, memory stays flat.
//!
//! `STORM` in the environment says how many tasks, fewer by default, for debug builds; `STORMS` how many
//! rounds there are.

mod world;

use std::sync::atomic::Ordering;
use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::runtime::{Builder, Runtime};
use hueless::task;

use world::{Local, WAYS, World};

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

fn storm(runtime: &Runtime) {
    let world = World::new();
    let token = CancelToken::new();
    let count = number("STORM", 4_000);
    let handles: Vec<_> = (0..count)
        .map(|index| {
            let (world, token) = (world.clone(), token.clone());
            let way = index % WAYS;
            let blocks = move || {
                let _local = Local::new(&world);
                world.began.fetch_add(1, Ordering::Relaxed);
                // Half are cancelled by the token, and half as tasks.
                if index % 2 == 0 {
                    assert!(token.run(|| world.block(way)).is_err());
                } else {
                    world.block(way);
                }
            };
            let task = task::Builder::new().name(format!("way {way}"));
            task.spawn_on(runtime, blocks).unwrap()
        })
        .collect();
    while world.began.load(Ordering::Relaxed) < count {
        std::thread::yield_now();
    }
    token.cancel();
    for handle in handles.iter().skip(1).step_by(2) {
        handle.cancel();
    }
    for (index, handle) in handles.into_iter().enumerate() {
        match handle.join() {
            Ok(()) => assert_eq!(index % 2, 0),
            Err(error) => assert!(error.is_cancelled() && index % 2 == 1, "{index}: {error}"),
        }
    }
    assert_eq!(world.made.load(Ordering::Relaxed), count);
    assert_eq!(world.dropped.load(Ordering::Relaxed), count);
    world.is_as_before();
}

/// Bytes of memory that the process has once stacks have gone back, which takes some seconds; where the
/// system tells.
fn settled() -> usize {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = pages.split(' ').nth(1).unwrap_or("0");
        pages.parse::<usize>().expect("a number of pages") * 4096
    };
    let mut least = resident();
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(100));
        least = least.min(resident());
    }
    least
}

/// The C library gives new threads heaps of their own and keeps what lies free in them, so memory would grow
/// for a while with the number of threads there have been.
fn one_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no pointers; it changes how later memory is found.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Storms in runtimes of both kinds, with one worker and with three.
#[test]
fn a_storm_of_cancellations_leaves_nothing() {
    one_heap();
    let mut first = None;
    for round in 0..number("STORMS", 2) {
        for (migrates, workers) in [(false, 1), (false, 3), (true, 1), (true, 3)] {
            let builder = Builder::new().workers(workers);
            let builder = if migrates {
                // SAFETY: the tasks keep nothing of a thread's across an operation.
                unsafe { builder.migrate() }
            } else {
                builder
            };
            storm(&builder.build().unwrap());
        }
        let now = settled();
        // What the first round leaves are caches.
        let first = *first.get_or_insert(now);
        assert!(
            now < first + first / 4 + (4 << 20),
            "round {round}: {now} bytes, {first} after the first"
        );
        println!("round {round}: {} KiB", now >> 10);
    }
}
