//! The async ends of channels: with every flavor, with every kind of peer, dropped at any time.

mod common;
#[path = "common/executor.rs"]
mod executor;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use common::{Census, Flavor, Random, World, join_all, rounds};
use executor::{Wakes, block_on, poll, poll_once};
use futures_util::StreamExt;
use hueless_channel::{Receiver, RecvError, Select, SendError, Sender, bounded, select};

tests_in_all_worlds!(
    receives_from_every_kind_of_sender,
    sends_to_every_kind_of_receiver,
    all_kinds_at_once,
    streams_end,
    waits_for_a_late_message,
    meets_a_waiting_select,
    panic_of_a_late_sender_has_it_wait_again,
    dropped_while_promised,
    nothing_lost_when_receives_are_dropped,
    nothing_lost_when_sends_are_dropped,
    disconnect_ends_all,
    close_ends_all,
    watchers_learn_of_futures,
);

const FLAVORS: [Flavor; 4] = [
    Flavor::Zero,
    Flavor::Array(1),
    Flavor::Array(100),
    Flavor::List,
];

/// The ways to send the numbers below `count`, from `first` on.
const SENDERS: [fn(Sender<usize>, usize, usize); 4] = [
    |s, first, count| (first..first + count).for_each(|i| s.send(i).unwrap()),
    |s, first, count| {
        let (_never_s, never) = bounded::<()>(0);
        for i in first..first + count {
            select! {
                send(s, i) -> res => res.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        }
    },
    |s, first, count| {
        block_on(async {
            for i in first..first + count {
                s.send_async(i).await.unwrap();
            }
        });
    },
    |s, first, count| {
        block_on(async {
            for i in first..first + count {
                s.clone().into_send_async(i).await.unwrap();
            }
        });
    },
];

/// The ways to receive until the end.
const RECEIVERS: [fn(Receiver<usize>) -> Vec<usize>; 5] = [
    |r| r.iter().collect(),
    |r| {
        let (_never_s, never) = bounded::<()>(0);
        let mut got = Vec::new();
        loop {
            select! {
                recv(r) -> msg => match msg {
                    Ok(msg) => got.push(msg),
                    Err(RecvError) => return got,
                },
                recv(never) -> _ => unreachable!(),
            }
        }
    },
    |r| {
        let mut got = Vec::new();
        block_on(async {
            while let Ok(msg) = r.recv_async().await {
                got.push(msg);
            }
        });
        got
    },
    |r| block_on(r.stream().collect()),
    |r| block_on(r.into_stream().collect()),
];

const SOME: usize = rounds(400);

fn receives_from_every_kind_of_sender<W: World>() {
    for flavor in FLAVORS {
        for send in SENDERS {
            for receive in &RECEIVERS[2..] {
                let (s, r) = flavor.make();
                let sender = W::spawn(move || send(s, 0, SOME));
                assert!(receive(r).into_iter().eq(0..SOME));
                sender.join();
            }
        }
    }
}

fn sends_to_every_kind_of_receiver<W: World>() {
    for flavor in FLAVORS {
        for receive in RECEIVERS {
            for send in &SENDERS[2..] {
                let (s, r) = flavor.make();
                let receiver = W::spawn(move || receive(r));
                send(s, 0, SOME);
                assert!(receiver.join().into_iter().eq(0..SOME));
            }
        }
    }
}

/// The messages of one sender are received in their order, and each once.
fn check_received(received: Vec<Vec<usize>>, senders: usize) {
    for got in &received {
        let mut last = vec![None; senders];
        for &msg in got {
            let seen = last[msg / SOME].replace(msg);
            assert!(seen < Some(msg), "{seen:?} before {msg}");
        }
    }
    let mut all = received.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..senders * SOME));
}

fn all_kinds_at_once<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let receivers = RECEIVERS.map(|receive| {
            let r = r.clone();
            W::spawn(move || receive(r))
        });
        drop(r);
        for (nth, send) in SENDERS.into_iter().enumerate() {
            let s = s.clone();
            // Plain threads too, in every world.
            std::thread::spawn(move || send(s, 2 * nth * SOME, SOME));
        }
        let senders = (0..).zip(SENDERS).map(|(nth, send)| {
            let s = s.clone();
            W::spawn(move || send(s, (2 * nth + 1) * SOME, SOME))
        });
        join_all(senders.collect());
        drop(s);
        check_received(join_all(receivers.into()), 2 * SENDERS.len());
    }
}

fn streams_end<W: World>() {
    use futures_util::stream::FusedStream;
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let sender = W::spawn(move || SENDERS[0](s, 0, 3));
        block_on(async {
            let mut stream = pin!(r.stream());
            for i in 0..3 {
                assert!(!stream.is_terminated());
                assert_eq!(stream.next().await, Some(i));
            }
            for _ in 0..2 {
                assert_eq!(stream.next().await, None);
                assert!(stream.is_terminated());
            }
        });
        sender.join();
    }
}

