//! Generators that yield inside limits of time, shields and tokens of their own.

#[macro_use]
mod common;
#[path = "common/generators.rs"]
mod generators;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::cancel::{Cancelled, Node, is_cancelled, run_in, shield};
use hueless_runtime::runtime::Builder;
use hueless_runtime::task::park;
use hueless_runtime::{deadline, generator, sleep, spawn, timeout, yield_now};

use generators::{HOUR, MOMENT, assert_undisturbed, deeper, in_both, runtime, wait_until};

in_all_modes!(
    a_limit_goes_with_its_generator,
    a_limit_that_passes_while_suspended_is_the_generators,
    a_limit_passes_after_the_generator_goes_on,
    a_shield_is_the_generators_own,
    a_token_that_is_cancelled_while_suspended_is_heard_of,
    a_token_reaches_a_generator_that_has_gone_on,
    a_token_meets_generators_that_come_and_go,
    frames_nest_as_they_were_entered,
    a_generator_goes_on_in_other_frames_than_it_left,
    generators_are_suspended_in_any_order,
    one_generator_may_resume_another,
    many_tasks_yield_inside_limits,
);

fn a_limit_goes_with_its_generator(new: fn() -> Builder) {
    in_both(new, || {
        let mut numbers = generator(|y| {
            let sum = timeout(HOUR, || {
                for n in 0..3 {
                    y.yield_(n);
                    sleep(Duration::from_micros(10));
                }
                10
            });
            y.yield_(sum.unwrap());
        });
        for expected in [0, 1, 2, 10] {
            assert_eq!(numbers.next(), Some(expected));
            assert_undisturbed();
        }
        assert_eq!(numbers.next(), None);
    });
}

fn a_limit_that_passes_while_suspended_is_the_generators(new: fn() -> Builder) {
    in_both(new, || {
        let at = Instant::now() + MOMENT;
        let mut steps = generator(move |y| {
            let late = deadline(at, || {
                y.yield_("suspended");
                assert!(is_cancelled());
                // A yield is no blocking point.
                y.yield_("again");
                sleep(HOUR);
            });
            y.yield_(if late.is_err() { "late" } else { "in time" });
            assert_undisturbed();
        });
        assert_eq!(steps.next(), Some("suspended"));
        wait_until(at);
        assert_undisturbed();
        assert_eq!(steps.next(), Some("again"));
        assert_undisturbed();
        assert_eq!(steps.next(), Some("late"));
        assert_undisturbed();
        assert_eq!(steps.next(), None);
    });
}

fn a_limit_passes_after_the_generator_goes_on(new: fn() -> Builder) {
    in_both(new, || {
        let at = Instant::now() + 10 * MOMENT;
        let mut late = generator(move |y| {
            let late = deadline(at, || {
                y.yield_(false);
                sleep(HOUR);
            });
            assert!(Instant::now() >= at);
            y.yield_(late.is_err());
        });
        assert_eq!(late.next(), Some(false));
        assert_eq!(late.next(), Some(true));
        assert_undisturbed();
    });
}

fn a_shield_is_the_generators_own(new: fn() -> Builder) {
    in_both(new, || {
        let mut one = generator(|y| {
            shield(|| {
                y.yield_(1);
                y.yield_(2);
            });
            y.yield_(3);
        });
        for expected in 1..=3 {
            assert_eq!(one.next(), Some(expected));
            let late = timeout(MOMENT, || {
                assert!(timeout(HOUR, || sleep(HOUR)).is_err());
            });
            assert!(late.is_err());
        }
    });
}

fn a_token_that_is_cancelled_while_suspended_is_heard_of(new: fn() -> Builder) {
    in_both(new, || {
        let node = Node::new();
        let inside = node.clone();
        let mut one = generator(move |y| {
            let answer = run_in(inside, || {
                y.yield_(Ok(()));
                sleep(HOUR);
            });
            y.yield_(answer);
        });
        assert_eq!(one.next(), Some(Ok(())));
        node.cancel();
        assert_undisturbed();
        assert!(one.next().unwrap().is_err());
        assert_undisturbed();
        assert_eq!(one.next(), None);
    });
}

fn a_token_reaches_a_generator_that_has_gone_on(new: fn() -> Builder) {
    fn in_token(node: Arc<Node>, waits: impl Fn()) -> Option<Result<(), Cancelled>> {
        let mut one = generator(move |y| {
            let answer = run_in(node, || {
                for _ in 0..3 {
                    y.yield_(Ok(()));
                }
                park();
            });
            y.yield_(answer);
        });
        for _ in 0..3 {
            one.next().unwrap().unwrap();
        }
        waits();
        one.next()
    }
    let runtime = runtime(new);
    for _ in 0..50 {
        let node = Node::new();
        let (tell, told) = crossbeam_channel::unbounded();
        let (tell_too, seen) = (tell.clone(), node.clone());
        let task = runtime.spawn(move || in_token(seen, || tell.send(()).unwrap()));
        let seen = node.clone();
        let thread = std::thread::spawn(move || {
            in_token(seen, || tell_too.send(()).unwrap()).is_some_and(|answer| answer.is_err())
        });
        told.iter().take(2).count();
        node.cancel();
        assert!(task.join().unwrap().unwrap().is_err());
        assert!(thread.join().unwrap());
        assert_eq!(Arc::strong_count(&node), 1);
    }
}

