//! Generators and scopes: a yield leaves none, and one that is around `next` reaches into the generator.

#[macro_use]
mod common;
#[path = "common/generators.rs"]
mod generators;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;

use hueless_runtime::cancel::shield;
use hueless_runtime::runtime::Builder;
use hueless_runtime::{
    Yielder, generator, join, map_concurrent, scope, sleep, spawn, timeout, try_scope, yield_now,
};

use generators::{HOUR, MOMENT, in_both, runtime};

in_all_modes!(
    a_yield_leaves_no_scope_to_nobody,
    scopes_between_yields_are_as_ever,
    a_scope_around_the_resumer_reaches_the_generator,
    what_cancels_the_resumer_reaches_the_generators_scope,
);

fn a_yield_leaves_no_scope_to_nobody(new: fn() -> Builder) {
    in_both(new, || {
        /// What a yield inside `call` panics with.
        fn refused(y: &mut Yielder<&'static str>, call: fn(&mut Yielder<&'static str>)) {
            let caught = catch_unwind(AssertUnwindSafe(|| call(y))).unwrap_err();
            let said = *caught.downcast::<&'static str>().unwrap();
            y.yield_(said);
        }
        let steps = generator(|y| {
            refused(y, |y| {
                scope(|s| {
                    s.spawn(|| sleep(HOUR));
                    y.yield_("left");
                });
            });
            refused(y, |y| {
                scope(|_| timeout(HOUR, || y.yield_("left")).unwrap())
            });
            refused(y, |y| {
                timeout(HOUR, || scope(|_| y.yield_("left"))).unwrap()
            });
            refused(y, |y| {
                let _: Result<(), ()> = try_scope(|_| {
                    shield(|| y.yield_("left"));
                    Ok(())
                });
            });
            refused(y, |y| {
                let items = (0..3).inspect(|_| y.yield_("left"));
                map_concurrent(items, 2, |n| n);
            });
            // Nothing is left of it all.
            timeout(HOUR, || y.yield_("its own scope")).unwrap();
        });
        let said: Vec<_> = steps.collect();
        assert_eq!(said.len(), 6);
        for said in said {
            assert!(said.contains("its own scope"), "{said}");
        }
    });
}

fn scopes_between_yields_are_as_ever(new: fn() -> Builder) {
    in_both(new, || {
        let sums = generator(|y| {
            let numbers = [1, 2, 3];
            shield(|| {
                for n in numbers {
                    let (sum, more) = join(|| numbers.iter().sum::<i32>(), || n);
                    y.yield_(sum + more);
                }
            });
        });
        assert_eq!(sums.collect::<Vec<_>>(), [7, 8, 9]);
    });
}

fn a_scope_around_the_resumer_reaches_the_generator(new: fn() -> Builder) {
    runtime(new).run(|| {
        let (begun, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        let failed: Result<(), &str> = try_scope(|s| {
            let mut one = generator(|y| {
                let _ = timeout(HOUR, || {
                    y.yield_(());
                    sleep(HOUR);
                });
            });
            one.next();
            s.spawn(|| {
                while !begun.load(SeqCst) {
                    yield_now();
                }
                Err::<(), _>("failed")
            });
            begun.store(true, SeqCst);
            let unwound = catch_unwind(AssertUnwindSafe(|| one.next())).unwrap_err();
            ended.store(one.next().is_none(), SeqCst);
            std::panic::resume_unwind(unwound);
        });
        assert_eq!((failed, ended.into_inner()), (Err("failed"), true));
    });
}

fn what_cancels_the_resumer_reaches_the_generators_scope(new: fn() -> Builder) {
    runtime(new).run(|| {
        let task = spawn(|| {
            let mut one = generator(|y| {
                timeout(HOUR, || {
                    y.yield_(());
                    // It waits for its task, in frames that were entered anew.
                    scope(|s| {
                        s.spawn(|| sleep(HOUR));
                    });
                })
                .unwrap();
            });
            one.next();
            assert!(timeout(MOMENT, || one.next()).is_err());
            one.next()
        });
        assert_eq!(task.join().unwrap(), None);
    });
}

/// A task would go on with what it has borrowed of a thread that is gone. In destructors of a thread's
/// variables each wait has a context of its own, so scopes are not found there as elsewhere.
#[test]
fn a_thread_that_ends_leaves_no_scope_to_nobody() {
    struct AtTheEnd(mpsc::Sender<bool>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let mut one = generator(|y| {
                y.yield_(1);
                scope(|_| ());
                timeout(HOUR, || y.yield_(2)).unwrap();
                scope(|_| y.yield_(3));
            });
            let within = scope(|_| (one.next(), one.next()));
            let refused = catch_unwind(AssertUnwindSafe(|| one.next())).is_err();
            self.0
                .send(within == (Some(1), Some(2)) && refused)
                .unwrap();
        }
    }
    thread_local! {
        static KEPT: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    }
    let (tell, told) = mpsc::channel();
    std::thread::spawn(|| {
        KEPT.set(Some(AtTheEnd(tell)));
        // This thread's context is made after the variable, and is gone before it.
        timeout(HOUR, || ()).unwrap();
    })
    .join()
    .unwrap();
    assert!(told.recv().unwrap());
}
