//! Futures of channels one poll at a time: their order, and what is left when they are dropped.

mod common;
#[path = "common/executor.rs"]
mod executor;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use common::{Census, Flavor, Random, rounds};
use executor::{Wakes, poll, poll_once};
use futures_util::StreamExt;
use futures_util::future::FusedFuture;
use hueless_channel::{
    Receiver, RecvError, RecvFuture, RecvStream, SendFuture, Sender, TryRecvError, TrySendError,
    bounded, select, unbounded,
};
use hueless_runtime::runtime::{Builder, metrics};

const FLAVORS: [Flavor; 4] = [
    Flavor::Zero,
    Flavor::Array(1),
    Flavor::Array(100),
    Flavor::List,
];

/// A receive that waits.
fn waiting<T>(r: &Receiver<T>) -> Pin<Box<RecvFuture<'_, T>>> {
    let mut receiving = Box::pin(r.recv_async());
    assert!(poll_once(receiving.as_mut()).is_pending());
    receiving
}

#[test]
fn futures_are_served_in_the_order_they_came() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let receiving = [(); 3].map(|()| waiting(&r));
        for i in 0..3 {
            s.try_send(i).unwrap();
        }
        for (i, mut future) in receiving.into_iter().enumerate() {
            assert_eq!(poll_once(future.as_mut()), Poll::Ready(Ok(i)));
        }
    }
    let (s, r) = bounded(1);
    s.send(0).unwrap();
    let sending = [1, 2, 3].map(|i| {
        let mut sending = Box::pin(s.send_async(i));
        assert!(poll_once(sending.as_mut()).is_pending());
        sending
    });
    for (i, mut future) in sending.into_iter().enumerate() {
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(r.try_recv(), Ok(i));
        assert_eq!(poll_once(future.as_mut()), Poll::Ready(Ok(())));
    }
}

#[test]
fn a_future_that_was_not_polled_does_nothing() {
    let census = Census::default();
    let (s, r) = bounded(1);
    drop((s.send_async(census.message(1)), r.recv_async()));
    assert_eq!(census.alive(), 0);
    assert!(r.is_empty());
    s.try_send(census.message(2)).unwrap();
    drop(r.recv_async());
    assert_eq!(r.len(), 1);
}

#[test]
fn a_dropped_receive_is_out_of_the_queue() {
    let (s, r) = bounded(0);
    let first = waiting(&r);
    let mut second = waiting(&r);
    drop(first);
    s.try_send(1).unwrap();
    assert!(s.try_send(2).is_err());
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(Ok(1)));
}

#[test]
fn a_delivered_message_goes_back_to_the_front() {
    for flavor in FLAVORS {
        let census = Census::default();
        let (s, r) = flavor.make();
        let receiving = waiting(&r);
        s.try_send(census.message(1)).unwrap();
        let more = s.try_send(census.message(2)).is_ok();
        assert_eq!(more, flavor != Flavor::Zero);
        drop(receiving);
        assert_eq!(r.len(), 1 + usize::from(more));
        assert_eq!(r.try_recv().map(|msg| msg.value), Ok(1));
        if more {
            assert_eq!(r.try_recv().map(|msg| msg.value), Ok(2));
        }
        assert!(r.try_recv().is_err());
        // And with the last receiver it goes for good.
        let receiving = waiting(&r);
        s.try_send(census.message(3)).unwrap();
        drop(receiving);
        assert_eq!(census.alive(), 1);
        drop(r);
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn a_delivered_message_is_left_in_a_closed_channel() {
    let (s, r) = bounded(0);
    let receiving = waiting(&r);
    s.try_send(1).unwrap();
    s.close();
    drop(receiving);
    assert_eq!(r.try_recv(), Ok(1));
    assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_delivered_message_goes_to_the_next_who_waits() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let first = waiting(&r);
        let mut second = Box::pin(r.clone().into_recv_async());
        let (wakes, waker) = Wakes::new();
        assert!(poll(second.as_mut(), &waker).is_pending());
        s.try_send(1).unwrap();
        assert_eq!(wakes.count(), 0);
        drop(first);
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll(second.as_mut(), &waker), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_message_outlives_the_future_that_owned_the_last_receiver() {
    let census = Census::default();
    let (s, r) = bounded(0);
    let mut receiving = Box::pin(r.into_recv_async());
    assert!(poll_once(receiving.as_mut()).is_pending());
    s.try_send(census.message(1)).unwrap();
    drop(receiving);
    assert_eq!(census.alive(), 0);
    assert!(s.send(census.message(2)).is_err());
}

#[test]
fn a_dropped_send_takes_its_message_along() {
    for flavor in &FLAVORS[..3] {
        let census = Census::default();
        let (s, r) = flavor.make();
        while s.try_send(census.message(0)).is_ok() {}
        let full = census.alive();
        let mut sending = Box::pin(s.send_async(census.message(1)));
        assert!(poll_once(sending.as_mut()).is_pending());
        drop(sending);
        assert_eq!(census.alive(), full);
        assert_eq!(r.try_iter().count(), full);
    }
}

#[test]
fn a_taken_message_was_sent() {
    for flavor in &FLAVORS[..3] {
        let census = Census::default();
        let (s, r) = flavor.make();
        while s.try_send(census.message(0)).is_ok() {}
        let mut sending = Box::pin(s.send_async(census.message(1)));
        assert!(poll_once(sending.as_mut()).is_pending());
        let first = r.try_recv().unwrap();
        drop(sending);
        let last = r.try_iter().last().unwrap_or(first);
        assert_eq!((last.value, census.alive()), (1, 1));
    }
}

#[test]
fn a_future_that_has_ended_must_not_be_polled() {
    let (s, r) = bounded(1);
    let mut sending = pin!(s.send_async(1));
    let mut receiving = pin!(r.recv_async());
    assert!(!sending.is_terminated() && !receiving.is_terminated());
    assert!(poll_once(sending.as_mut()).is_ready());
    assert!(poll_once(receiving.as_mut()).is_ready());
    assert!(sending.is_terminated() && receiving.is_terminated());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(sending))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(receiving))).is_err());
}

