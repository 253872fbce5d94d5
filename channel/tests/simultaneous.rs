//! Several things that happen to one select at the same time: exactly one of them is committed, and the
//! others are as if the select had never been.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Census, Flavor, NEVER, Random, Tally, World, join_all, rounds};
use hueless_channel::{
    Receiver, RecvError, Select, Sender, TrySendError, bounded, select, select_biased, unbounded,
};

tests_in_all_worlds!(
    sends_ends_and_timeouts_at_once,
    losers_get_their_messages_back,
    receivers_at_once,
    two_sends_on_one_channel,
    one_channel_in_every_case,
    a_list_is_never_in_vain_while_a_case_is_ready,
    ready_is_never_in_vain_while_a_case_is_ready,
    closing_is_as_good_as_a_message,
    every_capacity_from_0_to_200,
);

/// Senders, droppers, a closer and the clock, all about when a select looks at their channels.
fn sends_ends_and_timeouts_at_once<W: World>() {
    for round in 0..rounds(400) {
        let flavor = Flavor::ALL[round % 4];
        let channels: Vec<(Sender<usize>, Receiver<usize>)> =
            (0..4).map(|_| flavor.make()).collect();
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| channels[i].1.clone());
        let others: Vec<_> = channels
            .into_iter()
            .enumerate()
            .map(|(i, (s, r))| {
                // Receivers are kept elsewhere, so that messages are not dropped.
                drop(r);
                W::spawn(move || match (i + round) % 4 {
                    0 => {
                        drop(s);
                        false
                    }
                    1 => s.close().count() > 0,
                    _ => {
                        let wait = Duration::from_micros(round as u64 % 80);
                        s.send_timeout(i, wait).is_ok()
                    }
                })
            })
            .collect();
        let wait = Duration::from_micros(round as u64 % 50);
        let (index, msg) = if round % 2 == 0 {
            select! {
                recv(a) -> msg => (0, msg.ok()),
                recv(b) -> msg => (1, msg.ok()),
                recv(c) -> msg => (2, msg.ok()),
                recv(d) -> msg => (3, msg.ok()),
                default(wait) => (4, None),
            }
        } else {
            let receivers = [&a, &b, &c, &d];
            let mut list = Select::new();
            receivers.iter().for_each(|r| {
                list.recv(r);
            });
            match list.select_timeout(wait) {
                Ok(operation) => {
                    let index = operation.index();
                    (index, operation.recv(receivers[index]).ok())
                }
                Err(_) => (4, None),
            }
        };
        let sent = join_all(others);
        for (i, r) in [a, b, c, d].into_iter().enumerate() {
            let left: Vec<_> = r.try_iter().collect();
            let received: Vec<_> = msg.filter(|_| index == i).into_iter().collect();
            let sends = (i + round) % 4 > 1;
            let expected = if sends && sent[i] { vec![i] } else { vec![] };
            assert_eq!([received, left].concat(), expected, "{flavor:?}");
        }
    }
}

fn losers_get_their_messages_back<W: World>() {
    const SENDERS: usize = 6;
    for round in 0..rounds(300) {
        let census = Census::default();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..SENDERS).map(|_| bounded(0)).unzip();
        let senders: Vec<_> = senders
            .into_iter()
            .enumerate()
            .map(|(i, s)| {
                let msg = census.message(i);
                W::spawn(move || match round % 3 {
                    0 => s.send(msg).err().map(|err| err.0),
                    1 => select! { send(s, msg) -> res => res.err().map(|err| err.0) },
                    _ => {
                        let mut list = Select::new();
                        list.send(&s);
                        list.select().send(&s, msg).err().map(|err| err.0)
                    }
                })
            })
            .collect();
        let mut list = Select::new();
        receivers.iter().for_each(|r| {
            list.recv(r);
        });
        let operation = list.select();
        let winner = operation.index();
        assert_eq!(operation.recv(&receivers[winner]).unwrap().value, winner);
        drop(receivers);
        for (i, back) in join_all(senders).into_iter().enumerate() {
            assert_eq!(back.map(|msg| msg.value), (i != winner).then_some(i));
        }
        assert_eq!(census.alive(), 0);
    }
}

