//! Generators: whose they are, and what of their callers' they may keep across a yield.

#[path = "common/generators.rs"]
mod generators;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::{no_park, scoped_local};
use hueless_runtime::{Generator, generator, run, spawn, stack};

use generators::{count, everywhere};

#[test]
fn one_of_another_task_does_not_run_here() {
    thread_local! {
        static SHARED: RefCell<Option<Generator<u32>>> = const { RefCell::new(None) };
    }
    let (inside, ended) = mpsc::channel::<()>();
    let inside_there = inside.clone();
    Builder::new().workers(1).build().unwrap().run(move || {
        let owner = spawn(move || {
            let mut one = generator(move |y| {
                let _inside = inside;
                y.yield_(1);
                y.yield_(2);
            });
            one.next();
            SHARED.set(Some(one));
            let other = spawn(|| {
                let mut one = SHARED.take().unwrap();
                let panicked = catch_unwind(AssertUnwindSafe(|| one.next()));
                // Nor is it unwound here, when it is dropped.
                panicked.is_err()
            });
            assert!(other.join().unwrap());
            drop(inside_there);
            assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
            ended
        });
        let ended = owner.join().unwrap();
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    });
}

#[test]
fn a_yield_leaves_no_park_to_nobody() {
    everywhere(|| {
        let mut one = generator(|y| {
            let refused = catch_unwind(AssertUnwindSafe(|| no_park(|| y.yield_(0))));
            // On an OS thread `no_park` does nothing.
            y.yield_(u32::from(refused.is_err()));
        });
        let in_task = stack::remaining().is_some();
        assert_eq!(one.next(), Some(u32::from(in_task)));
        let mut numbers = count(3);
        no_park(|| assert_eq!(numbers.next(), Some(0)));
        assert_eq!(numbers.next(), Some(1));
    });
}

scoped_local! {
    static WHO: String;
    static WHERE: String;
}

fn who() -> Option<String> {
    WHO.with(|who| who.cloned())
}

#[test]
fn scoped_values_belong_to_the_coroutine() {
    everywhere(|| {
        let mut names = generator(|y| {
            y.yield_(who());
            WHO.scope("inside".into(), || {
                y.yield_(who());
                y.yield_(who());
                WHERE.scope("deeper".into(), || y.yield_(who()));
            });
            y.yield_(who());
        });
        let mut next = || names.next().unwrap();
        assert_eq!(
            WHO.scope("first".into(), &mut next).as_deref(),
            Some("first")
        );
        assert_eq!(who(), None);
        // What it has bound is there when it runs again, and not outside of it.
        assert_eq!(next().as_deref(), Some("inside"));
        assert_eq!(who(), None);
        let second = WHO.scope("second".into(), || {
            let inside = next();
            assert_eq!(who().as_deref(), Some("second"));
            inside
        });
        assert_eq!(second.as_deref(), Some("inside"));
        next();
        assert_eq!(WHERE.with(|place| place.cloned()), None);
        // The caller's of now, not of then.
        assert_eq!(
            WHO.scope("third".into(), &mut next).as_deref(),
            Some("third")
        );
        drop(names);
        assert_eq!(who(), None);
    });
}

#[test]
fn no_reference_to_a_callers_value_lives_across_a_yield() {
    everywhere(|| {
        let nested = || {
            generator(|y| {
                WHO.with(|_| y.yield_(1));
                y.yield_(2);
            })
        };
        let mut one = nested();
        let panicked = WHO.scope("caller".into(), || {
            catch_unwind(AssertUnwindSafe(|| one.next()))
        });
        let said = *panicked.unwrap_err().downcast::<&str>().unwrap();
        assert!(said.contains("scoped value"), "{said}");

        // Of an outer generator's caller, and beyond its own.
        let mut outer = generator(|y| {
            WHO.with(|who| {
                assert!(who.is_some());
                // The inner one may yield: what it refers to is not its caller's.
                assert_eq!(count(3).count(), 3);
                let refused = catch_unwind(AssertUnwindSafe(|| y.yield_(0)));
                assert!(refused.is_err());
            });
            // Nothing is borrowed any more.
            y.yield_(5);
            // Its own values may be held.
            WHO.scope("own".into(), || {
                WHO.with(|who| {
                    y.yield_(6);
                    assert_eq!(who.unwrap(), "own");
                })
            });
        });
        assert_eq!(WHO.scope("caller".into(), || outer.next()), Some(5));
        assert_eq!((outer.next(), outer.next()), (Some(6), None));
        // Without a value there is nothing to refer to.
        assert_eq!(nested().collect::<Vec<_>>(), [1, 2]);
    });
}

/// Three levels: the one in the middle must not yield while the innermost refers to the outermost's.
#[test]
fn borrows_count_in_every_generator_that_they_pass() {
    run(|| {
        let mut outer = generator(|y| {
            let mut inner = generator(|y| {
                WHO.with(|who| y.yield_(who.is_some()));
            });
            WHO.scope("middle".into(), || {
                assert!(catch_unwind(AssertUnwindSafe(|| inner.next())).is_err());
            });
            y.yield_(1);
        });
        assert_eq!(WHO.scope("outer".into(), || outer.next()), Some(1));
        assert_eq!(outer.next(), None);
    });
}
