//! Leaving a stack while somebody cancels.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::model;
use crate::loom::UnsafeCell;
use crate::park::{Header, Kind, Settled};
use crate::scheduler::leaving::{Announced, Leaving, listed};

/// A task leaves its stack on one worker while another cancels it: its wait is settled once, never
/// while the commit is under way, and it is not left parked.
#[test]
fn a_cancelled_task_neither_parks_nor_is_woken_too_early() {
    model(|| {
        let leaving = Arc::new(Leaving::new());
        let cancelled = Arc::new(AtomicBool::new(false));
        let parked = Arc::new(AtomicBool::new(false));
        // The wait: 0 waiting, 1 cancelled. What the commit does: a cell nobody else may touch then.
        let (wait, commit) = (Arc::new(AtomicUsize::new(0)), Arc::new(UnsafeCell::new(0)));
        let settle = |wait: &AtomicUsize| {
            wait.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        };
        let canceller = {
            let (leaving, cancelled, parked) = (leaving.clone(), cancelled.clone(), parked.clone());
            let (wait, commit) = (wait.clone(), commit.clone());
            thread::spawn(move || {
                cancelled.store(true, Ordering::Relaxed);
                let announced = Announced::new();
                leaving.wait(&announced);
                let wins = parked.load(Ordering::Acquire) && settle(&wait);
                if wins {
                    // The task runs again: its commit is over. loom checks the exclusion.
                    // SAFETY: that is what is being modelled.
                    commit.with_mut(|cell| unsafe { *cell += 1 });
                }
                wins
            })
        };
        let begun = leaving.begin();
        let is_cancelled = begun.is_cancelled(&cancelled);
        if !is_cancelled {
            parked.store(true, Ordering::Release);
        }
        // SAFETY: as above.
        commit.with_mut(|cell| unsafe { *cell += 1 });
        begun.end();
        let by_worker = is_cancelled && settle(&wait);
        let by_canceller = canceller.join().unwrap();
        assert!(by_worker != by_canceller, "{by_worker} {by_canceller}");
    });
}

/// A peer settles a wait by a load and a store while another worker cancels the task: one of them wins.
#[test]
fn a_wait_that_is_settled_by_a_store_is_settled_once() {
    model(|| {
        let leaving = Arc::new(Leaving::new());
        let cancelled = Arc::new(AtomicBool::new(false));
        let header = Arc::new(Header::new(Kind::Task));
        let word = header.claim.begin();
        let canceller = {
            let (leaving, cancelled) = (leaving.clone(), cancelled.clone());
            let header = header.clone();
            thread::spawn(move || {
                cancelled.store(true, Ordering::Relaxed);
                let announced = Announced::new();
                leaving.wait(&announced);
                header.claim.settle(word, Settled::CANCELLED)
            })
        };
        let begun = leaving.begin();
        let stored = (!begun.is_cancelled(&cancelled))
            .then(|| header.claim.settle_here(word, Settled::case(0)));
        begun.end();
        let by_peer = stored.unwrap_or_else(|| header.claim.settle(word, Settled::case(0)));
        let by_canceller = canceller.join().unwrap();
        assert!(by_peer != by_canceller, "{by_peer} {by_canceller}");
        let expected = match by_peer {
            true => Settled::case(0),
            false => Settled::CANCELLED,
        };
        assert_eq!(header.claim.state(), expected);
    });
}

/// A task is listed while another worker cancels those that are: it is settled only if its flag was set
/// before the announcement, or before it could leave its stack.
#[test]
fn a_task_that_is_listed_late_is_not_woken_too_early() {
    model(|| {
        let leaving = Arc::new(Leaving::new());
        let cancelled = Arc::new(AtomicBool::new(false));
        let parked = Arc::new(AtomicBool::new(false));
        let stopping = Arc::new(AtomicBool::new(false));
        let list = Arc::new(Mutex::new(false));
        let (wait, commit) = (Arc::new(AtomicUsize::new(0)), Arc::new(UnsafeCell::new(0)));
        let settle = |wait: &AtomicUsize| {
            wait.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        };
        let canceller = {
            let (leaving, cancelled, parked) = (leaving.clone(), cancelled.clone(), parked.clone());
            let (stopping, list) = (stopping.clone(), list.clone());
            let (wait, commit) = (wait.clone(), commit.clone());
            thread::spawn(move || {
                stopping.store(true, Ordering::Release);
                if *list.lock().unwrap() {
                    cancelled.store(true, Ordering::Relaxed);
                }
                let announced = Announced::new();
                leaving.wait(&announced);
                let is_listed = *list.lock().unwrap();
                let wins = is_listed && parked.load(Ordering::Acquire) && settle(&wait);
                if wins {
                    // The task runs again: its commit is over. loom checks the exclusion.
                    // SAFETY: that is what is being modelled.
                    commit.with_mut(|cell| unsafe { *cell += 1 });
                }
            })
        };
        {
            let mut list = list.lock().unwrap();
            let mark = || cancelled.store(true, Ordering::Relaxed);
            listed(mark, || stopping.load(Ordering::Acquire));
            *list = true;
        }
        let begun = leaving.begin();
        if !begun.is_cancelled(&cancelled) {
            parked.store(true, Ordering::Release);
        }
        // SAFETY: as above.
        commit.with_mut(|cell| unsafe { *cell += 1 });
        begun.end();
        canceller.join().unwrap();
    });
}
