//! std's sleep, and libc's calls that it is made of.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::time::{Duration, Instant};

mod common;

use common::{crowd, in_each_runtime, join_all, run};
use libc::{clockid_t, timespec};

const TIME: Duration = Duration::from_millis(30);

fn timespec(time: Duration) -> timespec {
    timespec {
        tv_sec: time.as_secs() as i64,
        tv_nsec: time.subsec_nanos().into(),
    }
}

fn now(clock: clockid_t) -> Duration {
    let mut now = timespec(Duration::ZERO);
    // SAFETY: it is there to be written.
    assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut now) }, 0);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Sleeps until then, by the absolute form.
fn sleep_until(clock: clockid_t, time: Duration) {
    let time = timespec(time);
    // SAFETY: a time that can be read, and nothing to be written.
    let error = unsafe {
        libc::clock_nanosleep(
            clock,
            libc::TIMER_ABSTIME,
            &raw const time,
            std::ptr::null_mut(),
        )
    };
    assert_eq!(error, 0);
}

#[test]
fn tasks_of_one_thread_sleep_at_the_same_time() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let begun = Instant::now();
            let tasks = crowd(100, |_| {
                let begun = Instant::now();
                std::thread::sleep(TIME);
                assert!(begun.elapsed() >= TIME);
            });
            join_all(tasks);
            // One after the other it would have been three seconds.
            assert!(begun.elapsed() < 50 * TIME, "{:?}", begun.elapsed());
        });
    });
}

#[test]
fn a_task_sleeps_until_a_point_of_a_clock() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let tasks = crowd(10, |number| {
                let clock = [libc::CLOCK_MONOTONIC, libc::CLOCK_REALTIME][number % 2];
                let end = now(clock) + TIME;
                sleep_until(clock, end);
                assert!(now(clock) >= end);
                // What is over is no sleep.
                sleep_until(clock, end);
            });
            join_all(tasks);
        });
    });
}

#[test]
fn nanosleep_parks_too() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let begun = Instant::now();
            let tasks = crowd(100, |_| {
                let time = timespec(TIME);
                // SAFETY: as in `sleep_until`.
                let result = unsafe { libc::nanosleep(&raw const time, std::ptr::null_mut()) };
                assert_eq!(result, 0);
            });
            join_all(tasks);
            assert!(begun.elapsed() < 50 * TIME, "{:?}", begun.elapsed());
        });
    });
}

#[test]
fn what_is_no_time_is_refused() {
    let refused = || {
        for time in [(0, 1_000_000_000), (0, -1), (-1, 0)] {
            let time = timespec {
                tv_sec: time.0,
                tv_nsec: time.1,
            };
            // SAFETY: as in `sleep_until`.
            unsafe {
                let none = std::ptr::null_mut();
                let clock = libc::CLOCK_MONOTONIC;
                assert_eq!(
                    libc::clock_nanosleep(clock, 0, &raw const time, none),
                    libc::EINVAL
                );
                assert_eq!(libc::nanosleep(&raw const time, none), -1);
            }
            let error = std::io::Error::last_os_error();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
    };
    refused();
    in_each_runtime(|runtime| run(runtime, refused));
}

#[test]
fn a_thread_that_is_interrupted_learns_what_remains() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: a handler that does nothing, without `SA_RESTART`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()),
            0
        );
    }
    let (tell, told) = std::sync::mpsc::channel();
    let sleeper = std::thread::spawn(move || {
        // SAFETY: this thread.
        tell.send(unsafe { libc::pthread_self() }).unwrap();
        let (time, mut left) = (timespec(common::NEVER), timespec(Duration::ZERO));
        // SAFETY: both are there.
        let result = unsafe { libc::nanosleep(&raw const time, &raw mut left) };
        let error = std::io::Error::last_os_error();
        (result, error.raw_os_error(), left.tv_sec)
    });
    let thread = told.recv().unwrap();
    while !sleeper.is_finished() {
        // SAFETY: it has not been joined.
        unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        std::thread::yield_now();
    }
    let (result, error, left) = sleeper.join().unwrap();
    assert_eq!((result, error), (-1, Some(libc::EINTR)));
    assert!(
        (1..=common::NEVER.as_secs() as i64).contains(&left),
        "{left}"
    );
}