/// It is cancelled while frames are left and entered again.
fn a_token_meets_generators_that_come_and_go(new: fn() -> Builder) {
    fn until_cancelled(node: Arc<Node>, rounds: &AtomicUsize) -> bool {
        let mut one = generator(move |y| {
            let answer = timeout(HOUR, || {
                run_in(node, || {
                    loop {
                        y.yield_(false);
                        sleep(Duration::from_micros(1));
                    }
                })
                .map(|never: ()| never)
            });
            y.yield_(answer.unwrap().is_err());
        });
        let ended = one.find(|&ended| {
            assert!(!is_cancelled());
            rounds.fetch_add(1, Ordering::Relaxed);
            ended
        });
        ended.is_some() && one.next().is_none()
    }
    let runtime = runtime(new);
    for round in 1..30 {
        let node = Node::new();
        let rounds = Arc::new(AtomicUsize::new(0));
        let work = || {
            let (node, rounds) = (node.clone(), rounds.clone());
            move || until_cancelled(node, &rounds)
        };
        let tasks: Vec<_> = (0..8).map(|_| runtime.spawn(work())).collect();
        let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(work())).collect();
        while rounds.load(Ordering::Relaxed) < 3 * round {
            std::thread::yield_now();
        }
        node.cancel();
        assert!(tasks.into_iter().all(|task| task.join().unwrap()));
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        assert_eq!(Arc::strong_count(&node), 1);
    }
}

fn frames_nest_as_they_were_entered(new: fn() -> Builder) {
    in_both(new, || {
        let at = Instant::now() + MOMENT;
        let mut steps = generator(move |y| {
            let outer = deadline(at, || {
                let inner = shield(|| {
                    timeout(HOUR, || {
                        run_in(Node::new(), || y.yield_("within four")).unwrap();
                        // The outer limit has passed, beyond the shield.
                        assert!(is_cancelled());
                        sleep(Duration::from_micros(10));
                        y.yield_("within three");
                        sleep(Duration::from_micros(10));
                    })
                });
                y.yield_(if inner.is_ok() { "shielded" } else { "?" });
                sleep(HOUR);
            });
            y.yield_(if outer.is_err() { "late" } else { "?" });
        });
        assert_eq!(steps.next(), Some("within four"));
        wait_until(at);
        for expected in ["within three", "shielded", "late"] {
            assert_eq!(steps.next(), Some(expected));
            assert_undisturbed();
        }
        assert_eq!(steps.next(), None);
    });
}

fn a_generator_goes_on_in_other_frames_than_it_left(new: fn() -> Builder) {
    in_both(new, || {
        let mut one = deeper(3);
        assert_eq!(timeout(HOUR, || one.next()), Ok(Some(3)));
        assert_eq!(one.next(), Some(2));
        let nested = || shield(|| timeout(HOUR, || one.next()));
        assert_eq!(run_in(Node::new(), nested), Ok(Ok(Some(1))));
        let two = timeout(HOUR, || (one.next(), shield(|| one.next())));
        assert_eq!(two, Ok((Some(1), Some(2))));
        assert_undisturbed();
        assert_eq!((one.next(), one.next()), (Some(3), None));
    });
}

fn generators_are_suspended_in_any_order(new: fn() -> Builder) {
    in_both(new, || {
        let mut three = [deeper(2), deeper(3), deeper(4)];
        let mut sum = 0;
        for step in 0..50 {
            let [a, b, c] = &mut three;
            // One is begun or dropped while others are suspended within calls that it has begun later.
            sum += match step % 5 {
                0 | 3 => a.next(),
                1 => timeout(HOUR, || b.next()).unwrap(),
                _ => c.next(),
            }
            .unwrap_or(0);
            assert!(!is_cancelled());
        }
        assert_eq!(sum, 2 * (3 + 6 + 10));

        let mut kept: Vec<_> = (1..5).map(deeper).collect();
        kept.iter_mut()
            .for_each(|one| assert!(one.next().is_some()));
        drop(kept.remove(1));
        assert_undisturbed();
        assert_eq!(kept.iter_mut().map(|one| one.count()).sum::<usize>(), 13);
    });
}

fn one_generator_may_resume_another(new: fn() -> Builder) {
    in_both(new, || {
        let at = Instant::now() + MOMENT;
        let mut inner = generator(move |y| {
            let late = deadline(at, || {
                y.yield_(1);
                sleep(HOUR);
            });
            y.yield_(if late.is_err() { 2 } else { 0 });
        });
        let mut outer = generator(move |y| {
            timeout(HOUR, || y.yield_(inner.next().unwrap())).unwrap();
            assert_undisturbed();
            shield(|| y.yield_(inner.next().unwrap()));
            assert_eq!(inner.next(), None);
            y.yield_(deeper(9).map(|n| timeout(HOUR, || n).unwrap()).sum());
        });
        assert_eq!(outer.next(), Some(1));
        wait_until(at);
        assert_undisturbed();
        assert_eq!(outer.next(), Some(2));
        assert_eq!((outer.next(), outer.next()), (Some(90), None));
    });
}

/// Timers are armed where the generator goes on, which in a migrating runtime may be anywhere.
fn many_tasks_yield_inside_limits(new: fn() -> Builder) {
    new().workers(3).build().unwrap().run(|| {
        let tasks: Vec<_> = (0..60)
            .map(|seed: u32| {
                spawn(move || {
                    let mut late = 0;
                    let numbers = generator(move |y| {
                        for i in 0..20 {
                            let limit = Duration::from_micros(u64::from(50 * ((i + seed) % 7)));
                            let answer = timeout(limit, || {
                                for _ in 0..3 {
                                    y.yield_(0);
                                    yield_now();
                                }
                                sleep(HOUR);
                            });
                            y.yield_(u32::from(answer.is_err()));
                        }
                    });
                    for (step, n) in numbers.enumerate() {
                        late += n;
                        if step % 3 == 0 {
                            yield_now();
                        }
                        if step % 11 == 0 {
                            sleep(Duration::from_micros(50));
                        }
                        assert!(!is_cancelled());
                    }
                    late
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.join().unwrap(), 20);
        }
    });
}
