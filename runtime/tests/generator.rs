//! Generators: what they yield, where they run, how they end.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::task::{park, task_local};
use hueless_runtime::{Generator, Yielder, generator, run, sleep, spawn, stack, task, yield_now};

mod child;
#[macro_use]
mod common;
#[cfg(not(feature = "sanitizer"))]
use child::{died_of, in_child};

in_all_modes!(
    parking_inside_parks_the_task,
    tasks_interleave_inside_their_generators,
    a_cancelled_task_unwinds_through_its_generator,
    one_in_a_local_is_unwound_at_the_end_of_its_task,
    a_destructor_parks_while_one_is_dropped,
);

fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

fn count(n: u32) -> Generator<u32> {
    generator(move |y| (0..n).for_each(|i| y.yield_(i)))
}

/// Counts its drops.
struct Dropped(Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// In a task and on an OS thread.
fn everywhere(f: fn()) {
    f();
    run(f);
    Builder::new().workers(1).build().unwrap().run(f);
}

#[test]
fn values_come_in_order_and_then_nothing() {
    everywhere(|| {
        let mut numbers = count(3);
        assert_eq!(
            [(); 5].map(|()| numbers.next()),
            [Some(0), Some(1), Some(2), None, None]
        );
        assert_eq!(count(1000).sum::<u32>(), 499_500);
        assert_eq!(generator(|_: &mut Yielder<u8>| ()).next(), None);
        // What is yielded may be anything.
        let mut boxes = generator(|y| (0..3).for_each(|i| y.yield_(Box::new([i; 100]))));
        assert_eq!(boxes.by_ref().map(|b| b[99]).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(boxes.next(), None);
    });
}

#[test]
fn the_closure_runs_only_inside_next() {
    everywhere(|| {
        let steps = Rc::new(Cell::new(0));
        let seen = steps.clone();
        let mut numbers = generator(move |y| {
            for i in 1..3 {
                seen.set(i);
                y.yield_(i);
            }
            seen.set(9);
        });
        assert_eq!(steps.get(), 0);
        numbers.next();
        assert_eq!(steps.get(), 1);
        numbers.next();
        assert_eq!((steps.get(), numbers.next(), steps.get()), (2, None, 9));
    });
}

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

#[test]
fn generators_nest() {
    everywhere(|| {
        let triangle = generator(|y| {
            for n in 0..4 {
                for i in count(n) {
                    y.yield_(i);
                }
            }
        });
        assert_eq!(triangle.collect::<Vec<_>>(), [0, 0, 1, 0, 1, 2]);
        // One of many levels, each on its own stack.
        fn levels(n: u32) -> Generator<u32> {
            generator(move |y| {
                y.yield_(n);
                if n > 0 {
                    levels(n - 1).for_each(|n| y.yield_(n));
                }
            })
        }
        assert_eq!(levels(50).sum::<u32>(), 1275);
        assert_eq!(levels(50).take(20).count(), 20);
    });
}

#[test]
fn they_have_a_stack_of_their_own() {
    run(|| {
        let outside = stack::remaining().unwrap();
        let mut left = generator(|y| {
            y.yield_(stack::remaining().unwrap());
            y.yield_(stack::grow(1 << 20, || stack::remaining().unwrap()));
            // Yields from a grown stack come back to it.
            stack::grow(1 << 20, || {
                let before = stack::remaining().unwrap();
                y.yield_(before);
                assert_eq!(stack::remaining().unwrap(), before);
            });
        });
        assert!((128 << 10..192 << 10).contains(&left.next().unwrap()));
        assert_eq!(stack::remaining().unwrap(), outside);
        assert!(left.next().unwrap() > 1 << 20);
        assert!(left.next().unwrap() > 1 << 20);
        assert_eq!(left.next(), None);
        // And if it ends there.
        let mut half = generator(|y| stack::grow(1 << 20, || y.yield_(1)));
        assert_eq!(half.next(), Some(1));
    });
    // On an OS thread there is a stack to be seen inside only.
    let mut left = generator(|y| y.yield_(stack::remaining()));
    assert!(left.next().unwrap().unwrap() > 128 << 10);
    assert_eq!(stack::remaining(), None);
}

#[test]
fn a_large_closure_runs_on_its_stack() {
    everywhere(|| {
        let large = [7_u8; 20 << 10];
        let mut one =
            generator(move |y| y.yield_(large.iter().map(|&n| u32::from(n)).sum::<u32>()));
        assert_eq!(one.next(), Some(7 * (20 << 10)));
    });
}

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

#[cfg(not(feature = "sanitizer"))]
#[test]
fn an_overflow_inside_is_named() {
    fn recurse(depth: usize) -> usize {
        let frame = std::hint::black_box([depth; 30]);
        if frame[1] == usize::MAX {
            return 0;
        }
        recurse(depth + 1) + frame[3]
    }
    let output = in_child("an_overflow_inside_is_named", &[], || {
        let walker = task::Builder::new().name("walker");
        let handle = walker.spawn(|| generator(|y| y.yield_(recurse(0))).count());
        let _ = handle.unwrap().join();
    });
    let said = died_of(libc::SIGABRT, output);
    assert!(said.contains("walker"), "{said}");
    assert!(
        said.contains("inside a generator: that stack has 192 KiB"),
        "{said}"
    );
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
fn a_next_allocates_nothing() {
    everywhere(|| {
        let mut numbers = count(1001);
        numbers.next();
        let before = ALLOCATIONS.with(Cell::get);
        assert_eq!(numbers.by_ref().take(1000).count(), 1000);
        assert_eq!(ALLOCATIONS.with(Cell::get), before);
    });
}