#[test]
fn a_stream_that_is_dropped_gives_its_message_back() {
    let (s, r) = bounded(0);
    {
        let mut stream = pin!(r.stream());
        assert!(poll_once(pin!(stream.next())).is_pending());
        s.try_send(1).unwrap();
    }
    assert_eq!((r.len(), r.try_recv()), (1, Ok(1)));
}

/// Ten thousand futures wait; most are dropped, some after a message has come to them.
#[test]
fn ten_thousand_futures_with_random_drops() {
    const FUTURES: usize = if cfg!(debug_assertions) {
        2_000
    } else {
        10_000
    };
    let census = Census::default();
    let mut random = Random::new(7);
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let (wakes, waker) = Wakes::new();
        let mut futures: Vec<_> = (0..FUTURES)
            .map(|_| Some(Box::pin(r.recv_async())))
            .collect();
        for future in futures.iter_mut().flatten() {
            assert!(poll(future.as_mut(), &waker).is_pending());
        }
        let mut sent = 0;
        let mut got = vec![];
        let mut left = FUTURES;
        while left > 0 {
            if random.below(4) == 0 {
                sent += usize::from(s.try_send(census.message(sent)).is_ok());
            }
            let slot = &mut futures[random.below(FUTURES)];
            if let Some(mut future) = slot.take() {
                match random.below(2) {
                    0 => drop(future),
                    _ => match poll(future.as_mut(), &waker) {
                        Poll::Ready(msg) => got.push(msg.unwrap().value),
                        Poll::Pending => {
                            *slot = Some(future);
                            continue;
                        }
                    },
                }
                left -= 1;
            }
        }
        got.extend(r.try_iter().map(|msg| msg.value));
        got.sort_unstable();
        assert!(got.into_iter().eq(0..sent));
        assert!(wakes.count() >= sent.min(FUTURES) / 2);
        assert_eq!(census.alive(), 0);
    }
}

/// Futures that wait for what others send are dropped there and then, on two threads.
#[test]
fn drops_race_deliveries() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let received = Arc::new(AtomicUsize::new(0));
        let sender = std::thread::spawn(move || {
            let mut sum = 0;
            for i in 1..=rounds(20_000) {
                sum += i;
                s.send(i).unwrap();
            }
            sum
        });
        let droppers = [(); 2].map(|()| {
            let (r, received) = (r.clone(), received.clone());
            std::thread::spawn(move || {
                loop {
                    match poll_once(pin!(r.recv_async())) {
                        Poll::Ready(Ok(msg)) => received.fetch_add(msg, Ordering::Relaxed),
                        Poll::Ready(Err(RecvError)) => return,
                        Poll::Pending => continue,
                    };
                }
            })
        });
        for dropper in droppers {
            dropper.join().unwrap();
        }
        let sum = sender.join().unwrap();
        assert_eq!(received.load(Ordering::Relaxed), sum);
        assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    }
}

