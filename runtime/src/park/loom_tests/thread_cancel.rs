//! Cancelling what an OS thread waits for.

use loom::sync::{Arc, Mutex};
use loom::thread;

use super::model;
use crate::loom::{Ordering, Parker, Unparker};
use crate::park::claim::{Claim, Settled};
use crate::park::header::Kind;
use crate::park::thread_cancel::Cancellation;

/// What others know of a thread.
struct Shared {
    claim: Claim,
    cancellation: Cancellation,
    /// Stands for the lock of the context: whether the thread is in the frame that is to be cancelled.
    in_frame: Mutex<bool>,
    wakes: Unparker,
}

/// A thread that is in a frame.
fn thread_in_frame() -> (Arc<Shared>, Parker) {
    let parker = Parker::new();
    let shared = Shared {
        claim: Claim::new(Kind::Thread),
        cancellation: Cancellation::new(),
        in_frame: Mutex::new(true),
        wakes: parker.unparker().clone(),
    };
    (Arc::new(shared), parker)
}

impl Shared {
    /// The canceller, all of it.
    fn cancel(&self) {
        {
            let in_frame = self.in_frame.lock().unwrap();
            if !*in_frame {
                return;
            }
            self.cancellation.flag.store(true, Ordering::Relaxed);
        }
        if let Some(word) = self.cancellation.word_to_interrupt(&self.claim) {
            self.settle(word, Settled::CANCELLED);
        }
    }

    fn settle(&self, word: u64, settled: Settled) {
        if self.claim.settle(word, settled) {
            self.wakes.unpark();
        }
    }

    /// The thread's wait `word` in code that may be cancelled, and how it ended.
    fn wait(&self, word: u64, parker: &Parker) -> Settled {
        let waiting = self.cancellation.begin_to_wait();
        if !waiting.is_cancelled() || !self.claim.settle(word, Settled::CANCELLED) {
            parker.park();
        }
        self.claim.state()
    }

    fn leave_frame(&self) {
        let mut in_frame = self.in_frame.lock().unwrap();
        *in_frame = false;
        self.cancellation.flag.store(false, Ordering::Relaxed);
    }
}

/// A cancellation comes before, during or after the thread's last look at its flag: the thread sees it
/// or is woken. Without the fence of either side it sleeps for ever.
#[test]
fn a_cancellation_is_never_lost() {
    model(|| {
        let (shared, parker) = thread_in_frame();
        let there = shared.clone();
        let canceller = thread::spawn(move || there.cancel());
        let word = shared.claim.begin();
        assert_eq!(shared.wait(word, &parker), Settled::CANCELLED);
        canceller.join().unwrap();
    });
}

/// A peer and a cancellation race for a wait, which ends once: with one of them, and with one ready.
#[test]
fn a_peer_and_a_cancellation_end_a_wait_once() {
    model(|| {
        let (shared, parker) = thread_in_frame();
        let word = shared.claim.begin();
        let there = shared.clone();
        let canceller = thread::spawn(move || there.cancel());
        let there = shared.clone();
        let peer = thread::spawn(move || there.settle(word, Settled::case(0)));
        let first = shared.wait(word, &parker);
        canceller.join().unwrap();
        peer.join().unwrap();
        assert!(first == Settled::case(0) || first == Settled::CANCELLED);
        // A ready too many would end this wait.
        let word = shared.claim.begin();
        shared.settle(word, Settled::case(1));
        parker.park();
        assert_eq!(shared.claim.state(), Settled::case(1));
    });
}

/// The wait that is to be cancelled ends by a peer, and the next is one that may not be: it is shielded,
/// or the thread unwinds.
#[test]
fn a_shielded_wait_is_not_ended_for_the_one_before_it() {
    model(|| {
        let (shared, parker) = thread_in_frame();
        let word = shared.claim.begin();
        assert!(shared.claim.settle(word, Settled::case(0)));
        shared.wakes.unpark();
        let there = shared.clone();
        let canceller = thread::spawn(move || there.cancel());
        let _ = shared.wait(word, &parker);
        let shielded = shared.claim.begin();
        canceller.join().unwrap();
        assert!(shared.claim.settle(shielded, Settled::case(1)));
    });
}

/// The thread has left the frame that is cancelled, and waits in another that is not.
#[test]
fn a_wait_in_another_frame_is_not_ended() {
    model(|| {
        let (shared, parker) = thread_in_frame();
        let word = shared.claim.begin();
        assert!(shared.claim.settle(word, Settled::case(0)));
        shared.wakes.unpark();
        let there = shared.clone();
        let canceller = thread::spawn(move || there.cancel());
        let _ = shared.wait(word, &parker);
        shared.leave_frame();
        let other = shared.claim.begin();
        let there = shared.clone();
        let peer = thread::spawn(move || there.settle(other, Settled::case(1)));
        assert_eq!(shared.wait(other, &parker), Settled::case(1));
        canceller.join().unwrap();
        peer.join().unwrap();
    });
}