/// Has a select send to the future that waits.
fn send_late<T>(s: &Sender<T>, make: impl FnOnce() -> T) {
    select! {
        send(s, make()) -> res => assert!(res.is_ok()),
        default => panic!("a future waits"),
    }
}

fn waits_for_a_late_message<W: World>() {
    let (s, r) = bounded(0);
    let mut receiving = pin!(r.recv_async());
    let (wakes, waker) = Wakes::new();
    assert_eq!(poll(receiving.as_mut(), &waker), Poll::Pending);
    send_late(&s, || {
        // It is promised to this message.
        assert_eq!(poll(receiving.as_mut(), &waker), Poll::Pending);
        assert!(s.try_send(1).is_err());
        assert_eq!(wakes.count(), 0);
        2
    });
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll(receiving.as_mut(), &waker), Poll::Ready(Ok(2)));
}

fn meets_a_waiting_select<W: World>() {
    let (s, r) = bounded(0);
    let (_never_s, never) = bounded::<()>(0);
    for round in 0..rounds(200) {
        let (s, never, go) = (s.clone(), never.clone(), bounded(0));
        let sender = W::spawn(move || {
            select! {
                // Made while the future waits for it.
                send(s, { go.1.recv().unwrap(); round }) -> res => res.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        });
        let mut receiving = pin!(r.recv_async());
        // It has met the select, or the select will meet it.
        assert!(poll_once(receiving.as_mut()).is_pending());
        go.0.send(()).unwrap();
        assert_eq!(block_on(receiving), Ok(round));
        sender.join();
    }
}

/// Panics without a report.
fn quiet_panic<T>() -> T {
    resume_unwind(Box::new("quiet"))
}

fn panic_of_a_late_sender_has_it_wait_again<W: World>() {
    let (s, r) = bounded(0);
    let mut receiving = pin!(r.recv_async());
    let (wakes, waker) = Wakes::new();
    for round in 0..3 {
        assert_eq!(poll(receiving.as_mut(), &waker), Poll::Pending);
        let panicked = catch_unwind(AssertUnwindSafe(|| send_late(&s, quiet_panic)));
        assert!(panicked.is_err());
        assert_eq!(wakes.count(), round + 1);
    }
    // Nobody waits until it is polled again.
    assert!(s.try_send(1).is_err());
    assert_eq!(poll(receiving.as_mut(), &waker), Poll::Pending);
    assert!(s.try_send(2).is_ok());
    assert_eq!(poll(receiving.as_mut(), &waker), Poll::Ready(Ok(2)));
}

/// The drop waits for the message, which goes back.
fn dropped_while_promised<W: World>() {
    for gives_up in [false, true] {
        let census = Census::default();
        let (s, r) = bounded(0);
        let mut receiving = Box::pin(r.clone().into_recv_async());
        assert!(poll_once(receiving.as_mut()).is_pending());
        let (go_s, go_r) = bounded(0);
        let mut dropper = None;
        let message = census.message(1);
        let sent = catch_unwind(AssertUnwindSafe(|| {
            send_late(&s, || {
                dropper = Some(W::spawn(move || {
                    go_s.send(()).unwrap();
                    drop(receiving);
                }));
                go_r.recv().unwrap();
                W::yield_now();
                if gives_up { quiet_panic() } else { message }
            });
        }));
        assert_eq!(sent.is_err(), gives_up);
        dropper.unwrap().join();
        let left = r.try_recv().map(|msg| msg.value);
        assert_eq!(left.ok(), (!gives_up).then_some(1));
        assert_eq!(census.alive(), 0);
    }
}

/// Pending once in a while, and then ready at once.
async fn hesitate(random: &mut Random) {
    for _ in 0..random.below(3) {
        let mut first = true;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            match std::mem::replace(&mut first, false) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
    }
}

fn nothing_lost_when_receives_are_dropped<W: World>() {
    for flavor in FLAVORS {
        for (nth, send) in SENDERS.into_iter().enumerate() {
            let (s, r) = flavor.make();
            let sender = W::spawn(move || send(s, 0, SOME));
            let mut random = Random::new(nth as u64 + 1);
            let mut got = Vec::new();
            block_on(async {
                loop {
                    tokio::select! {
                        biased;
                        msg = r.recv_async() => match msg {
                            Ok(msg) => got.push(msg),
                            Err(RecvError) => break,
                        },
                        () = hesitate(&mut random) => {}
                    }
                }
            });
            assert!(got.into_iter().eq(0..SOME));
            sender.join();
        }
    }
}

fn nothing_lost_when_sends_are_dropped<W: World>() {
    for flavor in FLAVORS {
        for receive in RECEIVERS {
            let census = Census::default();
            let (s, r) = flavor.make();
            let (counted_s, counted_r) = flavor.make::<common::Counted>();
            let receiver = W::spawn(move || receive(r));
            // Messages with destructors pass through here.
            let other = W::spawn(move || {
                for msg in counted_r {
                    s.send(msg.value).unwrap();
                }
            });
            let mut random = Random::new(1);
            let mut sent = Vec::new();
            block_on(async {
                for i in 0..SOME {
                    tokio::select! {
                        biased;
                        res = counted_s.send_async(census.message(i)) => {
                            assert!(res.is_ok());
                            sent.push(i);
                        }
                        () = hesitate(&mut random) => {}
                    }
                }
            });
            drop(counted_s);
            other.join();
            let got = receiver.join();
            assert!(got.is_sorted_by(|a, b| a < b), "in order, and none twice");
            assert!(sent.iter().all(|i| got.binary_search(i).is_ok()));
            assert_eq!(census.alive(), 0);
        }
    }
}

fn disconnect_ends_all<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<usize>();
        let (wakes, waker) = Wakes::new();
        let mut receiving: Vec<_> = (0..100).map(|_| Box::pin(r.recv_async())).collect();
        for future in &mut receiving {
            assert!(poll(future.as_mut(), &waker).is_pending());
        }
        W::spawn(move || drop(s)).join();
        assert_eq!(wakes.count(), 100);
        for mut future in receiving {
            let ended = poll(future.as_mut(), &waker);
            assert_eq!(ended, Poll::Ready(Err(RecvError)));
        }
    }
    for flavor in &FLAVORS[..3] {
        let census = Census::default();
        let (s, r) = flavor.make();
        while s.try_send(census.message(0)).is_ok() {}
        let (wakes, waker) = Wakes::new();
        let mut sending: Vec<_> = (0..100)
            .map(|i| Box::pin(s.send_async(census.message(i))))
            .collect();
        for future in &mut sending {
            assert!(poll(future.as_mut(), &waker).is_pending());
        }
        W::spawn(move || drop(r)).join();
        assert_eq!((wakes.count(), census.alive()), (100, 100));
        for (i, mut future) in sending.into_iter().enumerate() {
            let Poll::Ready(Err(SendError(msg))) = poll(future.as_mut(), &waker) else {
                panic!("the receivers are gone");
            };
            assert_eq!(msg.value, i);
        }
        assert_eq!(census.alive(), 0);
    }
}

