//! A poller driven by hand: what reaches which source, and when `wait` returns.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::*;
use crate::readiness::{Direction, Tick};

/// Registers `stream` for reading.
fn register(poller: &MioPoller, stream: &UnixStream) -> (Arc<Source>, Token) {
    stream.set_nonblocking(true).unwrap();
    let source = Source::new(stream.as_raw_fd(), Interest::READABLE);
    let token = poller
        .register(&source, stream.as_raw_fd(), Interest::READABLE)
        .unwrap()
        .unwrap();
    (source, token)
}

fn reads(source: &Source) -> Tick {
    source.tick(Direction::Read)
}

/// Lets the poller tell all there is to tell.
fn look(poller: &MioPoller) {
    poller.wait(Some(Duration::ZERO));
}

#[test]
fn event_reaches_its_source_only() {
    let poller = MioPoller::new().unwrap();
    let (a, mut to_a) = UnixStream::pair().unwrap();
    let (b, _to_b) = UnixStream::pair().unwrap();
    let (source_a, _) = register(&poller, &a);
    let (source_b, _) = register(&poller, &b);
    look(&poller);
    let before = (reads(&source_a), reads(&source_b));
    to_a.write_all(b"x").unwrap();
    look(&poller);
    assert_ne!(reads(&source_a), before.0);
    assert_eq!(reads(&source_b), before.1);
}

/// The monitor looks on behalf of a worker that does not come to it, and takes nothing from it: a
/// notification still ends the worker's next wait.
#[test]
fn a_look_for_another_takes_no_notification() {
    let poller = MioPoller::new().unwrap();
    let (stream, mut peer) = UnixStream::pair().unwrap();
    let (source, _) = register(&poller, &stream);
    let before = reads(&source);
    poller.notify();
    peer.write_all(b"x").unwrap();
    poller.poll_for_other();
    assert_ne!(reads(&source), before);
    poller.wait(None);
}

#[test]
fn each_edge_counts_once() {
    let poller = MioPoller::new().unwrap();
    let (mut stream, mut peer) = UnixStream::pair().unwrap();
    let (source, _) = register(&poller, &stream);
    peer.write_all(b"x").unwrap();
    look(&poller);
    let first = reads(&source);
    look(&poller);
    assert_eq!(reads(&source), first, "what was told is told again");
    // More of the same is news, though the first byte has not been read.
    peer.write_all(b"y").unwrap();
    look(&poller);
    assert_ne!(reads(&source), first);
    let second = reads(&source);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 2);
    drop(peer);
    look(&poller);
    assert_ne!(reads(&source), second, "the end is news");
}

#[test]
fn what_is_ready_already_is_told() {
    let poller = MioPoller::new().unwrap();
    let (stream, mut peer) = UnixStream::pair().unwrap();
    peer.write_all(b"x").unwrap();
    let (source, _) = register(&poller, &stream);
    let before = reads(&source);
    look(&poller);
    assert_ne!(reads(&source), before);
}

#[test]
fn deregistered_source_hears_nothing() {
    let poller = MioPoller::new().unwrap();
    assert!(!poller.is_in_use());
    let (stream, mut peer) = UnixStream::pair().unwrap();
    let (source, token) = register(&poller, &stream);
    assert!(poller.is_in_use());
    look(&poller);
    let before = reads(&source);
    peer.write_all(b"x").unwrap();
    poller.deregister(stream.as_raw_fd(), token);
    assert!(!poller.is_in_use());
    look(&poller);
    assert_eq!(reads(&source), before);
    assert_eq!(Arc::strong_count(&source), 1);
}

/// The event was fetched for a source that has gone, and its slot has been taken by another.
#[test]
fn late_event_misses_the_slot_s_next_owner() {
    let poller = MioPoller::new().unwrap();
    let (a, _peer) = UnixStream::pair().unwrap();
    let (b, _peer) = UnixStream::pair().unwrap();
    let (_, old) = register(&poller, &a);
    poller.deregister(a.as_raw_fd(), old);
    let (source, new) = register(&poller, &b);
    assert_ne!(old, new);
    assert!(poller.table().get(old).is_none());
    assert!(std::ptr::eq(poller.table().get(new).unwrap(), &*source));
}

#[test]
fn more_events_than_fit_are_all_told() {
    let poller = MioPoller::new().unwrap();
    let pairs: Vec<_> = (0..EVENTS + BATCH + 1)
        .map(|_| UnixStream::pair().unwrap())
        .collect();
    let sources: Vec<_> = pairs.iter().map(|(a, _)| register(&poller, a)).collect();
    let before: Vec<_> = sources.iter().map(|(source, _)| reads(source)).collect();
    for (_, peer) in &pairs {
        { peer }.write_all(b"x").unwrap();
    }
    look(&poller);
    look(&poller);
    for ((source, _), before) in sources.iter().zip(before) {
        assert_ne!(reads(source), before);
    }
}

#[test]
fn wait_ends_after_its_timeout() {
    let poller = MioPoller::new().unwrap();
    for timeout in [Duration::from_micros(300), Duration::from_millis(20)] {
        let start = Instant::now();
        poller.wait(Some(timeout));
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn notify_ends_the_next_wait() {
    let poller = MioPoller::new().unwrap();
    for _ in 0..3 {
        poller.notify();
        poller.notify();
        poller.wait(None);
    }
}

#[test]
fn notify_ends_the_current_wait() {
    let poller = MioPoller::new().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| poller.wait(None));
        while !waiting.is_finished() {
            poller.notify();
            std::thread::yield_now();
        }
    });
}

#[test]
fn closed_poller_takes_nothing() {
    let poller = MioPoller::new().unwrap();
    let (stream, _peer) = UnixStream::pair().unwrap();
    let (source, token) = register(&poller, &stream);
    poller.close();
    assert!(!poller.is_in_use());
    assert_eq!(Arc::strong_count(&source), 1);
    let answer = poller
        .register(&source, stream.as_raw_fd(), Interest::READABLE)
        .unwrap();
    assert!(answer.is_none());
    poller.deregister(stream.as_raw_fd(), token);
    poller.close();
}

#[test]
fn what_cannot_be_watched_is_an_error() {
    let poller = MioPoller::new().unwrap();
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let source = Source::new(file.as_raw_fd(), Interest::READABLE);
    let answer = poller.register(&source, file.as_raw_fd(), Interest::READABLE);
    assert!(answer.is_err());
    assert!(!poller.is_in_use());
}

/// Early by less than a millisecond, that is, and only if it is long.
#[test]
fn one_call_does_for_whole_milliseconds_and_for_long_waits() {
    let (millisecond, nanosecond) = (Duration::from_millis(1), Duration::from_nanos(1));
    for whole in [Duration::ZERO, millisecond, LONG, 100 * LONG] {
        assert_eq!(in_one_call(whole), Some(whole));
    }
    for short in [nanosecond, millisecond - nanosecond, LONG - nanosecond] {
        assert_eq!(in_one_call(short), None);
    }
    assert_eq!(in_one_call(LONG + millisecond - nanosecond), Some(LONG));
    let longest = in_one_call(Duration::MAX).unwrap();
    assert!(Duration::MAX - longest < millisecond);
    let poller = MioPoller::new().unwrap();
    let start = Instant::now();
    poller.wait(Some(2 * LONG + millisecond / 2));
    assert!(start.elapsed() >= 2 * LONG);
}
