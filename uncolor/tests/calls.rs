//! The function `syscall` is libc's to whoever is not std in a task.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

mod common;

use common::{in_each_runtime, run, until};

const WAIT: libc::c_int = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
const WAKE: libc::c_int = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;

fn error() -> Option<i32> {
    std::io::Error::last_os_error().raw_os_error()
}

/// A wait, and its error.
fn wait(
    word: &AtomicU32,
    expected: u32,
    clock: libc::c_int,
    timeout: Option<Duration>,
) -> Option<i32> {
    let timeout = timeout.map(|time| {
        let mut at = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let id = match clock {
            0 => libc::CLOCK_MONOTONIC,
            _ => libc::CLOCK_REALTIME,
        };
        // SAFETY: it is there to be written.
        unsafe { libc::clock_gettime(id, &raw mut at) };
        let nanos = at.tv_nsec + i64::from(time.subsec_nanos());
        at.tv_sec += time.as_secs() as i64 + nanos / 1_000_000_000;
        at.tv_nsec = nanos % 1_000_000_000;
        at
    });
    let timeout = timeout
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the time are there.
    let result = unsafe {
        let none = null_mut::<u32>();
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            WAIT | clock,
            expected,
            timeout,
            none,
            !0_u32,
        )
    };
    (result < 0).then(error).flatten()
}

fn wake(word: &AtomicU32, most: i32) -> libc::c_long {
    // SAFETY: the call uses the address alone.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), WAKE, most) }
}

#[test]
fn results_and_errors_are_libcs() {
    let calls = || {
        // SAFETY: calls that touch no memory but what they map.
        unsafe {
            let pid = libc::syscall(libc::SYS_getpid);
            assert_eq!(pid, std::process::id().into());
            // All six arguments come through.
            let (protection, flags) = (libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let map = |offset: i64| {
                let none = null_mut::<u8>();
                libc::syscall(
                    libc::SYS_mmap,
                    none,
                    4096_usize,
                    protection,
                    flags,
                    -1_isize,
                    offset,
                )
            };
            let mapped = map(0);
            assert!(mapped > 0);
            assert_eq!(libc::syscall(libc::SYS_munmap, mapped, 4096_usize), 0);
            assert_eq!(map(1), -1);
            assert_eq!(error(), Some(libc::EINVAL));
            assert_eq!(libc::syscall(100_000), -1);
            assert_eq!(error(), Some(libc::ENOSYS));
            assert_eq!(libc::syscall(libc::SYS_futex, 4, WAIT, 0, 0, 0, 0), -1);
            assert_eq!(error(), Some(libc::EINVAL));
        }
    };
    calls();
    in_each_runtime(|runtime| run(runtime, calls));
}

#[test]
fn a_wait_answers_as_the_kernels() {
    let waits = || {
        let word = AtomicU32::new(3);
        for clock in [0, libc::FUTEX_CLOCK_REALTIME] {
            let short = Duration::from_millis(2);
            assert_eq!(wait(&word, 4, clock, None), Some(libc::EAGAIN));
            assert_eq!(wait(&word, 4, clock, Some(short)), Some(libc::EAGAIN));
            let begun = std::time::Instant::now();
            assert_eq!(wait(&word, 3, clock, Some(short)), Some(libc::ETIMEDOUT));
            assert!(begun.elapsed() >= Duration::from_millis(1));
            assert_eq!(
                wait(&word, 3, clock, Some(Duration::ZERO)),
                Some(libc::ETIMEDOUT)
            );
        }
        assert_eq!(wake(&word, 1), 0);
    };
    waits();
    in_each_runtime(|runtime| run(runtime, waits));
}

#[test]
fn a_wake_counts_tasks_and_threads() {
    in_each_runtime(|runtime| {
        let word = Arc::new(AtomicU32::new(0));
        let waits = {
            let word = word.clone();
            move || {
                while word.load(Ordering::Acquire) == 0 {
                    wait(&word, 0, 0, None);
                }
            }
        };
        let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(waits.clone())).collect();
        run(runtime, move || {
            let tasks = common::crowd(5, move |_| waits());
            // Nobody is woken before the word is set, but to wait again; so in the end all are counted.
            until(|| wake(&word, i32::MAX) == 8);
            word.store(1, Ordering::Release);
            wake(&word, i32::MAX);
            common::join_all(tasks);
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            assert_eq!(wake(&word, i32::MAX), 0);
        });
    });
}

#[test]
fn a_wake_of_some_wakes_no_more_tasks_than_asked() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let word = Arc::new(AtomicU32::new(0));
            let tasks = {
                let word = word.clone();
                common::crowd(6, move |_| {
                    while word.load(Ordering::Acquire) == 0 {
                        wait(&word, 0, 0, None);
                    }
                })
            };
            // Those that have been woken wait again, so there are always some to come.
            for most in [1, 2, 5] {
                let mut woken = 0;
                until(|| {
                    woken = wake(&word, most);
                    assert!(woken <= most.into());
                    woken == most.into()
                });
            }
            word.store(1, Ordering::Release);
            wake(&word, i32::MAX);
            common::join_all(tasks);
        });
    });
}
