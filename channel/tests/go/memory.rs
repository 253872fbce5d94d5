//! Selects leave no memory behind.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use hueless_channel::{bounded, select};

use crate::common::{Arrivals, World, join_all};

super::in_all_worlds_alone!(
    a_hundred_thousand_selects_take_no_memory,
    waiters_of_a_thousand_waves_leave_nothing,
);

/// Counts the bytes that the process holds.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes every call on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// By how many bytes `f` lets the process grow.
fn growth(f: impl FnOnce()) -> usize {
    let before = BYTES.load(Ordering::Relaxed);
    f();
    BYTES.load(Ordering::Relaxed).saturating_sub(before)
}

/// Go's `select2`: each select waits in a queue too that nobody ever looks at.
fn a_hundred_thousand_selects_take_no_memory<W: World>() {
    const COUNT: usize = 100_000;
    let (s, r) = bounded(0);
    let (idle_s, idle_r) = bounded::<usize>(0);
    let pass = |count: usize| {
        let (s, idle) = (s.clone(), idle_r.clone());
        let sending = W::spawn(move || {
            for i in 0..count {
                select! {
                    send(s, i) -> res => res.unwrap(),
                    recv(idle) -> _ => unreachable!(),
                }
            }
        });
        for i in 0..count {
            select! {
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
                recv(idle_r) -> _ => unreachable!(),
            }
        }
        sending.join();
    };
    pass(1_000);
    let growth = growth(|| pass(COUNT));
    assert!(growth < COUNT / 10, "{growth} bytes");
    drop(idle_s);
}

/// Go's issue 9110: those who wait in a select and are ended by another case are forgotten.
fn waiters_of_a_thousand_waves_leave_nothing<W: World>() {
    const WAVES: usize = 1_000;
    const CROWD: usize = 10;
    let (s, r) = bounded::<usize>(0);
    let wave = || {
        let (end, ended) = bounded::<usize>(0);
        let waiting = Arrivals::default();
        let crowd = (0..CROWD).map(|i| {
            let (s, r, ended) = (s.clone(), r.clone(), ended.clone());
            let waiting = waiting.clone();
            W::spawn(move || {
                waiting.arrive();
                if i % 2 == 0 {
                    select! {
                        recv(r) -> _ => unreachable!(),
                        recv(ended) -> msg => assert!(msg.is_err()),
                        recv(r) -> _ => unreachable!(),
                    }
                } else {
                    let (_idle, never) = bounded::<usize>(0);
                    select! {
                        recv(never) -> _ => unreachable!(),
                        recv(r) -> _ => unreachable!(),
                        recv(ended) -> msg => assert!(msg.is_err()),
                    }
                }
                drop(s);
            })
        });
        let crowd = crowd.collect();
        waiting.wait::<W>(CROWD);
        drop(end);
        join_all(crowd);
    };
    (0..20).for_each(|_| wave());
    let growth = growth(|| (0..WAVES).for_each(|_| wave()));
    assert!(growth < WAVES * CROWD, "{growth} bytes");
    // Nobody who has gone is met.
    let receiving = W::spawn(move || r.recv());
    s.send(1).unwrap();
    assert_eq!(receiving.join(), Ok(1));
}
