//! Generators in tasks that park, are cancelled, and have neighbours.

#[macro_use]
mod common;
#[path = "common/generators.rs"]
mod generators;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::park;
use hueless_runtime::{generator, sleep, spawn, yield_now};

use generators::runtime;

in_all_modes!(
    parking_inside_parks_the_task,
    tasks_interleave_inside_their_generators,
    a_cancelled_task_unwinds_through_its_generator,
    a_destructor_parks_while_one_is_dropped,
);

fn parking_inside_parks_the_task(new: fn() -> Builder) {
    runtime(new).run(|| {
        let handle = spawn(|| {
            let numbers = generator(|y| {
                for i in 0..3 {
                    park();
                    sleep(Duration::from_millis(1));
                    yield_now();
                    y.yield_(spawn(move || i * 2).join().unwrap());
                }
            });
            let mut got = Vec::new();
            for n in numbers {
                yield_now();
                got.push(n);
            }
            got
        });
        while !handle.is_finished() {
            handle.task().unpark();
            yield_now();
        }
        assert_eq!(handle.join().unwrap(), [0, 2, 4]);
    });
}

fn tasks_interleave_inside_their_generators(new: fn() -> Builder) {
    runtime(new).run(|| {
        let handles: Vec<_> = (0..50)
            .map(|seed| {
                spawn(move || {
                    let left = generator(move |y| {
                        for i in 0..40 {
                            if (i + seed) % 3 == 0 {
                                yield_now();
                            }
                            y.yield_(i);
                        }
                    });
                    let mut sum = 0;
                    for n in left {
                        if (n + seed) % 5 == 0 {
                            yield_now();
                        }
                        sum += n;
                    }
                    sum
                })
            })
            .collect();
        for handle in handles {
            assert_eq!(handle.join().unwrap(), 780);
        }
    });
}

fn a_cancelled_task_unwinds_through_its_generator(new: fn() -> Builder) {
    let (ends, ended) = mpsc::channel();
    let (begins, begun) = mpsc::channel();
    struct Tells(mpsc::Sender<&'static str>, &'static str);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(self.1).unwrap();
        }
    }
    let runtime = runtime(new);
    let _handle = runtime.spawn(move || {
        let _outside = Tells(ends.clone(), "outside");
        let mut parks = generator(move |y| {
            let _inside = Tells(ends.clone(), "inside");
            y.yield_(());
            begins.send(()).unwrap();
            park();
        });
        parks.next();
        parks.next();
        unreachable!("cancelled");
    });
    begun.recv().unwrap();
    drop(runtime);
    assert_eq!(ended.iter().collect::<Vec<_>>(), ["inside", "outside"]);
}

fn a_destructor_parks_while_one_is_dropped(new: fn() -> Builder) {
    struct Parks(mpsc::Sender<()>);
    impl Drop for Parks {
        fn drop(&mut self) {
            sleep(Duration::from_millis(1));
            yield_now();
            self.0.send(()).unwrap();
        }
    }
    let (ends, ended) = mpsc::channel();
    runtime(new).run(move || {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let ends = ends.clone();
                spawn(move || {
                    let mut one = generator(|y| {
                        let _parks = Parks(ends);
                        y.yield_(1);
                    });
                    one.next();
                    drop(one);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    assert_eq!(ended.iter().count(), 20);
}

/// std's `panicking` is the thread's: while a neighbour parks in a destructor it says so of everybody.
#[test]
fn a_neighbour_that_unwinds_swallows_no_yield() {
    struct Waits(Arc<AtomicU32>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.store(1, SeqCst);
            while self.0.load(SeqCst) != 2 {
                yield_now();
            }
        }
    }
    Builder::new().workers(1).build().unwrap().run(|| {
        let step = Arc::new(AtomicU32::new(0));
        let there = step.clone();
        let mut numbers = generator(move |y| {
            y.yield_(1);
            let there_too = there.clone();
            let neighbour = spawn(move || {
                let _waits = Waits(there_too);
                std::panic::resume_unwind(Box::new(()));
            });
            while there.load(SeqCst) != 1 {
                yield_now();
            }
            assert!(std::thread::panicking());
            y.yield_(2);
            y.yield_(3);
            there.store(2, SeqCst);
            assert!(neighbour.join().is_err());
        });
        assert_eq!(numbers.by_ref().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(step.load(SeqCst), 2);
    });
}
