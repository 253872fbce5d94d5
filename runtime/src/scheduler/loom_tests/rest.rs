//! The monitor's rest.

use std::time::{Duration, Instant};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use super::model;
use crate::loom::Parker;
use crate::scheduler::rest::Rest;

const TICK: Duration = Duration::from_millis(1);

/// A worker wakes up while the monitor begins to rest: the monitor does not rest on.
#[test]
fn the_monitor_never_rests_while_a_worker_is_awake() {
    model(|| {
        let rest = Arc::new(Rest::new());
        let awake = Arc::new(AtomicBool::new(false));
        let parker = Parker::new();
        let (rest_there, awake_there) = (rest.clone(), awake.clone());
        let unparker = parker.unparker().clone();
        let worker = thread::spawn(move || {
            awake_there.store(true, Ordering::Relaxed);
            if rest_there.must_end(TICK) {
                unparker.unpark();
            }
        });
        rest.begin(Instant::now(), None);
        if !awake.load(Ordering::Relaxed) {
            parker.park();
            assert!(rest.end());
        }
        worker.join().unwrap();
    });
}

/// Two workers wake up: one of them wakes the monitor, which is told so once. Neither does if the
/// monitor looks within a tick by itself.
#[test]
fn one_worker_wakes_the_monitor() {
    for limit in [None, Some(TICK * 1_000_000), Some(Duration::ZERO)] {
        model(move || {
            let rest = Arc::new(Rest::new());
            let wakes = Arc::new(AtomicUsize::new(0));
            rest.begin(Instant::now(), limit);
            let workers: Vec<_> = (0..2)
                .map(|_| {
                    let (rest, wakes) = (rest.clone(), wakes.clone());
                    thread::spawn(move || {
                        wakes.fetch_add(usize::from(rest.must_end(TICK)), Ordering::Relaxed);
                    })
                })
                .collect();
            for worker in workers {
                worker.join().unwrap();
            }
            let expected = usize::from(limit != Some(Duration::ZERO));
            assert_eq!(wakes.load(Ordering::Relaxed), expected);
            assert_eq!(rest.end(), expected == 1);
        });
    }
}
