//! `stack::grow` and `stack::remaining`: a bigger stack works like the caller's own, for whatever the
//! closure does there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::stack::{grow, remaining};
use hueless_runtime::{blocking, blocking_operation, run, sleep, spawn, task, yield_now};

mod child;
#[macro_use]
mod common;
use child::{dig, in_child};

const SIZES: [usize; 7] = [0, 1, 64 << 10, 192 << 10, 1 << 20, 5_000_000, 64 << 20];

in_all_modes!(
    everything_that_waits_works_inside,
    tasks_park_inside_and_come_back_in_any_order,
    a_cancelled_task_unwinds_through_it,
    a_task_that_outlives_its_runtime_keeps_it,
    a_destructor_parks_inside_while_unwinding,
    recursion_goes_as_deep_as_it_likes,
);

/// Two workers, so that tasks may end on another one where they migrate.
fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

/// Counts its drops.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn there_is_as_much_as_was_asked_for() {
    let check = || {
        let before = remaining();
        for size in SIZES {
            assert!(grow(size, remaining).unwrap() >= size, "{size}");
            // Whatever colour the slot has.
            let nested: Vec<_> = grow(size, || (0..20).map(|_| grow(size, remaining)).collect());
            assert!(nested.iter().all(|left| left.unwrap() >= size), "{size}");
            assert_eq!(remaining(), before);
        }
    };
    check();
    run(check);
}

#[test]
fn remaining_is_none_on_os_threads() {
    assert_eq!(remaining(), None);
    assert_eq!(std::thread::spawn(remaining).join().unwrap(), None);
    assert_eq!(spawn(|| blocking(remaining)).join().unwrap(), None);
}

#[test]
fn remaining_shrinks_with_depth_and_comes_back() {
    let handle = task::Builder::new().stack_size(1 << 20).spawn(|| {
        let before = remaining().unwrap();
        assert!(before > 1 << 20);
        assert!(dig(256 << 10) > 500);
        assert_eq!(remaining().unwrap(), before);
        yield_now();
        assert_eq!(remaining().unwrap(), before);
    });
    handle.unwrap().join().unwrap();
}

#[test]
fn the_closure_borrows_and_its_value_comes_back() {
    let text = String::from("borrowed");
    let mut count = 0;
    let big = grow(100_000, || {
        count += text.len();
        [count as u8; 10_000]
    });
    assert_eq!((count, big[9_999]), (8, 8));
    // Neither `Send` nor `'static`.
    let local = std::rc::Rc::new(Cell::new(1));
    run(|| {
        let own = std::rc::Rc::new(2);
        assert_eq!(grow(1 << 20, || *own + 1), 3);
    });
    grow(1 << 20, || local.set(5));
    assert_eq!(local.get(), 5);
}

#[test]
fn a_panic_goes_through_with_its_payload() {
    let check = || {
        let drops = Arc::new(AtomicUsize::new(0));
        let payload = catch_unwind(AssertUnwindSafe(|| {
            let _outside = Dropped(drops.clone());
            grow(1 << 20, || {
                let _first = Dropped(drops.clone());
                grow(1 << 20, || {
                    let _second = Dropped(drops.clone());
                    dig(512 << 10);
                    std::panic::panic_any(17_u32);
                })
            })
        }));
        assert_eq!(payload.unwrap_err().downcast_ref(), Some(&17_u32));
        assert_eq!(drops.load(SeqCst), 3);
        assert!(!std::thread::panicking());
        // And once more, on the same stacks.
        assert!(catch_unwind(|| grow(1 << 20, || panic!("again"))).is_err());
        assert_eq!(grow(1 << 20, || 4), 4);
    };
    check();
    spawn(check).join().unwrap();
    let error = spawn(|| grow(1 << 20, || panic!("boom")))
        .join()
        .unwrap_err();
    assert_eq!(
        error.into_panic().downcast_ref::<&str>(),
        Some(&"boom"),
        "the joiner gets it"
    );
}

