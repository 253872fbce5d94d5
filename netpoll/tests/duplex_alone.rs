//! What a pipe in memory allocates: nothing, once it is made.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Mode, Own, Threads};
use hueless_netpoll::io::duplex;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, and a count.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to this method's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Both modes in one test: nothing else may run meanwhile.
#[test]
fn waiting_and_waking_allocate_nothing() {
    count::<Own<1>>();
    count::<Threads>();
}

fn count<M: Mode>() {
    const ROUNDS: usize = 1000;
    let during = M::run(|| {
        let (mut near, mut far) = duplex(1);
        let echoing = M::spawn(move || {
            let mut byte = [0];
            while far.read(&mut byte).unwrap() == 1 {
                far.write_all(&byte).unwrap();
            }
        });
        let mut round = || {
            near.write_all(b"x").unwrap();
            near.read_exact(&mut [0]).unwrap();
        };
        // Until stacks, queues and the threads' own stores are there.
        (0..ROUNDS).for_each(|_| round());
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        (0..ROUNDS).for_each(|_| round());
        let during = ALLOCATIONS.load(Ordering::Relaxed) - before;
        drop(near);
        echoing.join();
        during
    });
    // The harness has threads of its own.
    assert!(during < 10, "{during} allocations in {ROUNDS} rounds");
}
