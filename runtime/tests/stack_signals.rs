//! Signals whose handlers run on whatever stack is in use.
//!
//! Workers keep asynchronous signals away, but for SIGPROF, which profilers need, and whoever raises
//! a signal on his own thread gets it too. A handler without SA_ONSTACK then runs on the task's stack.

#![cfg(all(target_os = "linux", not(any(feature = "sanitizer", hueless_tsan))))]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::Relaxed};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{checkpoint, run, stack, task, yield_now};

mod child;
use child::{assert_passed, died_of, dig, in_child};

/// What a task has to leave below its frames for such a handler, so SAFETY.md says: the kernel saves
/// up to 12 KiB of registers there.
const ROOM: usize = 16 << 10;

/// Handlers that ran on a task's stack.
static ON_TASKS: AtomicUsize = AtomicUsize::new(0);
/// The least that one of them had left.
static LEAST: AtomicUsize = AtomicUsize::new(usize::MAX);

extern "C" fn handler(_signal: libc::c_int) {
    if let Some(left) = stack::remaining() {
        black_box([1_u8; 512]);
        ON_TASKS.fetch_add(1, Relaxed);
        LEAST.fetch_min(left, Relaxed);
    }
}

fn handle_sigprof() {
    // SAFETY: all zeros is a value of this C struct; the handler touches atomics only.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(
            libc::sigaction(libc::SIGPROF, &action, std::ptr::null_mut()),
            0
        );
    }
}

/// Goes down to `left` bytes, runs `bottom` there, and checks every frame on its way back.
#[inline(never)]
fn descend(seed: u64, left: usize, bottom: &mut dyn FnMut()) -> u64 {
    let frame = black_box([seed; 16]);
    let below = if stack::remaining().unwrap() <= left {
        bottom();
        0
    } else {
        descend(seed + 1, left, bottom)
    };
    assert!(frame.iter().all(|word| *word == seed));
    below + 1
}

#[test]
fn they_corrupt_nothing_on_the_smallest_stack() {
    const SIGNALS: usize = 20_000;
    assert_passed(in_child(
        "they_corrupt_nothing_on_the_smallest_stack",
        &[],
        || {
            handle_sigprof();
            static THREADS: [AtomicI32; 2] = [const { AtomicI32::new(0) }; 2];
            static STOP: AtomicBool = AtomicBool::new(false);
            // A runtime each, so that they are on two threads.
            let runtimes = [0, 1].map(|_| Builder::new().workers(1).build().unwrap());
            let handles: Vec<_> = (0..16)
                .map(|i| {
                    let task = task::Builder::new().stack_size(0);
                    let handle = task.spawn_on(&runtimes[i % 2], move || {
                        // SAFETY: only asks.
                        let thread = unsafe { libc::gettid() };
                        THREADS[i % 2].store(thread, Relaxed);
                        // Once at least, though it may begin when the others have had their signals.
                        loop {
                            let depth = descend(i as u64, ROOM, &mut || {
                                yield_now();
                                // SAFETY: always allowed.
                                unsafe { libc::raise(libc::SIGPROF) };
                                (0..1000).for_each(|_| checkpoint());
                            });
                            if STOP.load(Relaxed) {
                                return depth;
                            }
                        }
                    });
                    handle.unwrap()
                })
                .collect();
            while ON_TASKS.load(Relaxed) < SIGNALS {
                for thread in &THREADS {
                    let thread = thread.load(Relaxed);
                    if thread != 0 {
                        // SAFETY: a thread of this process, and a signal that it handles.
                        unsafe {
                            libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGPROF)
                        };
                    }
                }
            }
            STOP.store(true, Relaxed);
            for handle in handles {
                assert!(handle.join().unwrap() > 50);
            }
            let least = LEAST.load(Relaxed);
            assert!(least < ROOM, "some came at the bottom: {least}");
            eprintln!("{} signals, {least} bytes left", ON_TASKS.load(Relaxed));
        },
    ));
}

#[test]
fn one_without_room_is_an_overflow() {
    let output = in_child("one_without_room_is_an_overflow", &[], || {
        handle_sigprof();
        run(|| {
            descend(1, 1100, &mut || {
                // SAFETY: the handler does not fit, which the kernel notices.
                unsafe { libc::raise(libc::SIGPROF) };
            });
        });
    });
    let said = died_of(libc::SIGABRT, output);
    assert!(said.contains("stack overflow in task"), "{said}");
}

#[test]
fn inside_grow_they_corrupt_nothing_either() {
    assert_passed(in_child(
        "inside_grow_they_corrupt_nothing_either",
        &[],
        || {
            handle_sigprof();
            let check = || {
                for _ in 0..200 {
                    stack::grow(64 << 10, || {
                        dig(ROOM);
                        descend(3, ROOM, &mut || {
                            // SAFETY: always allowed.
                            unsafe { libc::raise(libc::SIGPROF) };
                        })
                    });
                }
            };
            check();
            run(check);
            assert_eq!(ON_TASKS.load(Relaxed), 400);
        },
    ));
}
