//! What std's calls may have of the blocking pool.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::mpsc;

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, blocking_for_std};

mod common;

use common::{crowd, join_all, run};

#[test]
fn half_of_the_threads_are_for_other_jobs() {
    let builder = Builder::new().workers(1).blocking_threads(4);
    let runtime = builder.build().unwrap();
    run(&runtime, || {
        let (began, has_begun) = mpsc::channel();
        let (ends, end) = mpsc::channel();
        let tasks = crowd(10, move |_| {
            let (end, may_end) = mpsc::channel::<()>();
            ends.send(end).unwrap();
            let began = began.clone();
            let job = move || {
                began.send(()).unwrap();
                let _ = may_end.recv();
            };
            blocking_for_std(job).is_ok()
        });
        // On the pool, so that this worker goes on.
        let has_begun = blocking(move || {
            (0..2).for_each(|_| has_begun.recv().unwrap());
            has_begun
        });
        assert_eq!(blocking(|| 7), 7);
        assert!(has_begun.try_recv().is_err(), "two have half of it");
        // One after the other ends, and the next one begins.
        drop(blocking(move || end.iter().take(10).collect::<Vec<_>>()));
        assert_eq!(join_all(tasks), [true; 10]);
        assert_eq!(has_begun.try_iter().count(), 8);
    });
}
