//! Which operations wait, and which do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hueless_channel::{Receiver, RecvError, SendError, Sender, bounded, never, select};

use crate::common::World;

crate::tests_in_all_worlds!(
    without_a_peer_everything_waits,
    with_a_peer_or_room_nothing_waits,
    on_a_closed_channel_nothing_waits,
    selects_wait_for_what_can_happen,
    cases_that_are_switched_off_are_never_chosen,
);

/// Shows that `operation` waits, as far as can be seen: it goes on waiting when this returns.
#[track_caller]
fn waits<W: World>(operation: impl FnOnce() + Send + 'static) {
    let begun = Arc::new(AtomicBool::new(false));
    let ended = Arc::new(AtomicBool::new(false));
    {
        let (begun, ended) = (begun.clone(), ended.clone());
        W::spawn(move || {
            begun.store(true, Ordering::Relaxed);
            operation();
            ended.store(true, Ordering::Relaxed);
        });
    }
    while !begun.load(Ordering::Relaxed) {
        W::yield_now();
    }
    for _ in 0..200 {
        W::yield_now();
    }
    assert!(!ended.load(Ordering::Relaxed));
}

/// Shows that `operation` comes to an end by itself.
fn ends<W: World>(operation: impl FnOnce() + Send + 'static) {
    W::spawn(operation).join();
}

/// A sender nobody will ever receive from: Go's nil channel, to send on.
fn nobody() -> (Sender<i32>, Receiver<i32>) {
    bounded(0)
}

/// Go's `select3`: nil channels, empty ones, full ones.
fn without_a_peer_everything_waits<W: World>() {
    waits::<W>(|| {
        let _ = never::<i32>().recv();
    });
    waits::<W>(|| {
        let (s, _r) = nobody();
        let _ = s.send(1);
    });
    waits::<W>(|| {
        let (_s, r) = nobody();
        let _ = r.recv();
    });
    waits::<W>(|| {
        let (_s, r) = bounded::<i32>(5);
        let _ = r.recv();
    });
    waits::<W>(|| {
        let (s, _r) = bounded(2);
        for i in 0..3 {
            s.send(i).unwrap();
        }
    });
}

/// Go's `select3`.
fn with_a_peer_or_room_nothing_waits<W: World>() {
    ends::<W>(|| {
        let (s, r) = bounded(2);
        s.send(1).unwrap();
        s.send(2).unwrap();
        assert_eq!((r.recv(), r.recv()), (Ok(1), Ok(2)));
    });
    let (s, r) = nobody();
    let sending = W::spawn(move || s.send(7));
    ends::<W>(move || assert_eq!(r.recv(), Ok(7)));
    assert_eq!(sending.join(), Ok(()));
}

/// Go's `select3`, with errors where Go panics.
fn on_a_closed_channel_nothing_waits<W: World>() {
    for capacity in [0, 1, 10] {
        let (s, r) = bounded::<i32>(capacity);
        if capacity > 0 {
            s.send(5).unwrap();
        }
        s.close();
        ends::<W>(move || {
            assert_eq!(s.send(1), Err(SendError(1)));
            select! {
                send(s, 2) -> res => assert_eq!(res, Err(SendError(2))),
            }
            if capacity > 0 {
                assert_eq!(r.recv(), Ok(5));
            }
            for _ in 0..3 {
                assert_eq!(r.recv(), Err(RecvError));
                select! {
                    recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
                    recv(never::<i32>()) -> _ => unreachable!(),
                }
            }
        });
    }
}

/// Go's `select3`.
fn selects_wait_for_what_can_happen<W: World>() {
    waits::<W>(|| {
        select! { recv(never::<i32>()) -> _ => {} }
    });
    waits::<W>(|| {
        let (s, r) = nobody();
        // A select does not meet itself.
        select! {
            recv(never::<i32>()) -> _ => {}
            send(s, 1) -> _ => {}
            recv(r) -> _ => {}
        }
    });
    ends::<W>(|| {
        let (s, r) = nobody();
        select! {
            recv(never::<i32>()) -> _ => unreachable!(),
            send(s, 1) -> _ => unreachable!(),
            recv(r) -> _ => unreachable!(),
            default => {}
        }
        select! {
            recv(never::<i32>()) -> _ => unreachable!(),
            send(s, 1) -> _ => unreachable!(),
            recv(r) -> _ => unreachable!(),
            default(Duration::from_millis(1)) => {}
        }
        let (s, r) = bounded(1);
        select! {
            recv(never::<i32>()) -> _ => unreachable!(),
            recv(r) -> _ => unreachable!(),
            send(s, 1) -> res => res.unwrap(),
        }
        select! {
            recv(never::<i32>()) -> _ => unreachable!(),
            send(s, 1) -> _ => unreachable!(),
            recv(r) -> msg => assert_eq!(msg, Ok(1)),
        }
    });
}

/// Go's `select`: a case is switched off by a channel on which nothing happens. Unlike Go's, the
/// message of a send is made only for the case that is chosen.
fn cases_that_are_switched_off_are_never_chosen<W: World>() {
    let (off, _kept) = nobody();
    let (s1, r1) = bounded(1);
    let (s2, r2) = bounded(1);
    let mut made = 0;
    let mut send_all = |first: Option<&Sender<i32>>, second: Option<&Sender<i32>>| {
        let (mut first, mut second) = (first, second);
        let mut sent = 0;
        let mut next = || {
            made += 1;
            1 << (made - 1)
        };
        loop {
            select! {
                send(first.unwrap_or(&off), next()) -> res => {
                    res.unwrap();
                    first = None;
                }
                send(second.unwrap_or(&off), next()) -> res => {
                    res.unwrap();
                    second = None;
                }
                default => return sent,
            }
            sent += 1;
        }
    };
    assert_eq!(send_all(Some(&s1), Some(&s2)), 2);
    assert_eq!(r1.recv().unwrap() | r2.recv().unwrap(), 0b11);
    assert_eq!(send_all(Some(&s1), None), 1);
    assert_eq!(send_all(Some(&s1), None), 0);
    assert_eq!(r1.recv(), Ok(0b100));
    assert_eq!(send_all(None, None), 0);
    assert_eq!(made, 3);
}
