//! A lock with a condition in a thread-local, by which a thread waits for a job of its own, as rayon's callers
//! do.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};

mod common;

use common::{crowd, join_all, run, start};

thread_local! {
    static LATCH: (Mutex<bool>, Condvar) = const { (Mutex::new(false), Condvar::new()) };
}

/// Has the job done by a thread that then sets the latch of this one, and waits for the latch.
fn wait_for(job: impl FnOnce() + Send + 'static, jobs: &mpsc::Sender<Job>) {
    LATCH.with(|latch| {
        let (is_set, condition) = latch;
        let latch = std::ptr::from_ref(latch).expose_provenance();
        jobs.send((Box::new(job), latch)).unwrap();
        let mut is_set = is_set.lock().unwrap();
        while !*is_set {
            is_set = condition.wait(is_set).unwrap();
        }
        *is_set = false;
    });
}

type Job = (Box<dyn FnOnce() + Send>, usize);

#[test]
fn who_waits_at_its_thread_s_latch_finds_its_own_job_done() {
    let (jobs, todo) = mpsc::channel::<Job>();
    let helper = std::thread::spawn(move || {
        for (job, latch) in todo {
            job();
            let latch = std::ptr::with_exposed_provenance::<(Mutex<bool>, Condvar)>(latch);
            // SAFETY: its thread waits for it to be set.
            let (is_set, condition) = unsafe { &*latch };
            let mut is_set = is_set.lock().unwrap();
            *is_set = true;
            condition.notify_all();
        }
    });
    run(&start(1, false), move || {
        let finds = move |_| {
            for _ in 0..100 {
                let done = Arc::new(AtomicBool::new(false));
                let does = done.clone();
                wait_for(move || does.store(true, Ordering::Relaxed), &jobs);
                assert!(done.load(Ordering::Relaxed), "it is not done yet");
                hueless_runtime::yield_now();
            }
        };
        join_all(crowd(10, finds));
    });
    helper.join().unwrap();
}