/// A select that sends on many rendezvous channels meets one receiver only.
fn receivers_at_once<W: World>() {
    for round in 0..rounds(300) {
        let made = AtomicUsize::new(0);
        let [(s1, r1), (s2, r2), (s3, r3)] = [bounded(0), bounded(0), bounded(0)];
        let receivers = [r1, r2, r3].map(|r| {
            W::spawn(move || match round % 2 {
                0 => r.recv().ok(),
                _ => select! { recv(r) -> msg => msg.ok(), recv(r) -> msg => msg.ok() },
            })
        });
        let make = || made.fetch_add(1, Ordering::Relaxed);
        let chosen = select! {
            send(s1, make()) -> res => { res.unwrap(); 0 }
            send(s2, make()) -> res => { res.unwrap(); 1 }
            send(s3, make()) -> res => { res.unwrap(); 2 }
        };
        assert_eq!(made.load(Ordering::Relaxed), 1);
        drop((s1, s2, s3));
        for (i, received) in receivers
            .into_iter()
            .map(|handle| handle.join())
            .enumerate()
        {
            assert_eq!(received, (i == chosen).then_some(0));
        }
    }
}

fn two_sends_on_one_channel<W: World>() {
    for flavor in Flavor::ALL {
        let count = rounds(2_000);
        let (s, r) = flavor.make();
        let receiver = W::spawn(move || r.iter().collect::<Vec<_>>());
        let mut hits = [0; 2];
        for i in 0..count {
            select! {
                send(s, (0, i)) -> res => { res.unwrap(); hits[0] += 1; }
                send(s, (1, i)) -> res => { res.unwrap(); hits[1] += 1; }
            }
        }
        drop(s);
        let received = receiver.join();
        assert!(received.iter().map(|(_, i)| *i).eq(0..count));
        let first = received.iter().filter(|(case, _)| *case == 0).count();
        assert_eq!([first, count - first], hits);
    }
}

/// Sends and receives of one channel in one select, twice each, in a crowd of such selects: a message
/// goes from one select to another one.
fn one_channel_in_every_case<W: World>() {
    const TASKS: usize = 4;
    let each = rounds(2_000);
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make::<(usize, usize)>();
        let sums = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (s, r, sums) = (s.clone(), r.clone(), sums.clone());
                W::spawn(move || {
                    for i in 0..each {
                        let own = (task, i);
                        let received = select! {
                            send(s, own) -> res => res.map(|()| None).unwrap(),
                            recv(r) -> msg => msg.ok(),
                            recv(r) -> msg => msg.ok(),
                            send(s, own) -> res => res.map(|()| None).unwrap(),
                            // The last one would wait for ever.
                            default(Duration::from_millis(5)) => continue,
                        };
                        match received {
                            None => sums[0].fetch_add(i + 1, Ordering::Relaxed),
                            Some((from, number)) => {
                                let itself = (from, number) == own;
                                assert!(!itself, "it has met itself");
                                sums[1].fetch_add(number + 1, Ordering::Relaxed)
                            }
                        };
                    }
                })
            })
            .collect();
        join_all(tasks);
        let left: usize = r.try_iter().map(|(_, number)| number + 1).sum();
        let [sent, received] = [&sums[0], &sums[1]].map(|sum| sum.load(Ordering::Relaxed));
        assert_eq!(sent, received + left, "{flavor:?}");
    }
}

/// At every moment one of two channels has a message, which moves from one to the other.
fn with_a_case_always_ready<W: World>(look: impl Fn(&Receiver<i32>, &Receiver<i32>, usize)) {
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        let count = rounds(4_000);
        let ((s1, r1), (s2, r2)) = (flavor.make(), flavor.make());
        let (begin, begun) = bounded::<()>(0);
        let (end, ended) = bounded::<()>(0);
        let mover = {
            let r1 = r1.clone();
            W::spawn(move || {
                for _ in 0..count {
                    begun.recv().unwrap();
                    s2.send(1).unwrap();
                    let _ = r1.try_recv();
                    end.send(()).unwrap();
                }
            })
        };
        for i in 0..count {
            s1.send(1).unwrap();
            begin.send(()).unwrap();
            look(&r1, &r2, i);
            ended.recv().unwrap();
            r1.try_iter().chain(r2.try_iter()).for_each(drop);
        }
        mover.join();
    }
}