fn tasks_park_inside_and_come_back_in_any_order(new: fn() -> Builder) {
    const TASKS: usize = 100;
    let runtime = runtime(new);
    let handles: Vec<_> = (0..TASKS)
        .map(|i| {
            runtime.spawn(move || {
                let own = black_box([i; 64]);
                let sum = grow(300_000, || {
                    let inner = black_box([i + 1; 64]);
                    for round in 0..20 {
                        match (i + round) % 3 {
                            0 => yield_now(),
                            1 => sleep(Duration::from_micros((i * 37 % 500) as u64)),
                            _ => assert_eq!(spawn(move || round).join().unwrap(), round),
                        }
                    }
                    grow(100_000, || {
                        dig(50_000);
                        yield_now();
                        inner[63]
                    })
                });
                sum + own[63]
            })
        })
        .collect();
    for (i, handle) in handles.into_iter().enumerate() {
        assert_eq!(handle.join().unwrap(), 2 * i + 1);
    }
}

fn everything_that_waits_works_inside(new: fn() -> Builder) {
    let value = runtime(new).run(|| {
        grow(1 << 20, || {
            let borrowed = 5;
            let a = run(|| borrowed + grow(1 << 20, || spawn(|| 1).join().unwrap()));
            let b = blocking(|| borrowed + grow(1 << 20, || 2));
            a * b
        })
    });
    assert_eq!(value, 42);
}

fn a_cancelled_task_unwinds_through_it(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = runtime(new);
    let (started, starts) = mpsc::channel();
    let handles: Vec<_> = (0..10)
        .map(|i| {
            let (drops, started) = (drops.clone(), started.clone());
            runtime.spawn(move || {
                let _outside = Dropped(drops.clone());
                grow(1 << 20, || {
                    let _first = Dropped(drops.clone());
                    grow(1 << 20, || {
                        let _second = Dropped(drops.clone());
                        started.send(()).unwrap();
                        if i % 2 == 0 {
                            sleep(Duration::MAX);
                        } else {
                            // Unwinds at its next turn.
                            loop {
                                yield_now();
                            }
                        }
                    })
                })
            })
        })
        .collect();
    for _ in &handles {
        starts.recv().unwrap();
    }
    drop(runtime);
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
    assert_eq!(drops.load(SeqCst), 30);
}

fn a_task_that_outlives_its_runtime_keeps_it(new: fn() -> Builder) {
    let runtime = runtime(new);
    let (open, gate) = mpsc::channel();
    let (started, starts) = mpsc::channel();
    let (ended, end) = mpsc::channel();
    let handle = runtime.spawn(move || {
        let answer = grow(1 << 20, || {
            let own = black_box([5_u8; 1000]);
            // A wait that nobody ends: the closure borrows.
            let borrowed = &own;
            blocking_operation(move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
                borrowed[999]
            })
        });
        ended.send(answer).unwrap();
    });
    starts.recv().unwrap();
    runtime.shutdown_timeout(Duration::from_millis(10));
    // Others get stacks of that size, and not that one.
    run(|| {
        let fill = || grow(1 << 20, || dig(64 << 10));
        (0..10).for_each(|_| assert!(spawn(fill).join().unwrap() > 100));
    });
    open.send(()).unwrap();
    assert_eq!(end.recv().unwrap(), 5);
    // Who joins it does not wait for what was left behind.
    drop(handle.join());
}

fn a_destructor_parks_inside_while_unwinding(new: fn() -> Builder) {
    struct Parks(mpsc::Sender<bool>);
    impl Drop for Parks {
        fn drop(&mut self) {
            let seen = grow(1 << 20, || {
                sleep(Duration::from_millis(1));
                dig(600 << 10);
                std::thread::panicking()
            });
            self.0.send(seen).unwrap();
        }
    }
    let runtime = runtime(new);
    let (seen, sees) = mpsc::channel();
    let handle = runtime.spawn(move || {
        grow(1 << 20, || {
            let _parks = Parks(seen);
            panic!("boom");
        })
    });
    assert!(handle.join().unwrap_err().is_panic());
    assert!(sees.recv().unwrap());
    assert!(!runtime.run(std::thread::panicking));
}

fn recursion_goes_as_deep_as_it_likes(new: fn() -> Builder) {
    fn descend(n: usize) -> usize {
        if remaining().is_some_and(|left| left < 32 << 10) {
            return grow(256 << 10, || descend(n));
        }
        let frame = black_box([n; 32]);
        // Parked at many depths.
        if n.is_multiple_of(1000) {
            yield_now();
        }
        if n == 0 {
            0
        } else {
            descend(n - 1) + frame[31] / n
        }
    }
    let runtime = runtime(new);
    let handles: Vec<_> = (0..4).map(|_| runtime.spawn(|| descend(20_000))).collect();
    for handle in handles {
        assert_eq!(handle.join().unwrap(), 20_000);
    }
    // On a thread that has no stack of ours it begins with one.
    assert_eq!(grow(64 << 10, || descend(20_000)), 20_000);
}

