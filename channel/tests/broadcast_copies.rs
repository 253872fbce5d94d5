//! Broadcast channels: each receiver gets a copy, whose making and dropping is the program's code.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use common::{Census, Counted, World, join_all, rounds};
use hueless_channel::broadcast;
use hueless_channel::broadcast::{RecvError, Sender, TryRecvError};

tests_in_all_worlds!(
    copies_are_dropped_once,
    clones_may_panic,
    drops_may_send_on_the_same_channel,
);

fn copies_are_dropped_once<W: World>() {
    let census = Census::default();
    for round in 0..rounds(60) {
        let (tx, rx) = broadcast(1 + round % 5);
        let receivers = (0..3).map(|i| {
            let rx = rx.clone();
            W::spawn(move || {
                for _ in 0..round * i {
                    match rx.recv() {
                        Ok(copy) => drop(copy),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Disconnected) => break,
                    }
                }
            })
        });
        let receivers = receivers.collect();
        if round % 2 == 0 {
            drop(rx);
        }
        for n in 0..rounds(100) {
            let _ = tx.send(census.message(n));
            if n % 4 == round % 4 {
                W::yield_now();
            }
        }
        drop(tx);
        join_all::<()>(receivers);
    }
    assert_eq!(census.alive(), 0);
}

/// Panics when cloned, if asked to.
struct Fragile {
    value: u64,
    breaks: bool,
    _counted: Counted,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        if self.breaks {
            resume_unwind(Box::new("quiet"));
        }
        Self {
            _counted: self._counted.clone(),
            ..*self
        }
    }
}

fn clones_may_panic<W: World>() {
    let census = Census::default();
    let (tx, rx) = broadcast(4);
    let last = rx.clone();
    for value in 0..3 {
        let msg = Fragile {
            value,
            breaks: value == 1,
            _counted: census.message(0),
        };
        tx.send(msg).unwrap();
    }
    let watcher = W::spawn(move || {
        assert_eq!(rx.recv().map(|msg| msg.value), Ok(0));
        let panicked = catch_unwind(AssertUnwindSafe(|| rx.recv().map(|msg| msg.value)));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"quiet"));
        assert_eq!(rx.recv().map(|msg| msg.value), Ok(2), "the next one");
    });
    watcher.join();
    for value in 0..3 {
        assert_eq!(
            last.recv().map(|msg| msg.value),
            Ok(value),
            "needs no clone"
        );
    }
    assert_eq!(census.alive(), 0);
}

/// Sends a message when dropped.
struct LastWord(Option<Sender<LastWord>>);

impl Clone for LastWord {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if let Some(tx) = self.0.take() {
            let _ = tx.send(Self(None));
        }
    }
}

fn drops_may_send_on_the_same_channel<W: World>() {
    let (tx, rx) = broadcast(1);
    let word = || LastWord(Some(tx.clone()));
    // Overwritten: its word overwrites the one it went for.
    tx.send(word()).unwrap();
    tx.send(LastWord(None)).unwrap();
    assert_eq!(rx.try_recv().map(drop), Err(TryRecvError::Lagged(2)));
    rx.try_recv().map(drop).unwrap();
    // Received and dropped.
    tx.send(word()).unwrap();
    drop(rx.recv().unwrap());
    assert_eq!(rx.len(), 1);
    rx.recv().map(drop).unwrap();
    // Left behind by the receiver.
    let other = rx.clone();
    tx.send(word()).unwrap();
    drop(rx);
    drop(other);
    assert_eq!((tx.len(), tx.receiver_count()), (0, 0));
    // Refused.
    drop(tx.send(word()).map_err(|err| err.0));
    let late = tx.subscribe();
    let busy = W::spawn({
        let tx = tx.clone();
        move || {
            for _ in 0..rounds(1000) {
                let _ = tx.send(LastWord(Some(tx.clone())));
            }
        }
    });
    while !late
        .try_recv()
        .is_err_and(|err| err.is_empty() && busy_is_over(&tx))
    {
        W::yield_now();
    }
    busy.join();
}

/// Whether this is the only sender left, but for one that may be in a message.
fn busy_is_over(tx: &Sender<LastWord>) -> bool {
    tx.sender_count() == 1
}
