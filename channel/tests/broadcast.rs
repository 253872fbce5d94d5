//! Broadcast channels: every receiver sees every message, or how many it has missed.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{Arrivals, NEVER, Random, Tasks, Threads, World, join_all, ms, rounds};
use hueless_channel::broadcast::{Lagged, Receiver, RecvError, Sender, TryRecvError};
use hueless_channel::broadcast::{RecvTimeoutError, SendError};
use hueless_channel::{bounded, broadcast};

tests_in_all_worlds!(
    all_see_all_in_one_order,
    lags_are_exact_while_messages_come,
    nothing_unaccounted_under_stress,
    receivers_come_and_go,
    one_shared_receiver_sees_each_message_once,
    disconnect_wakes_all,
    close_wakes_all,
    timeouts,
    deadline_races_send,
    handles_move_between_worlds,
);

/// The number after the one that was received, having missed `lagged` in between.
fn expect_next(received: Result<u64, RecvError>, next: &mut u64) -> bool {
    match received {
        Ok(n) => {
            assert_eq!(n, *next, "out of order, or a lag that was not told");
            *next += 1;
        }
        Err(RecvError::Lagged(missed)) => {
            assert!(missed > 0);
            *next += missed;
        }
        Err(RecvError::Disconnected) => return false,
    }
    true
}

fn all_see_all_in_one_order<W: World>() {
    const SENDERS: usize = 3;
    let count = rounds(400);
    let (tx, rx) = broadcast(SENDERS * count);
    let receivers = [rx.clone(), tx.subscribe(), rx].map(|rx| {
        W::spawn(move || {
            rx.into_iter()
                .collect::<Result<Vec<(usize, usize)>, Lagged>>()
                .expect("there is room for all")
        })
    });
    let senders = (0..SENDERS).map(|sender| {
        let tx = tx.clone();
        W::spawn(move || {
            for i in 0..count {
                assert_eq!(tx.send((sender, i)), Ok(3));
                W::yield_now();
            }
        })
    });
    join_all(senders.collect());
    drop(tx);
    let seen = join_all(receivers.into());
    assert_eq!(seen[0].len(), SENDERS * count);
    for sender in 0..SENDERS {
        let of_sender = seen[0].iter().filter(|(from, _)| *from == sender);
        assert!(of_sender.map(|(_, i)| *i).eq(0..count), "in their order");
    }
    assert!(seen.iter().all(|other| *other == seen[0]));
}

fn lags_are_exact_while_messages_come<W: World>() {
    for cap in [1, 2, 7] {
        let count = rounds(20_000) as u64;
        let (tx, rx) = broadcast(cap);
        let receivers = [rx.clone(), rx.clone(), rx].map(|rx| {
            W::spawn(move || {
                let mut next = 0;
                while expect_next(rx.recv(), &mut next) {}
                next
            })
        });
        for i in 0..count {
            assert_eq!(tx.send(i), Ok(3));
            if i % 16 == 0 {
                W::yield_now();
            }
        }
        drop(tx);
        assert_eq!(join_all(receivers.into()), [count; 3]);
    }
}