#[test]
fn stacks_are_used_again() {
    child::assert_passed(in_child("stacks_are_used_again", &[], || {
        let regions = || hueless_runtime::runtime::stacks().regions;
        run(|| grow(1 << 20, || ()));
        let before = regions();
        run(|| {
            for _ in 0..1000 {
                grow(1 << 20, || ());
                let _ = catch_unwind(|| grow(1 << 20, || std::panic::resume_unwind(Box::new(1))));
            }
        });
        assert_eq!(regions(), before);
    }));
}

#[test]
fn too_much_is_a_panic_that_says_how_much_there_is() {
    let check = || {
        for size in [128 << 20, usize::MAX] {
            let ran = Cell::new(false);
            let payload = catch_unwind(AssertUnwindSafe(|| grow(size, || ran.set(true))));
            let payload = payload.unwrap_err();
            let text = payload.downcast_ref::<String>().unwrap();
            assert!(text.contains("stack::grow"), "{text}");
            assert!(text.contains("the largest is 131004 KiB"), "{text}");
            assert!(!ran.get());
        }
    };
    check();
    spawn(check).join().unwrap();
}

// Sanitizers catch faults themselves, and AddressSanitizer's frames are not probed.
#[cfg(not(any(feature = "sanitizer", hueless_tsan)))]
mod overflow {
    use super::*;
    use child::died_of;

    fn recurse(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        if depth == u64::MAX {
            0
        } else {
            recurse(depth + 1) + frame[0]
        }
    }

    #[track_caller]
    fn is_named(said: String, who: &str, kib: &str) {
        let line = said.lines().find(|line| line.starts_with("hueless: "));
        let line = line.expect(&said);
        assert!(line.contains(who), "{line}");
        assert!(
            line.ends_with(&format!(
                ", inside stack::grow: that stack has {kib} KiB; ask stack::grow for more"
            )),
            "{line}"
        );
    }

    #[test]
    fn names_the_task_and_the_remedy() {
        let output = in_child("overflow::names_the_task_and_the_remedy", &[], || {
            let handle = task::Builder::new()
                .name("digger")
                .spawn(|| grow(1 << 20, || grow(300 << 10, || recurse(0))));
            let _ = handle.unwrap().join();
        });
        let said = died_of(libc::SIGABRT, output);
        is_named(said, "overflow in task", "448");
    }

    #[test]
    fn names_the_task_under_mprotect_guards_too() {
        let output = in_child(
            "overflow::names_the_task_under_mprotect_guards_too",
            &[("HUELESS_GUARD", "mprotect")],
            || {
                let handle = task::Builder::new()
                    .name("digger")
                    .spawn(|| grow(1 << 20, || black_box([1_u8; 3 << 20])[7]));
                let _ = handle.unwrap().join();
            },
        );
        is_named(died_of(libc::SIGABRT, output), "\"digger\"", "1984");
    }

    #[test]
    fn on_an_os_thread_is_named_too() {
        let output = in_child("overflow::on_an_os_thread_is_named_too", &[], || {
            run(|| ());
            grow(1 << 20, || recurse(0));
        });
        let said = died_of(libc::SIGABRT, output);
        is_named(said, "overflow in an OS thread", "1984");
    }

    #[test]
    fn of_the_own_stack_after_growing_is_the_tasks() {
        let output = in_child(
            "overflow::of_the_own_stack_after_growing_is_the_tasks",
            &[],
            || {
                let handle = task::Builder::new().name("digger").spawn(|| {
                    grow(1 << 20, || ());
                    recurse(0)
                });
                let _ = handle.unwrap().join();
            },
        );
        let said = died_of(libc::SIGABRT, output);
        assert!(said.contains("its stack has 192 KiB"), "{said}");
        assert!(said.contains("or run what needs it in stack::grow"));
    }
}

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread-local without destructor or initialiser, so there is no recursion.
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn remaining_allocates_nothing() {
    let check = || {
        let before = ALLOCATIONS.with(Cell::get);
        for _ in 0..1000 {
            black_box(remaining());
        }
        assert_eq!(ALLOCATIONS.with(Cell::get), before);
    };
    check();
    spawn(check).join().unwrap();
    grow(1 << 20, check);
}