fn close_ends_all<W: World>() {
    let (s, r) = bounded::<usize>(0);
    let (wakes, waker) = Wakes::new();
    let mut receiving = [r.recv_async(), r.recv_async()].map(Box::pin);
    for future in &mut receiving {
        assert!(poll(future.as_mut(), &waker).is_pending());
    }
    let closer = s.clone();
    W::spawn(move || assert_eq!(closer.close().count(), 0)).join();
    assert_eq!(wakes.count(), 2);
    for mut future in receiving {
        assert_eq!(poll(future.as_mut(), &waker), Poll::Ready(Err(RecvError)));
    }
    let (s, r) = bounded(1);
    s.send(1).unwrap();
    let mut sending = pin!(s.send_async(2));
    assert!(poll(sending.as_mut(), &waker).is_pending());
    W::spawn(move || assert_eq!(r.close().collect::<Vec<_>>(), [1])).join();
    assert_eq!(wakes.count(), 3);
    assert_eq!(poll(sending, &waker), Poll::Ready(Err(SendError(2))));
}

/// Those who wait for an operation to become possible are told when a future begins to wait.
fn watchers_learn_of_futures<W: World>() {
    let (s, r) = bounded(0);
    for round in 0..rounds(100) {
        let (s2, r2) = (s.clone(), r.clone());
        let sender = W::spawn(move || {
            let mut select = Select::new();
            select.send(&s2);
            while s2.try_send(round).is_err() {
                select.ready();
            }
        });
        assert_eq!(block_on(r.recv_async()), Ok(round));
        sender.join();
        let receiver = W::spawn(move || {
            let mut select = Select::new();
            select.recv(&r2);
            loop {
                select.ready();
                if let Ok(msg) = r2.try_recv() {
                    return msg;
                }
            }
        });
        assert_eq!(block_on(s.send_async(round)), Ok(()));
        assert_eq!(receiver.join(), round);
    }
}

/// Futures on tokio's threads.
#[test]
fn tokio_tasks_meet_hueless_tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let (back_s, back_r) = flavor.make();
        let echo = hueless_runtime::spawn(move || r.iter().for_each(|i| back_s.send(i).unwrap()));
        let sending = runtime.spawn(async move {
            for i in 0..SOME {
                s.send_async(i).await.unwrap();
            }
        });
        let receiving = runtime.spawn(back_r.into_stream().collect::<Vec<_>>());
        assert!(runtime.block_on(receiving).unwrap().into_iter().eq(0..SOME));
        runtime.block_on(sending).unwrap();
        echo.join().unwrap();
    }
}
