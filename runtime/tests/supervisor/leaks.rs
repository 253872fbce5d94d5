//! What restarts leave behind: nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};

use hueless_runtime::runtime::Builder;
use hueless_runtime::supervisor::{Restart, Strategy, Supervisor};

use crate::{HOUR, child, until};

in_all_modes!(a_thousand_restarts_leave_nothing);

/// Counts who lives.
struct Living<'a>(&'a AtomicIsize);

impl<'a> Living<'a> {
    fn new(count: &'a AtomicIsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Living<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Restarts a child, and a sibling with it, a thousand times.
fn restart_a_thousand_times() {
    static LIVING: AtomicIsize = AtomicIsize::new(0);
    let living = AtomicIsize::new(0);
    let runs = AtomicUsize::new(0);
    let outcome = Supervisor::new(Strategy::OneForAll)
        .intensity(1000, HOUR)
        .on_failure(|_| {})
        .child_with(Restart::Transient, "sibling", || {
            let _living = Living::new(&living);
            until(|| runs.load(SeqCst) > 1000);
        })
        .child_with(Restart::Transient, "failing", || {
            assert!(living.load(SeqCst) <= 1, "two siblings at once");
            let _living = Box::new(Living::new(&LIVING));
            if runs.fetch_add(1, SeqCst) < 1000 {
                resume_unwind(Box::new(Living::new(&LIVING)));
            }
        })
        .run();
    assert_eq!((outcome, runs.into_inner()), (Ok(()), 1001));
    assert_eq!((living.into_inner(), LIVING.load(SeqCst)), (0, 0));
}

fn a_thousand_restarts_leave_nothing(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    runtime.run(restart_a_thousand_times);
    let spawned = runtime.metrics().spawned;
    assert!(spawned >= 2002, "{spawned}");
    until(|| runtime.metrics().alive == 0);
    restart_a_thousand_times();
}

/// Counts the heap's bytes.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size().cast_signed(), SeqCst);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size().cast_signed(), SeqCst);
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_thousand_restarts_take_no_memory() {
    let test = "leaks::a_thousand_restarts_take_no_memory";
    let output = child::in_child(test, &[("HUELESS_WORKERS", "2")], || {
        restart_a_thousand_times();
        let before = BYTES.load(SeqCst);
        (0..5).for_each(|_| restart_a_thousand_times());
        let more = BYTES.load(SeqCst) - before;
        // Less than a pointer for each restart.
        assert!(more < 5 * 1000 * 8, "{more} bytes more");
    });
    child::assert_passed(output);
}
