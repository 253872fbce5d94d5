//! Signals that come while tasks wait in std's locks and sleeps.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::collections::BTreeSet;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Runtime;

mod common;

use common::{crowd, in_each_runtime, join_all, run, until};

const TIME: Duration = Duration::from_millis(20);

/// How many signals have been handled, in all tests.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Sleeps, as handlers may. Here one with a stack of its own: on the task's, the task could be parked half-way
/// through a park.
extern "C" fn sleep(_: c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
    let time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 100_000,
    };
    // SAFETY: a time that can be read; it keeps the interrupted code's `errno`.
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        libc::nanosleep(&raw const time, std::ptr::null_mut());
        *errno = kept;
    }
}

/// From now on `handler` is called at `signal`.
fn handle(signal: c_int, handler: extern "C" fn(c_int), flags: c_int) {
    // SAFETY: a handler that may be called anywhere.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = flags;
        let result = libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        assert_eq!(result, 0);
    }
}

/// Sends `signal` to the threads of tasks again and again, from a thread of its own, until dropped.
struct Storm {
    threads: Arc<Mutex<BTreeSet<libc::pthread_t>>>,
    stop: Arc<AtomicBool>,
    sender: Option<std::thread::JoinHandle<()>>,
}

impl Storm {
    fn begin(signal: c_int) -> Self {
        let threads: Arc<Mutex<BTreeSet<_>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (theirs, stops) = (threads.clone(), stop.clone());
        let sender = std::thread::spawn(move || {
            while !stops.load(Ordering::Relaxed) {
                for thread in theirs.lock().unwrap().iter() {
                    // SAFETY: a worker's thread; its runtime ends after this.
                    unsafe { libc::pthread_kill(*thread, signal) };
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self {
            threads,
            stop,
            sender: Some(sender),
        }
    }

    /// Draws it to the thread of this task, which as a worker's blocks most signals.
    fn draw(threads: &Mutex<BTreeSet<libc::pthread_t>>, signal: c_int) {
        // SAFETY: the set is initialised, and handlers do not mind where they run.
        let thread = unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&raw mut set, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
            libc::pthread_self()
        };
        threads.lock().unwrap().insert(thread);
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.sender.take().unwrap().join().unwrap();
    }
}

/// Tasks wait in a sleep, a lock, a condition, while signals come.
fn waits_are_what_they_were(runtime: &Runtime, signal: c_int) {
    let storm = Storm::begin(signal);
    let threads = storm.threads.clone();
    run(runtime, move || {
        let before = HANDLED.load(Ordering::Relaxed);
        let (sum, changed) = (Mutex::new(0), Condvar::new());
        let shared = Arc::new((sum, changed));
        let theirs = shared.clone();
        let tasks = crowd(40, move |_| {
            Storm::draw(&threads, signal);
            let begun = Instant::now();
            std::thread::sleep(TIME);
            assert!(begun.elapsed() >= TIME);
            let (sum, changed) = &*theirs;
            for round in 0..20 {
                let mut sum = sum.lock().unwrap();
                let seen = *sum;
                if round % 4 == 0 {
                    hueless_runtime::yield_now();
                }
                // Nobody else was let in.
                assert_eq!(*sum, seen);
                *sum += 1;
                changed.notify_one();
            }
            let sum = sum.lock().unwrap();
            let (sum, result) = changed
                .wait_timeout_while(sum, common::NEVER, |sum| *sum < 40 * 20)
                .unwrap();
            assert!(!result.timed_out());
            drop(sum);
            changed.notify_all();
        });
        join_all(tasks);
        assert_eq!(*shared.0.lock().unwrap(), 40 * 20);
        until(|| HANDLED.load(Ordering::Relaxed) > before);
    });
}

#[test]
fn a_wait_goes_on_after_a_signal_that_restarts_calls() {
    handle(libc::SIGUSR1, count, libc::SA_ONSTACK | libc::SA_RESTART);
    in_each_runtime(|runtime| waits_are_what_they_were(runtime, libc::SIGUSR1));
}

#[test]
fn a_wait_goes_on_after_a_signal_that_interrupts_calls() {
    handle(libc::SIGUSR2, count, libc::SA_ONSTACK);
    in_each_runtime(|runtime| waits_are_what_they_were(runtime, libc::SIGUSR2));
}

#[test]
fn a_wait_goes_on_after_a_signal_on_the_task_s_own_stack() {
    handle(libc::SIGVTALRM, count, 0);
    in_each_runtime(|runtime| waits_are_what_they_were(runtime, libc::SIGVTALRM));
}

#[test]
fn a_handler_with_a_stack_of_its_own_may_sleep() {
    handle(libc::SIGPROF, sleep, libc::SA_ONSTACK);
    in_each_runtime(|runtime| waits_are_what_they_were(runtime, libc::SIGPROF));
}
