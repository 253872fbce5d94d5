//! Futures that receive from the clock.

mod common;
#[path = "common/executor.rs"]
mod executor;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use common::{NEVER, World, ms};
use executor::{Wakes, block_on, poll, poll_once};
use futures_util::{StreamExt, future::select};
use hueless_channel::{after, at, bounded, never, tick};
use hueless_runtime::runtime::Builder;

tests_in_all_worlds!(
    one_message_comes_in_time,
    ticks_come_one_by_one,
    the_first_of_several_wins,
    one_of_several_receivers_gets_it,
    a_past_instant_is_there_at_once,
);

fn one_message_comes_in_time<W: World>() {
    let start = Instant::now();
    let r = after(ms(5));
    let due = block_on(r.recv_async()).unwrap();
    assert!(start + ms(5) <= due && due <= Instant::now());
    // And no other.
    assert!(poll_once(pin!(r.recv_async())).is_pending());
}

fn ticks_come_one_by_one<W: World>() {
    let start = Instant::now();
    let ticks: Vec<_> = block_on(tick(ms(2)).into_stream().take(5).collect());
    for (nth, due) in (1..).zip(ticks) {
        assert!(due >= start + nth * ms(2));
        assert!(due <= Instant::now());
    }
}

fn the_first_of_several_wins<W: World>() {
    let (s, r) = bounded(0);
    let (long, short, never) = (after(NEVER), after(ms(2)), never::<()>());
    block_on(async {
        tokio::select! {
            _ = r.recv_async() => panic!("nothing was sent"),
            _ = long.recv_async() => panic!("not yet"),
            _ = never.recv_async() => panic!("never"),
            due = short.recv_async() => assert!(due.is_ok()),
        }
    });
    let sender = W::spawn(move || s.send(1));
    block_on(async {
        tokio::select! {
            msg = r.recv_async() => assert_eq!(msg, Ok(1)),
            _ = long.recv_async() => panic!("not yet"),
        }
    });
    sender.join().unwrap();
}

fn one_of_several_receivers_gets_it<W: World>() {
    let r = after(ms(2));
    let futures = [r.recv_async(), r.recv_async()].map(Box::pin);
    let [first, second] = futures;
    let other = block_on(async {
        match select(first, second).await {
            futures_util::future::Either::Left((due, other)) => due.map(|_| other),
            futures_util::future::Either::Right((due, other)) => due.map(|_| other),
        }
    });
    assert!(poll_once(pin!(other.unwrap())).is_pending());
}

fn a_past_instant_is_there_at_once<W: World>() {
    let now = Instant::now();
    assert_eq!(poll_once(pin!(at(now).recv_async())), Poll::Ready(Ok(now)));
}

#[test]
fn the_last_waker_is_kept() {
    let r = after(NEVER);
    let mut receiving = Box::pin(r.recv_async());
    let all = [Wakes::new(), Wakes::new()];
    for nth in [0, 0, 1] {
        assert!(poll(receiving.as_mut(), &all[nth].1).is_pending());
    }
    let kept = || {
        all.each_ref()
            .map(|(wakes, _)| Arc::strong_count(wakes) - 2)
    };
    assert_eq!(kept(), [0, 1]);
    drop(receiving);
    assert_eq!(kept(), [0, 0]);
}

#[test]
fn a_dropped_future_leaves_no_task() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.run(|| {
        let r = after(NEVER);
        for _ in 0..100 {
            assert!(poll_once(pin!(r.recv_async())).is_pending());
        }
    });
    while runtime.metrics().alive > 0 {
        std::thread::yield_now();
    }
}

/// The task that sleeps for a future ends with its runtime: the future is woken, and takes another.
#[test]
fn a_future_outlives_the_runtime_it_was_polled_in() {
    let r = after(NEVER);
    let mut receiving = pin!(r.recv_async());
    let (wakes, waker) = Wakes::new();
    for round in 1..3 {
        let runtime = Builder::new().workers(1).build().unwrap();
        runtime.run(|| assert!(poll(receiving.as_mut(), &waker).is_pending()));
        drop(runtime);
        assert_eq!(wakes.count(), round);
    }
}
