//! Tokens: what they cancel, and what they tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless_channel::{CancelToken, RecvError, bounded, select, unbounded};
use hueless_runtime::runtime::Builder;
use hueless_runtime::{sleep, timeout};

/// Both modes, with one worker and with several.
fn runtimes() -> impl Iterator<Item = hueless_runtime::runtime::Runtime> {
    [1, 3].into_iter().flat_map(|workers| {
        // SAFETY: the tests keep nothing of a thread's across an operation.
        let migrating = unsafe { Builder::new().workers(workers).migrate() };
        [Builder::new().workers(workers), migrating].map(|builder| builder.build().unwrap())
    })
}

#[test]
fn done_tells_once_cancelled_and_not_before() {
    let token = CancelToken::new();
    let early = token.done();
    assert!(early.try_recv().unwrap_err().is_empty());
    token.clone().cancel();
    assert_eq!(early.recv(), Err(RecvError));
    assert_eq!(token.done().recv(), Err(RecvError));
    assert!(token.is_cancelled());
}

#[test]
fn a_token_that_goes_uncancelled_never_tells() {
    let token = CancelToken::new();
    let done = token.done();
    drop(token);
    assert!(done.try_recv().unwrap_err().is_empty());
}

#[test]
fn what_is_below_is_cancelled_and_nothing_above() {
    let top = CancelToken::new();
    let (left, right) = (top.child(), top.child());
    let (below, told) = (left.child(), left.child().done());
    left.cancel();
    assert!(below.is_cancelled() && !top.is_cancelled() && !right.is_cancelled());
    assert_eq!(told.recv(), Err(RecvError));
    assert!(left.child().is_cancelled());
    top.cancel();
    assert!(right.is_cancelled());
}

#[test]
fn a_guard_cancels_unless_it_is_disarmed() {
    let token = CancelToken::new();
    drop(token.clone().drop_guard().disarm());
    assert!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    assert!(token.is_cancelled());
}

#[test]
fn a_select_sees_the_end() {
    for runtime in runtimes() {
        let token = CancelToken::new();
        let (_keep, messages) = bounded::<i32>(1);
        let waits = token.clone();
        let waits = runtime.spawn(move || {
            select! {
                recv(messages) -> message => panic!("{message:?}"),
                recv(waits.done()) -> done => done,
            }
        });
        token.cancel();
        assert_eq!(waits.join().unwrap(), Err(RecvError));
    }
}

/// Senders and receivers under tokens that are cancelled while messages flow: each message that was
/// sent is received once or still there, and none comes twice.
#[test]
fn no_message_is_lost_or_doubled() {
    const ROUNDS: usize = 200;
    for runtime in runtimes() {
        for capacity in [0, 1, 8] {
            let (tx, rx) = bounded::<usize>(capacity);
            let (sent, received) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let mut tasks = Vec::new();
            let tokens: Vec<_> = (0..ROUNDS).map(|_| CancelToken::new()).collect();
            for (index, token) in tokens.iter().enumerate() {
                let (token, tx, rx) = (token.clone(), tx.clone(), rx.clone());
                let (sent, received) = (sent.clone(), received.clone());
                tasks.push(runtime.spawn(move || {
                    let _ = token.run(|| {
                        loop {
                            match index % 4 {
                                0 => {
                                    tx.send(1).unwrap();
                                    sent.fetch_add(1, Ordering::Relaxed);
                                }
                                1 => {
                                    received.fetch_add(rx.recv().unwrap(), Ordering::Relaxed);
                                }
                                2 => select! {
                                    send(tx, 1) -> done => {
                                        done.unwrap();
                                        sent.fetch_add(1, Ordering::Relaxed);
                                    }
                                },
                                _ => select! {
                                    recv(rx) -> message => {
                                        received.fetch_add(message.unwrap(), Ordering::Relaxed);
                                    }
                                },
                            }
                        }
                    });
                }));
            }
            // In an order that ends senders and receivers in turn.
            for token in &tokens {
                token.cancel();
                std::thread::yield_now();
            }
            for task in tasks {
                task.join().unwrap();
            }
            let left = rx.try_iter().count();
            let (sent, received) = (
                sent.load(Ordering::Relaxed),
                received.load(Ordering::Relaxed),
            );
            assert_eq!(sent, received + left, "capacity {capacity}");
        }
    }
}

#[test]
fn a_receive_that_is_cut_off_has_not_happened() {
    let receive = || {
        let (tx, rx) = unbounded();
        assert!(timeout(Duration::from_millis(1), || rx.recv()).is_err());
        tx.send(7).unwrap();
        assert_eq!(timeout(Duration::from_secs(60), || rx.recv()), Ok(Ok(7)));
        let (tx, rx) = bounded(0);
        assert!(timeout(Duration::from_millis(1), || tx.send(1)).is_err());
        assert!(rx.try_recv().unwrap_err().is_empty());
        sleep(Duration::from_micros(1));
    };
    receive();
    for runtime in runtimes() {
        runtime.run(receive);
    }
}
