//! How generators end that have yielded inside limits of time, shields and tokens of their own.

#[macro_use]
mod common;
#[path = "common/generators.rs"]
mod generators;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hueless_runtime::cancel::{Node, is_cancelled, run_in, shield};
use hueless_runtime::runtime::Builder;
use hueless_runtime::{Generator, deadline, generator, sleep, timeout};

use generators::{Dropped, HOUR, MOMENT, assert_undisturbed, deeper, in_both, runtime, wait_until};

in_all_modes!(
    the_resumers_limit_ends_the_generator,
    the_resumers_limit_waits_for_the_generators_shield,
    who_is_cancelled_ends_with_its_generators,
    dropping_one_leaves_its_frames,
    one_that_swallows_its_unwinding_keeps_its_frames,
    a_panic_in_a_limit_that_has_been_left_goes_on,
);

fn the_resumers_limit_ends_the_generator(new: fn() -> Builder) {
    in_both(new, || {
        let drops = Rc::default();
        let inside = Dropped(Rc::clone(&drops));
        let mut one = generator(move |y| {
            let _inside = inside;
            let answer = timeout(HOUR, || {
                y.yield_(1);
                sleep(HOUR);
            });
            unreachable!("the resumer's limit is not the generator's: {answer:?}");
        });
        assert_eq!(one.next(), Some(1));
        assert!(timeout(MOMENT, || one.next()).is_err());
        assert_eq!(drops.get(), 1);
        assert_eq!(one.next(), None);
        assert_undisturbed();
    });
}

fn the_resumers_limit_waits_for_the_generators_shield(new: fn() -> Builder) {
    in_both(new, || {
        let mut one = generator(|y| {
            shield(|| {
                y.yield_(1);
                while !is_cancelled() {
                    sleep(Duration::from_micros(100));
                }
                // Within the resumer's limit that has passed, and without it.
                y.yield_(2);
                assert!(!is_cancelled());
                sleep(Duration::from_micros(10));
                y.yield_(3);
            });
            sleep(HOUR);
        });
        assert_eq!(one.next(), Some(1));
        let late = timeout(MOMENT, || {
            assert_eq!(one.next(), Some(2));
            assert!(is_cancelled());
            sleep(HOUR);
        });
        assert!(late.is_err());
        assert_eq!(one.next(), Some(3));
        assert!(timeout(MOMENT, || one.next()).is_err());
    });
}

fn who_is_cancelled_ends_with_its_generators(new: fn() -> Builder) {
    let runtime = runtime(new);
    for suspended in [true, false] {
        let node = Node::new();
        let (tell, told) = crossbeam_channel::bounded(1);
        let seen = node.clone();
        let task = runtime.spawn(move || {
            let mut one = generator(move |y| {
                let _ = timeout(HOUR, || {
                    run_in(seen, || {
                        y.yield_(());
                        tell.send(()).unwrap();
                        y.yield_(());
                        sleep(HOUR);
                    })
                });
            });
            one.next();
            one.next();
            if suspended {
                sleep(HOUR);
            }
            one.next();
        });
        told.recv().unwrap();
        task.cancel();
        assert!(task.join().unwrap_err().is_cancelled());
        assert_eq!(Arc::strong_count(&node), 1);
        node.cancel();
    }
}

fn dropping_one_leaves_its_frames(new: fn() -> Builder) {
    in_both(new, || {
        for drops_in_a_frame in [false, true] {
            let node = Node::new();
            let at = Instant::now() + MOMENT;
            let (inside, drops) = (node.clone(), Rc::default());
            let counted = Dropped(Rc::clone(&drops));
            let mut one = generator(move |y| {
                let _ = deadline(at, || {
                    run_in(inside, || {
                        shield(|| {
                            let _counted = counted;
                            y.yield_(());
                            unreachable!("it is dropped");
                        })
                    })
                });
            });
            one.next();
            match drops_in_a_frame {
                false => drop(one),
                true => timeout(HOUR, || drop(one)).unwrap(),
            }
            assert_eq!((drops.get(), Arc::strong_count(&node)), (1, 1));
            node.cancel();
            wait_until(at);
            assert_undisturbed();
        }
    });
}

fn one_that_swallows_its_unwinding_keeps_its_frames(new: fn() -> Builder) {
    in_both(new, || {
        let seen: Rc<RefCell<Vec<_>>> = Rc::default();
        let inside = seen.clone();
        let mut stubborn = generator(move |y| {
            let late = timeout(Duration::ZERO, || {
                for _ in 0..5 {
                    let unwound = catch_unwind(AssertUnwindSafe(|| y.yield_(())));
                    inside.borrow_mut().push((unwound.is_err(), is_cancelled()));
                }
                sleep(HOUR);
            });
            assert!(late.is_err());
            inside.borrow_mut().push((false, is_cancelled()));
        });
        stubborn.next();
        stubborn.next();
        drop(stubborn);
        let mut expected = vec![(true, true); 5];
        expected[0] = (false, true);
        expected.push((false, false));
        assert_eq!(*seen.borrow(), expected);
        assert_undisturbed();
    });
}

fn a_panic_in_a_limit_that_has_been_left_goes_on(new: fn() -> Builder) {
    in_both(new, || {
        let mut one = generator(|y| {
            let _ = timeout(HOUR, || {
                y.yield_(1);
                std::panic::resume_unwind(Box::new("payload"));
            });
        });
        assert_eq!(one.next(), Some(1));
        let caught = catch_unwind(AssertUnwindSafe(|| one.next()));
        assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "payload");
        assert_undisturbed();
    });
}

/// What a thread leaves behind suspended stays as it is, and no canceller finds it.
#[test]
fn a_thread_leaves_frames_behind_that_nobody_finds() {
    let node = Node::new();
    let inside = node.clone();
    let handle = std::thread::spawn(move || {
        let mut one = generator(move |y| {
            let _ = run_in(inside, || timeout(MOMENT, || y.yield_(())));
        });
        one.next();
        // (Kept, so that nobody looking for leaks finds it.)
        Box::into_raw(Box::new(one)).addr()
    });
    handle.join().unwrap();
    node.cancel();
    assert!(node.is_cancelled());
}

/// In destructors of a thread's variables each wait has a context of its own: that of the thread is gone.
#[test]
fn generators_are_resumed_while_their_thread_ends() {
    thread_local! {
        static KEPT: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
    }
    struct AtTheEnd(RefCell<Vec<Generator<u32>>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let mut kept = self.0.take();
            for _ in 0..2 {
                kept.iter_mut().for_each(|one| {
                    timeout(HOUR, || one.next()).unwrap();
                });
            }
            // Not in the reverse order.
            drop(kept.remove(0));
            kept.reverse();
            assert_eq!(
                kept.iter_mut().map(|one| one.count()).sum::<usize>(),
                5 + 7 + 9
            );
        }
    }
    std::thread::spawn(|| {
        KEPT.with(|kept| {
            // This thread's context is made after the variable, and is gone before it.
            let mut four: Vec<_> = (3..7).map(deeper).collect();
            four.iter_mut()
                .for_each(|one| assert!(one.next().is_some()));
            *kept.0.borrow_mut() = four;
        });
    })
    .join()
    .unwrap();
}