fn nothing_unaccounted_under_stress<W: World>() {
    const SENDERS: u64 = 4;
    let count = rounds(4000) as u64;
    let (tx, rx) = broadcast(64);
    let receivers = (0..4).map(|i| {
        let rx = rx.clone();
        W::spawn(move || {
            let mut last = [None; SENDERS as usize];
            let mut seen = 0;
            loop {
                let received = match i % 2 {
                    0 => rx.recv(),
                    _ => match rx.recv_timeout(ms(1)) {
                        Ok(msg) => Ok(msg),
                        Err(RecvTimeoutError::Timeout) => continue,
                        Err(RecvTimeoutError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                        Err(RecvTimeoutError::Disconnected) => Err(RecvError::Disconnected),
                    },
                };
                match received {
                    Ok((sender, n)) => {
                        let last: &mut Option<u64> = &mut last[sender as usize];
                        assert!(
                            last.is_none_or(|last| last < n),
                            "in the order of each sender"
                        );
                        *last = Some(n);
                        seen += 1;
                    }
                    Err(RecvError::Lagged(missed)) => seen += missed,
                    Err(RecvError::Disconnected) => return seen,
                }
            }
        })
    });
    let receivers = receivers.collect();
    drop(rx);
    let senders = (0..SENDERS).map(|sender| {
        let tx = tx.clone();
        W::spawn(move || {
            for n in 0..count {
                tx.send((sender, n)).unwrap();
                if n % 8 == 0 {
                    W::yield_now();
                }
            }
        })
    });
    join_all(senders.collect());
    drop(tx);
    assert_eq!(join_all(receivers), [SENDERS * count; 4]);
}

fn receivers_come_and_go<W: World>() {
    let (tx, rx) = broadcast(8);
    let over = Arc::new(AtomicBool::new(false));
    let guests = (0..3).map(|guest| {
        let (tx, over) = (tx.clone(), over.clone());
        W::spawn(move || {
            let mut random = Random::new(guest);
            while !over.load(Ordering::Relaxed) {
                let rx = tx.subscribe();
                let mut next = None;
                for _ in 0..random.below(10) {
                    match rx.recv_timeout(ms(1)) {
                        Ok(n) => {
                            assert!(next.is_none_or(|next| next == n), "from then on, all");
                            next = Some(n + 1);
                        }
                        Err(RecvTimeoutError::Lagged(missed)) => {
                            next = next.map(|next| next + missed);
                        }
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => unreachable!("we can send"),
                    }
                }
                let (twin, mut theirs, mut ours) = (rx.clone(), next, next);
                for _ in 0..random.below(4) {
                    for (rx, next) in [(&rx, &mut ours), (&twin, &mut theirs)] {
                        match rx.try_recv() {
                            Ok(n) => {
                                assert!(next.is_none_or(|next| next == n));
                                *next = Some(n + 1);
                            }
                            Err(TryRecvError::Lagged(missed)) => {
                                *next = next.map(|next| next + missed);
                            }
                            Err(_) => {}
                        }
                    }
                }
                if random.below(2) == 0 {
                    drop(rx);
                    drop(twin);
                }
            }
        })
    });
    let guests = guests.collect();
    let resident = W::spawn(move || {
        let mut next = 0;
        while expect_next(rx.recv(), &mut next) {}
        next
    });
    let count = rounds(8000) as u64;
    for n in 0..count {
        tx.send(n).unwrap();
        if n % 4 == 0 {
            W::yield_now();
        }
    }
    over.store(true, Ordering::Relaxed);
    join_all::<()>(guests);
    assert_eq!((tx.receiver_count(), tx.sender_count()), (1, 1));
    drop(tx);
    assert_eq!(resident.join(), count);
}

fn one_shared_receiver_sees_each_message_once<W: World>() {
    let count = rounds(4000);
    let (tx, rx) = broadcast(count);
    let rx = Arc::new(rx);
    let workers = (0..4).map(|_| {
        let rx = rx.clone();
        W::spawn(move || rx.iter().collect::<Result<Vec<_>, _>>().unwrap())
    });
    let workers = workers.collect();
    for i in 0..count {
        assert_eq!(tx.send(i), Ok(1));
        if i % 4 == 0 {
            W::yield_now();
        }
    }
    drop(tx);
    let mut all = join_all::<Vec<usize>>(workers).concat();
    all.sort();
    assert!(all.into_iter().eq(0..count));
}

/// Ends the waits of many receivers by `end`.
fn wakes_all<W: World>(end: fn(Sender<u8>, Receiver<u8>)) {
    const WAITING: usize = 30;
    let (tx, rx) = broadcast::<u8>(1);
    let arrivals = Arrivals::default();
    let waiting = (0..WAITING).map(|_| {
        let (rx, arrivals) = (rx.clone(), arrivals.clone());
        W::spawn(move || {
            arrivals.arrive();
            rx.recv()
        })
    });
    let waiting = waiting.collect();
    arrivals.wait::<W>(WAITING);
    end(tx, rx);
    for received in join_all(waiting) {
        assert_eq!(received, Err(RecvError::Disconnected));
    }
}

fn disconnect_wakes_all<W: World>() {
    wakes_all::<W>(|tx, _rx| {
        let other = tx.clone();
        drop(tx);
        drop(other);
    });
}

fn close_wakes_all<W: World>() {
    wakes_all::<W>(|tx, _rx| {
        tx.close();
        assert_eq!(tx.send(1), Err(SendError(1)));
    });
    wakes_all::<W>(|tx, rx| {
        rx.close();
        rx.close();
        assert_eq!(tx.send(1), Err(SendError(1)));
    });
}

fn timeouts<W: World>() {
    let (tx, rx) = broadcast(1);
    for wait in [Duration::ZERO, ms(10)] {
        let start = Instant::now();
        assert_eq!(rx.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= wait);
        let start = Instant::now();
        let deadline = start + wait;
        assert_eq!(rx.recv_deadline(deadline), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= wait);
    }
    let sender = W::spawn(move || {
        assert_eq!(tx.send(5), Ok(1));
        tx
    });
    assert_eq!(rx.recv_timeout(Duration::MAX), Ok(5));
    let tx = sender.join();
    tx.send(6).unwrap();
    tx.send(7).unwrap();
    let past = Instant::now();
    assert_eq!(rx.recv_deadline(past), Err(RecvTimeoutError::Lagged(1)));
    assert_eq!(rx.recv_deadline(past), Ok(7));
    drop(tx);
    let never = rx.recv_timeout(NEVER);
    assert_eq!(never, Err(RecvTimeoutError::Disconnected));
}

fn deadline_races_send<W: World>() {
    for round in 0..rounds(400) as u64 {
        let (tx, rx) = broadcast(4);
        let sender = W::spawn(move || {
            W::yield_now();
            tx.send(round).unwrap();
        });
        let mut times = 0;
        let received = loop {
            match rx.recv_timeout(Duration::from_micros(round % 50)) {
                Err(RecvTimeoutError::Timeout) => times += 1,
                received => break received,
            }
            assert!(times < 1_000_000);
            W::yield_now();
        };
        assert_eq!(received, Ok(round), "a wait whose time was up has lost it");
        assert_eq!(rx.recv(), Err(RecvError::Disconnected));
        sender.join();
    }
}

fn handles_move_between_worlds<W: World>() {
    let (tx, rx) = broadcast(1000);
    let (task_rx, thread_rx) = (rx.clone(), rx);
    let count = |rx: Receiver<i32>| move || rx.iter().map(Result::unwrap).sum::<i32>();
    let in_task = Tasks::spawn(count(task_rx));
    let in_thread = Threads::spawn(count(thread_rx));
    let senders = [tx.clone(), tx.clone()];
    let [a, b] = senders;
    let task = Tasks::spawn(move || (0..100).for_each(|_| assert_eq!(a.send(1), Ok(2))));
    let thread = Threads::spawn(move || (0..100).for_each(|_| assert_eq!(b.send(2), Ok(2))));
    let here = W::spawn(move || (0..100).for_each(|_| assert_eq!(tx.send(3), Ok(2))));
    for handle in [task, thread, here] {
        handle.join();
    }
    assert_eq!((in_task.join(), in_thread.join()), (600, 600));
}

/// Tasks that wait on one receiver are unwound, again and again: every message is seen once.
#[test]
fn nothing_is_lost_when_tasks_are_unwound() {
    for round in 0..rounds(80) {
        let count = 50;
        let (tx, rx) = broadcast(count);
        let rx = Arc::new(rx);
        let (seen_tx, seen) = bounded(count);
        let runtime = hueless_runtime::runtime::Builder::new()
            .workers(2)
            .build()
            .unwrap();
        for _ in 0..3 {
            let (rx, seen_tx) = (rx.clone(), seen_tx.clone());
            runtime.spawn(move || {
                loop {
                    // Neither can fail: the channel is open, and there is room.
                    seen_tx.try_send(rx.recv().unwrap()).unwrap();
                }
            });
        }
        let sender = std::thread::spawn(move || {
            for n in 0..count {
                assert_eq!(tx.send(n), Ok(1));
            }
        });
        while seen.len() < round % count {
            std::thread::yield_now();
        }
        drop(runtime);
        sender.join().unwrap();
        let rest = rx.iter().map(Result::unwrap);
        let mut all: Vec<usize> = seen.try_iter().chain(rest).collect();
        all.sort();
        assert!(all.into_iter().eq(0..count));
    }
}
