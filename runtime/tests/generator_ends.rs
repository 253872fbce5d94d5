//! How generators end: dropped half-way, by a panic, at the end of their task.

#[macro_use]
mod common;
#[path = "common/generators.rs"]
mod generators;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Mutex, mpsc};

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::task_local;
use hueless_runtime::{Generator, Yielder, generator, spawn, yield_now};

use generators::{Dropped, count, everywhere, runtime};

in_all_modes!(one_in_a_local_is_unwound_at_the_end_of_its_task);

#[test]
fn dropping_one_half_way_runs_its_destructors() {
    everywhere(|| {
        let drops = Rc::new(Cell::new(0));
        let (captured, inside) = (Dropped(drops.clone()), drops.clone());
        let mut numbers = generator(move |y| {
            let _captured = captured;
            let _local = Dropped(inside);
            for i in 0.. {
                y.yield_(i);
            }
        });
        assert_eq!((numbers.next(), numbers.next()), (Some(0), Some(1)));
        assert_eq!(drops.get(), 0);
        drop(numbers);
        assert_eq!(drops.get(), 2);

        // One that has not begun drops what it has captured.
        let captured = Dropped(drops.clone());
        drop(generator(move |y| {
            let _captured = captured;
            y.yield_(1);
        }));
        assert_eq!(drops.get(), 3);
        assert!(!std::thread::panicking());
    });
}

#[test]
fn what_destructors_yield_is_dropped() {
    everywhere(|| {
        struct Yields<'a>(&'a mut Yielder<Dropped>, Rc<Cell<u32>>);
        impl Drop for Yields<'_> {
            fn drop(&mut self) {
                self.0.yield_(Dropped(self.1.clone()));
                self.0.yield_(Dropped(self.1.clone()));
            }
        }
        let drops = Rc::new(Cell::new(0));
        for panics in [false, true] {
            drops.set(0);
            let inside = drops.clone();
            let mut values = generator(move |y| {
                let y = Yields(y, inside.clone());
                y.0.yield_(Dropped(inside.clone()));
                assert!(!panics, "boom");
                y.0.yield_(Dropped(inside));
            });
            drop(values.next());
            assert_eq!(drops.get(), 1);
            if panics {
                assert!(catch_unwind(AssertUnwindSafe(|| values.next())).is_err());
                assert!(!std::thread::panicking());
                assert!(values.next().is_none());
            }
            drop(values);
            assert_eq!(drops.get(), 3);
        }
    });
}

#[test]
fn a_panic_comes_out_of_next_with_its_payload() {
    everywhere(|| {
        let mut numbers = generator(|y| {
            y.yield_(1);
            std::panic::panic_any(String::from("payload"));
        });
        assert_eq!(numbers.next(), Some(1));
        let panicked = catch_unwind(AssertUnwindSafe(|| numbers.next()));
        assert_eq!(
            *panicked.unwrap_err().downcast::<String>().unwrap(),
            "payload"
        );
        assert_eq!((numbers.next(), numbers.next()), (None, None));
    });
}

#[test]
fn a_panic_of_a_destructor_comes_out_of_the_drop() {
    everywhere(|| {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                // Not while it unwinds: that would abort.
                if !std::thread::panicking() {
                    std::panic::panic_any(5);
                }
            }
        }
        // Never begun: it is dropped as any closure is.
        let panics = Panics;
        let unused = generator(move |y| {
            let _panics = &panics;
            y.yield_(());
        });
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(unused)));
        assert_eq!(*panicked.unwrap_err().downcast::<i32>().unwrap(), 5);

        // One that swallows the unwinding and panics itself.
        let mut swallows = generator(|y| {
            let caught = catch_unwind(AssertUnwindSafe(|| y.yield_(1)));
            assert!(caught.is_err());
            std::panic::panic_any(6);
        });
        swallows.next();
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(swallows)));
        assert_eq!(*panicked.unwrap_err().downcast::<i32>().unwrap(), 6);
    });
}

#[test]
fn one_that_swallows_its_unwinding_is_unwound_again() {
    everywhere(|| {
        let drops = Rc::new(Cell::new(0));
        let inside = Dropped(drops.clone());
        let mut stubborn = generator(move |y| {
            let _inside = inside;
            for _ in 0..10 {
                let _ = catch_unwind(AssertUnwindSafe(|| y.yield_(1)));
            }
            loop {
                y.yield_(2);
            }
        });
        stubborn.next();
        drop(stubborn);
        assert_eq!(drops.get(), 1);
    });
}

#[test]
fn one_may_be_dropped_while_its_owner_unwinds() {
    everywhere(|| {
        let drops = Rc::new(Cell::new(0));
        let inside = Dropped(drops.clone());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut numbers = generator(move |y| {
                let _inside = inside;
                y.yield_(1);
                y.yield_(2);
            });
            numbers.next();
            panic!("outside");
        }));
        assert_eq!(
            *panicked.unwrap_err().downcast::<&str>().unwrap(),
            "outside"
        );
        assert_eq!(drops.get(), 1);
        assert!(!std::thread::panicking());
        assert_eq!(count(3).count(), 3);
    });
}

task_local! {
    static KEPT: RefCell<Option<Generator<u32>>> = const { RefCell::new(None) };
    static NAME: RefCell<String> = RefCell::new("name".into());
}

static LEAKED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn one_in_a_local_is_unwound_at_the_end_of_its_task(new: fn() -> Builder) {
    /// Looks at a local when it is dropped.
    struct Looks<'a>(&'a RefCell<String>, mpsc::Sender<String>);
    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            yield_now();
            self.0.borrow_mut().push('!');
            self.1.send(self.0.borrow().clone()).unwrap();
        }
    }
    let (sees, seen) = mpsc::channel();
    runtime(new).run(move || {
        for leaks in [false, true] {
            let sees = sees.clone();
            spawn(move || {
                let mut one = generator(move |y| {
                    NAME.with(|name| {
                        let _looks = Looks(name, sees);
                        y.yield_(1);
                    });
                });
                one.next();
                match leaks {
                    // Whichever of the locals is dropped first.
                    false => KEPT.set(Some(one)),
                    // (Kept, so that nobody looking for leaks finds it.)
                    true => LEAKED
                        .lock()
                        .unwrap()
                        .push(Box::into_raw(Box::new(one)).addr()),
                }
            })
            .join()
            .unwrap();
            assert_eq!(seen.try_recv().unwrap(), "name!");
        }
    });
}
