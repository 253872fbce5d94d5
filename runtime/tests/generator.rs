//! Generators: what they yield, and on which stack.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::rc::Rc;

#[cfg(not(feature = "sanitizer"))]
use hueless_runtime::task;
use hueless_runtime::{Generator, Yielder, generator, run, stack};

#[cfg(not(feature = "sanitizer"))]
mod child;
#[path = "common/generators.rs"]
mod generators;
#[cfg(not(feature = "sanitizer"))]
use child::{died_of, in_child};
use generators::{count, everywhere};

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
