//! Loom models of waiting for the first of several.

use loom::sync::Arc;
use loom::thread;

use super::super::{Direction, Edges, Readiness};
use super::{Case, Expected, wait_any};
use crate::loom::{AtomicBool, Ordering};

/// A descriptor's readable side, which becomes ready once.
struct Source {
    ready: AtomicBool,
    readiness: Readiness,
}

impl Source {
    fn new() -> Self {
        let source = Self {
            ready: AtomicBool::new(false),
            readiness: Readiness::new(),
        };
        source.readiness.begin_watch();
        source
    }

    /// In one allocation, so that their locks are taken in the same order in each execution.
    fn two() -> Arc<[Self; 2]> {
        Arc::new([Self::new(), Self::new()])
    }

    fn become_ready(&self) {
        self.ready.store(true, Ordering::Release);
        let edges = Edges {
            read: true,
            write: false,
            special: false,
        };
        let mut woken = hueless_runtime::park::ClaimedList::default();
        self.readiness.tell(edges, &mut woken);
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

/// Waits until one is ready, and says which are.
fn wait_for(sources: [&Source; 2]) -> [bool; 2] {
    loop {
        let expected = sources.map(|source| Expected::next(&source.readiness, Direction::Read));
        let ready = sources.map(Source::is_ready);
        if ready != [false; 2] {
            return ready;
        }
        let _ = wait_any(&mut expected.map(Case::from), None);
    }
}

/// A model with at most so many switches that no thread asks for: in full some take hours.
fn bounded(preemptions: usize) -> loom::model::Builder {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model
}

#[test]
fn either_of_two_wakes() {
    bounded(2).check(|| {
        let sources = Source::two();
        let tellers = [0, 1].map(|index| {
            let sources = Arc::clone(&sources);
            thread::spawn(move || sources[index].become_ready())
        });
        wait_for([&sources[0], &sources[1]]);
        // Nothing is left linked: the frame is gone when the second tells.
        for teller in tellers {
            teller.join().unwrap();
        }
    });
}

/// Two who wait for the same two in opposite order do not block each other.
#[test]
fn order_does_not_matter() {
    bounded(2).check(|| {
        let sources = Source::two();
        let waiter = thread::spawn({
            let sources = Arc::clone(&sources);
            move || wait_for([&sources[1], &sources[0]])
        });
        let teller = thread::spawn({
            let sources = Arc::clone(&sources);
            move || sources[0].become_ready()
        });
        assert!(wait_for([&sources[0], &sources[1]])[0]);
        assert!(waiter.join().unwrap()[1]);
        teller.join().unwrap();
    });
}

#[test]
fn two_may_be_one() {
    bounded(4).check(|| {
        let source = Arc::new(Source::new());
        let teller = thread::spawn({
            let source = Arc::clone(&source);
            move || source.become_ready()
        });
        assert!(wait_for([&source, &source])[1]);
        teller.join().unwrap();
    });
}
