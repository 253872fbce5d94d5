//! Thread-locals and values that are not `Send`, kept across parks. All of this is the claim of the
//! default mode alone: `Builder::migrate` asks for the promise that nobody does so.
//!
//! In release mode the compiler keeps addresses of thread-locals in registers across the switch; the
//! kernel, which is asked for the thread here, cannot be wrong.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{blocking, sleep, spawn, task, yield_now};

fn two_workers() -> Runtime {
    Builder::new().workers(2).build().unwrap()
}

/// The thread that this runs on, by the kernel's word.
fn kernel_thread() -> i32 {
    // SAFETY: always valid to call.
    unsafe { libc::gettid() }
}

/// Runs `f(i)` in so many tasks and joins them.
fn in_tasks(runtime: &Runtime, tasks: usize, f: impl Fn(usize) + Clone + Send + 'static) {
    let handles: Vec<_> = (0..tasks)
        .map(|i| {
            let f = f.clone();
            runtime.spawn(move || f(i))
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
}

/// Parks in one of the ways there are.
fn park_somehow(n: usize) {
    match n % 5 {
        0 => yield_now(),
        1 => sleep(Duration::from_micros(n as u64 % 40)),
        2 => spawn(|| ()).join().unwrap(),
        3 if n % 50 == 3 => blocking(|| ()),
        _ => task::park_timeout(Duration::from_micros(10)),
    }
}

#[test]
fn a_cell_may_be_borrowed_across_a_park() {
    thread_local! {
        static VALUES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let runtime = two_workers();
    in_tasks(&runtime, 50, move |i| {
        for n in 0..50 {
            VALUES.with(|values| match values.try_borrow_mut() {
                Ok(mut values) => {
                    let before = values.len();
                    values.push(i);
                    park_somehow(i + n);
                    // Nobody else has touched it.
                    assert_eq!((values.len(), values.last()), (before + 1, Some(&i)));
                    values.pop();
                }
                // A neighbour is parked with it.
                Err(_) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    yield_now();
                }
            });
        }
    });
    assert_ne!(refused.load(Ordering::Relaxed), 0, "no two tasks have met");
}

#[test]
fn an_rc_whose_other_half_is_in_a_thread_local_is_counted_right() {
    /// What all threads have made, dropped, and counted in what they dropped.
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    static COUNTED: AtomicUsize = AtomicUsize::new(0);

    struct Counter(Cell<usize>);
    impl Counter {
        fn new() -> Rc<Self> {
            MADE.fetch_add(1, Ordering::SeqCst);
            Rc::new(Self(Cell::new(0)))
        }
    }
    impl Drop for Counter {
        fn drop(&mut self) {
            COUNTED.fetch_add(self.0.get(), Ordering::SeqCst);
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static SHARED: Rc<Counter> = Counter::new();
    }

    let runtime = two_workers();
    in_tasks(&runtime, 50, |i| {
        let mut held = Vec::new();
        for n in 0..100 {
            let shared = SHARED.with(Rc::clone);
            shared.0.set(shared.0.get() + 1);
            held.push(shared);
            park_somehow(i + n);
            if n % 3 == 0 {
                held.remove(0);
            }
            assert!(SHARED.with(|own| held.iter().all(|held| Rc::ptr_eq(held, own))));
        }
    });
    drop(runtime);
    // The last half goes when its thread does, if the halves were counted right.
    while DROPPED.load(Ordering::SeqCst) < MADE.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    assert_eq!(COUNTED.load(Ordering::SeqCst), 50 * 100);
}

/// `loop { send(random()) }`, the shortest program that is unsound where tasks move.
#[test]
fn a_generator_of_random_numbers_stays_with_its_thread() {
    /// Xorshift that knows whose it is.
    struct Generator {
        owner: i32,
        state: Cell<u64>,
        inside: Cell<bool>,
    }
    thread_local! {
        static GENERATOR: Generator = {
            let owner = kernel_thread();
            Generator { owner, state: Cell::new(owner as u64), inside: Cell::new(false) }
        };
    }
    fn random() -> u64 {
        GENERATOR.with(|generator| {
            assert_eq!(generator.owner, kernel_thread());
            assert!(!generator.inside.replace(true));
            let mut state = generator.state.get();
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            generator.state.set(state);
            generator.inside.set(false);
            state
        })
    }
    let runtime = two_workers();
    in_tasks(&runtime, 40, |i| {
        let thread = kernel_thread();
        let mut mixed = 0;
        for n in 0..500 {
            mixed ^= random();
            park_somehow(i + n);
            mixed ^= random();
            assert_eq!(kernel_thread(), thread);
        }
        assert_ne!(mixed, 0);
    });
}

/// A lazily made thread-local, whose first use decides about an address that is kept after.
#[test]
fn a_thread_local_that_is_made_late_is_the_threads_own() {
    thread_local! {
        static OWNER: i32 = kernel_thread();
    }
    for _ in 0..20 {
        let runtime = two_workers();
        in_tasks(&runtime, 20, |i| {
            for n in 0..20 {
                park_somehow(i + n);
                assert_eq!(OWNER.with(|owner| *owner), kernel_thread());
            }
        });
    }
}

#[test]
fn references_into_thread_locals_stay_valid_across_parks() {
    thread_local! {
        static TEXT: String = format!("of thread {}", kernel_thread());
    }
    let runtime = two_workers();
    in_tasks(&runtime, 40, |i| {
        TEXT.with(|text| {
            for n in 0..50 {
                park_somehow(i + n);
                TEXT.with(|again| assert!(std::ptr::eq(text, again)));
                assert_eq!(*text, format!("of thread {}", kernel_thread()));
            }
        });
    });
}