fn a_list_is_never_in_vain_while_a_case_is_ready<W: World>() {
    with_a_case_always_ready::<W>(|r1, r2, i| {
        let mut list = if i % 2 == 0 {
            Select::new()
        } else {
            Select::new_biased()
        };
        let (_s, nothing) = bounded::<()>(0);
        list.recv(r1);
        list.recv(&nothing);
        list.recv(r2);
        let operation = match i % 3 {
            0 => list.try_select().expect("a case was ready"),
            1 => list
                .select_timeout(Duration::ZERO)
                .expect("a case was ready"),
            _ => list
                .select_deadline(std::time::Instant::now())
                .expect("a case was ready"),
        };
        match operation.index() {
            0 => assert_eq!(operation.recv(r1), Ok(1)),
            _ => assert_eq!(operation.recv(r2), Ok(1)),
        }
    });
    with_a_case_always_ready::<W>(|r1, r2, _| {
        select_biased! {
            recv(r2) -> msg => assert_eq!(msg, Ok(1)),
            recv(r1) -> msg => assert_eq!(msg, Ok(1)),
            default => panic!("a case was ready"),
        }
    });
}

fn ready_is_never_in_vain_while_a_case_is_ready<W: World>() {
    with_a_case_always_ready::<W>(|r1, r2, i| {
        let mut list = Select::new();
        list.recv(r1);
        list.recv(r2);
        match i % 3 {
            0 => assert!(list.try_ready().is_ok()),
            1 => assert!(list.ready_timeout(Duration::ZERO).is_ok()),
            _ => assert!(list.ready_deadline(std::time::Instant::now()).is_ok()),
        }
    });
}

/// A message is there until the channel that it is in is closed and drained, which is as good.
fn closing_is_as_good_as_a_message<W: World>() {
    for round in 0..rounds(400) {
        let (s, r) = unbounded();
        s.send(round).unwrap();
        let closer = {
            let s = s.clone();
            W::spawn(move || s.close().count())
        };
        let received = select! {
            recv(r) -> msg => usize::from(msg.is_ok()),
            default => panic!("there was a message, or the end"),
        };
        assert_eq!(received + closer.join(), 1);
        assert_eq!(r.recv(), Err(RecvError));
    }
}

/// Every capacity, and as many messages in a channel without bounds: filled, passed through by each
/// operation there is, and dropped with some left.
fn every_capacity_from_0_to_200<W: World>() {
    for capacity in 0..=200 {
        for flavor in [Flavor::Array(capacity), Flavor::List] {
            if capacity % 4 != 0 && cfg!(debug_assertions) && flavor == Flavor::List {
                continue;
            }
            let census = Census::default();
            let (s, r) = flavor.make();
            let count = 2 * capacity + 3;
            let sender = {
                let (s, census) = (s.clone(), census.clone());
                W::spawn(move || {
                    let mut random = Random::new(capacity as u64);
                    for i in 0..count {
                        let msg = census.message(i);
                        match random.below(4) {
                            0 => assert!(s.send(msg).is_ok()),
                            1 => assert!(s.send_timeout(msg, NEVER).is_ok()),
                            2 => select! { send(s, msg) -> res => assert!(res.is_ok()) },
                            _ => {
                                let mut list = Select::new();
                                list.send(&s);
                                assert!(list.select().send(&s, msg).is_ok());
                            }
                        }
                    }
                })
            };
            let tally = Tally::new(count);
            let mut random = Random::new(7 + capacity as u64);
            let mut next = 0;
            while next < count {
                let mut batch = Vec::new();
                match random.below(5) {
                    0 => batch.extend(r.recv()),
                    1 => batch.extend(r.recv_timeout(NEVER)),
                    2 => select! { recv(r) -> msg => batch.extend(msg) },
                    3 => {
                        let mut list = Select::new();
                        list.recv(&r);
                        batch.extend(list.select().recv(&r));
                    }
                    _ => drop(r.recv_many(&mut batch, capacity + 1)),
                }
                assert!(!batch.is_empty());
                for msg in batch {
                    assert_eq!(msg.value, next, "in order");
                    tally.count(next);
                    next += 1;
                }
            }
            sender.join();
            assert_eq!(census.alive(), 0);
            // Exactly so many fit, also after all that.
            let fit = flavor.capacity().unwrap_or(capacity);
            for i in 0..fit {
                assert_eq!(s.len(), i);
                assert!(s.try_send(census.message(i)).is_ok());
            }
            if flavor.capacity().is_some() {
                let full = s.try_send(census.message(0));
                assert!(matches!(full, Err(TrySendError::Full(_))));
            }
            assert_eq!(r.try_iter().take(fit / 2).count(), fit / 2);
            assert_eq!((r.len(), census.alive() >= r.len()), (fit - fit / 2, true));
            drop(r);
            drop(s);
            assert_eq!(census.alive(), 0);
        }
    }
}