/// The drop waits for a message that a neighbour on its worker makes.
#[test]
fn a_drop_that_waits_parks_its_task_only() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let left = runtime.run(|| {
        let (s, r) = bounded(0);
        let mut receiving = Box::pin(r.clone().into_recv_async());
        assert!(poll_once(receiving.as_mut()).is_pending());
        let mut dropper = Vec::new();
        select! {
            send(s, {
                dropper.push(hueless_runtime::spawn(move || drop(receiving)));
                while metrics().parked == 0 {
                    hueless_runtime::yield_now();
                }
                1
            }) -> res => res.unwrap(),
        }
        dropper
            .into_iter()
            .for_each(|dropper| dropper.join().unwrap());
        r.try_recv()
    });
    assert_eq!(left, Ok(1));
}

/// Tasks of another executor that are aborted while they receive.
#[test]
fn aborted_receives_lose_nothing() {
    const MESSAGES: usize = rounds(8_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for flavor in FLAVORS {
        let census = Census::default();
        let (s, r) = flavor.make();
        let received = Arc::new(AtomicUsize::new(0));
        let senders = [0, 1].map(|nth| {
            let (s, census) = (s.clone(), census.clone());
            hueless_runtime::spawn(move || {
                for i in (nth..MESSAGES).step_by(2) {
                    assert!(s.send(census.message(i)).is_ok());
                }
            })
        });
        drop(s);
        let start = || {
            let (r, received) = (r.clone(), received.clone());
            runtime.spawn(async move {
                while let Ok(msg) = r.recv_async().await {
                    received.fetch_add(msg.value, Ordering::Relaxed);
                }
            })
        };
        let mut random = Random::new(3);
        let mut receivers = [(); 4].map(|()| start());
        // An error may come while a message is on its way back, so all go on to the last one.
        while received.load(Ordering::Relaxed) < (0..MESSAGES).sum() {
            let receiver = &mut receivers[random.below(4)];
            receiver.abort();
            *receiver = start();
        }
        for sender in senders {
            sender.join().unwrap();
        }
        for receiver in receivers {
            runtime.block_on(receiver).unwrap();
        }
        assert_eq!(received.load(Ordering::Relaxed), (0..MESSAGES).sum());
        assert_eq!((census.alive(), r.len()), (0, 0));
    }
}

#[test]
fn an_unbounded_send_never_waits() {
    let (s, r) = unbounded();
    for i in 0..100 {
        assert_eq!(poll_once(pin!(s.send_async(i))), Poll::Ready(Ok(())));
    }
    assert_eq!(r.try_iter().count(), 100);
}

#[test]
fn futures_go_where_their_messages_may() {
    fn check<T: Send + Sync>() {}
    check::<RecvFuture<'_, std::cell::Cell<u8>>>();
    check::<RecvStream<'_, std::cell::Cell<u8>>>();
    check::<SendFuture<'_, std::cell::Cell<u8>>>();
}

#[test]
fn they_are_printed() {
    let (s, r) = bounded::<u8>(0);
    assert_eq!(format!("{:?}", r.recv_async()), "RecvFuture { .. }");
    assert_eq!(format!("{:?}", r.stream()), "RecvStream { .. }");
    assert_eq!(format!("{:?}", s.send_async(1)), "SendFuture { .. }");
}

/// Futures are as big as what they hold.
const _: () = assert!(size_of::<RecvFuture<'_, u64>>() <= 200);

#[allow(dead_code, reason = "to be compiled")]
fn futures_outlive_what_they_own<'a, T: 'a>(
    s: Sender<T>,
    r: Receiver<T>,
    msg: T,
) -> (impl Future + 'a, impl Future + 'a) {
    (s.into_send_async(msg), r.into_recv_async())
}

/// A future that was forgotten stays in memory, and in its queue, when its receiver goes.
#[test]
fn nothing_is_sent_to_a_forgotten_future() {
    let (s, r) = bounded(0);
    let mut receiving = Box::pin(r.recv_async());
    assert!(poll_once(receiving.as_mut()).is_pending());
    std::mem::forget(receiving);
    drop(r);
    assert_eq!(s.try_send(1), Err(TrySendError::Disconnected(1)));
}
