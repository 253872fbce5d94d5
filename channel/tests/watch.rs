//! Watch channels: the latest value, and nobody misses that it has changed.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Arrivals, Census, NEVER, Tasks, Threads, World, join_all, ms, rounds};
use hueless_channel::watch::{Receiver, Sender};
use hueless_channel::{RecvError, RecvTimeoutError, SendError, TryRecvError, bounded, watch};

tests_in_all_worlds!(
    values_only_go_forward_and_end_with_the_last,
    one_shared_receiver_sees_each_value_once,
    receivers_come_and_go,
    disconnect_wakes_all,
    close_wakes_all,
    timeouts,
    deadline_races_send,
    waits_for_a_wanted_value,
    modifications_are_not_lost,
    a_send_does_not_wait_for_a_modification,
    modifiers_that_panic_change_nothing,
    values_are_dropped_once,
    drops_may_send_on_the_same_channel,
    looks_block_nobody,
    handles_move_between_worlds,
);

fn values_only_go_forward_and_end_with_the_last<W: World>() {
    let count = rounds(20_000);
    let (tx, rx) = watch(0);
    let receivers = (0..4).map(|i| {
        let rx = rx.clone();
        W::spawn(move || {
            let mut last = 0;
            loop {
                let received = match i % 2 {
                    0 => rx.recv(),
                    _ => match rx.recv_timeout(ms(1)) {
                        Err(RecvTimeoutError::Timeout) => continue,
                        received => received.map_err(|_| RecvError),
                    },
                };
                match received {
                    Ok(value) => {
                        assert!(value > last);
                        last = value;
                    }
                    Err(RecvError) => return last,
                }
            }
        })
    });
    let receivers = receivers.collect();
    for value in 1..=count {
        tx.send(value).unwrap();
        if value % 16 == 0 {
            W::yield_now();
        }
    }
    drop(tx);
    assert_eq!(join_all(receivers), [count; 4]);
}

fn one_shared_receiver_sees_each_value_once<W: World>() {
    let count = rounds(4000);
    let (tx, rx) = watch(0);
    let rx = Arc::new(rx);
    let workers = (0..4).map(|_| {
        let rx = rx.clone();
        W::spawn(move || rx.iter().collect())
    });
    let workers = workers.collect();
    for value in 1..=count {
        tx.send(value).unwrap();
        if value % 2 == 0 {
            W::yield_now();
        }
    }
    drop(tx);
    let mut all = join_all::<Vec<usize>>(workers).concat();
    all.sort();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "seen twice");
    assert_eq!(all.last(), Some(&count));
}

fn receivers_come_and_go<W: World>() {
    let (tx, rx) = watch(0);
    let over = Arc::new(AtomicBool::new(false));
    let guests = (0..3).map(|_| {
        let (tx, over) = (tx.clone(), over.clone());
        W::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let rx = tx.subscribe();
                let first = rx.get();
                let twin = rx.clone();
                for rx in [rx, twin] {
                    match rx.recv_timeout(Duration::from_micros(100)) {
                        Ok(value) => assert!(value >= first),
                        Err(err) => assert!(err.is_timeout()),
                    }
                }
                W::yield_now();
            }
        })
    });
    let guests = guests.collect();
    for value in 0..rounds(2000) {
        tx.send(value).unwrap();
        W::yield_now();
    }
    over.store(true, Ordering::Relaxed);
    join_all::<()>(guests);
    assert_eq!((rx.receiver_count(), rx.sender_count()), (1, 1));
}

/// Ends the waits of many receivers by `end`.
fn wakes_all<W: World>(end: fn(Sender<u8>, Receiver<u8>)) {
    const WAITING: usize = 30;
    let (tx, rx) = watch(0);
    let arrivals = Arrivals::default();
    let waiting = (0..WAITING).map(|i| {
        let (rx, arrivals) = (rx.clone(), arrivals.clone());
        W::spawn(move || {
            arrivals.arrive();
            match i % 2 {
                0 => rx.recv(),
                _ => rx.wait_for(|value| *value > 0),
            }
        })
    });
    let waiting = waiting.collect();
    arrivals.wait::<W>(WAITING);
    end(tx, rx);
    assert!(
        join_all(waiting)
            .into_iter()
            .all(|end| end == Err(RecvError))
    );
}

fn disconnect_wakes_all<W: World>() {
    wakes_all::<W>(|tx, _rx| {
        let other = tx.clone();
        drop(tx);
        drop(other);
    });
}

fn close_wakes_all<W: World>() {
    wakes_all::<W>(|tx, rx| {
        tx.close();
        assert_eq!(tx.send(1), Err(SendError(1)));
        assert!(!tx.send_modify(|value| *value = 1));
        assert_eq!((rx.get(), *tx.borrow()), (0, 0), "it stays what it was");
    });
    wakes_all::<W>(|tx, rx| {
        rx.close();
        rx.close();
        assert_eq!(tx.send(1), Err(SendError(1)));
    });
}

fn timeouts<W: World>() {
    let (tx, rx) = watch(0);
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
        tx.send(5).unwrap();
        tx
    });
    assert_eq!(rx.recv_timeout(Duration::MAX), Ok(5));
    let tx = sender.join();
    tx.send(6).unwrap();
    assert_eq!(rx.recv_deadline(Instant::now()), Ok(6));
    drop(tx);
    let never = rx.recv_timeout(NEVER);
    assert_eq!(never, Err(RecvTimeoutError::Disconnected));
}

fn deadline_races_send<W: World>() {
    for round in 0..rounds(400) as u64 {
        let (tx, rx) = watch(u64::MAX);
        let sender = W::spawn(move || {
            W::yield_now();
            tx.send(round).unwrap();
        });
        let received = loop {
            match rx.recv_timeout(Duration::from_micros(round % 50)) {
                Err(RecvTimeoutError::Timeout) => W::yield_now(),
                received => break received,
            }
        };
        assert_eq!(received, Ok(round), "a wait whose time was up has lost it");
        assert_eq!(rx.recv(), Err(RecvError));
        sender.join();
    }
}

fn waits_for_a_wanted_value<W: World>() {
    let (tx, rx) = watch(0);
    assert_eq!(
        rx.wait_for(|value| *value == 0),
        Ok(0),
        "the one that is there"
    );
    let other = rx.clone();
    let (told, was_told) = bounded(0);
    let waiting = W::spawn(move || {
        let ten = rx.wait_for(|value| *value >= 10);
        told.send(()).unwrap();
        // What was looked at has been seen.
        (ten, rx.recv(), rx.recv())
    });
    let picky = W::spawn(move || {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            other.wait_for(|value| *value > 0 && resume_unwind(Box::new("quiet")))
        }));
        assert!(panicked.is_err());
        other.wait_for(|value| *value == 100)
    });
    for value in 1..=10 {
        tx.send(value).unwrap();
        W::yield_now();
    }
    was_told.recv().unwrap();
    tx.send(100).unwrap();
    drop(tx);
    assert_eq!(waiting.join(), (Ok(10), Ok(100), Err(RecvError)));
    assert_eq!(picky.join(), Ok(100));
}

fn modifications_are_not_lost<W: World>() {
    const MODIFIERS: usize = 4;
    let count = rounds(800);
    let (tx, rx) = watch((0, 0));
    let modifiers = (0..MODIFIERS).map(|i| {
        let tx = tx.clone();
        W::spawn(move || {
            for n in 0..count {
                let changed = tx.send_if_modified(|(sum, refused)| {
                    if n % 8 == i {
                        W::yield_now();
                    }
                    *sum += 1;
                    *refused += 1;
                    n % 4 != 3
                });
                assert_eq!(changed, n % 4 != 3);
            }
        })
    });
    let modifiers = modifiers.collect();
    drop(tx);
    let last = rx
        .iter()
        .inspect(|(sum, refused)| assert_eq!(sum, refused))
        .last();
    join_all::<()>(modifiers);
    let sum = MODIFIERS * count / 4 * 3;
    assert_eq!(last, Some((sum, sum)));
}

fn a_send_does_not_wait_for_a_modification<W: World>() {
    let (tx, rx) = watch(vec![0]);
    let (go_on, may_go_on) = bounded::<()>(0);
    let (begun, has_begun) = bounded(0);
    let modifier = {
        let tx = tx.clone();
        W::spawn(move || {
            tx.send_modify(|list| {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                list.push(1);
            })
        })
    };
    has_begun.recv().unwrap();
    let second = {
        let tx = tx.clone();
        W::spawn(move || tx.send_modify(|list| list.push(2)))
    };
    assert_eq!(rx.get(), [0], "not half of it");
    tx.send(vec![10]).unwrap();
    assert_eq!(rx.recv(), Ok(vec![10]));
    go_on.send(()).unwrap();
    assert!(modifier.join() && second.join());
    // The send came after the first modification, which so was replaced at once.
    assert_eq!(rx.recv(), Ok(vec![10, 2]));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

fn modifiers_that_panic_change_nothing<W: World>() {
    let (tx, rx) = watch(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        tx.send_modify(|value| {
            *value = 2;
            resume_unwind(Box::new("quiet"));
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.get(), 1);
    let next = W::spawn(move || tx.send_modify(|value| *value += 2));
    assert!(next.join());
    assert_eq!(rx.recv(), Ok(3));
}

fn values_are_dropped_once<W: World>() {
    let census = Census::default();
    for round in 0..rounds(40) {
        let (tx, rx) = watch(census.message(0));
        let receivers = (0..3).map(|i| {
            let rx = rx.clone();
            W::spawn(move || {
                for _ in 0..round * i {
                    let look = rx.borrow();
                    if rx.recv().is_err() {
                        break;
                    }
                    drop(look);
                }
            })
        });
        let receivers = receivers.collect();
        if round % 2 == 0 {
            drop(rx);
        }
        for value in 0..rounds(100) {
            match value % 8 {
                0 => assert!(tx.send_modify(|value| value.value += 1)),
                1 => assert!(!tx.send_if_modified(|_| false)),
                _ => drop(tx.send(census.message(value))),
            }
            if value % 4 == round % 4 {
                W::yield_now();
            }
        }
        drop(tx);
        join_all::<()>(receivers);
    }
    assert_eq!(census.alive(), 0);
}

/// Sends a value when dropped.
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
    let (tx, rx) = watch(LastWord(None));
    for _ in 0..3 {
        tx.send(LastWord(Some(tx.clone()))).unwrap();
        assert!(rx.borrow().0.is_some());
        // Drops the one before it, which sends one more.
        tx.send(LastWord(None)).unwrap();
        assert!(rx.recv().is_ok_and(|value| value.0.is_none()));
        assert!(rx.try_recv().is_err());
    }
    let other = W::spawn({
        let tx = tx.clone();
        move || {
            for _ in 0..rounds(1000) {
                tx.send(LastWord(Some(tx.clone()))).unwrap();
                tx.send_modify(|value| value.0 = None);
            }
        }
    });
    for _ in 0..rounds(1000) {
        drop(rx.borrow());
        let _ = rx.try_recv();
    }
    other.join();
    tx.close();
}

fn looks_block_nobody<W: World>() {
    let (tx, rx) = watch(0);
    let looks = [rx.borrow(), tx.borrow()];
    for value in 1..10 {
        tx.send(value).unwrap();
    }
    let later = rx.borrow();
    tx.send(10).unwrap();
    assert_eq!(looks.map(|look| *look), [0, 0]);
    assert_eq!((*later, *rx.borrow(), rx.get()), (9, 10, 10));
    let other = {
        let rx = rx.clone();
        W::spawn(move || *rx.borrow())
    };
    assert_eq!(other.join(), 10);
    assert!(rx.has_changed(), "looking is not seeing");
    assert_eq!(rx.recv(), Ok(10));
    drop(tx);
    assert_eq!((*later, *rx.borrow()), (9, 10), "after the end, too");
}

fn handles_move_between_worlds<W: World>() {
    let (tx, rx) = watch(0);
    let (task_rx, thread_rx) = (rx.clone(), rx);
    let in_task = Tasks::spawn(move || task_rx.wait_for(|value| *value >= 300));
    let in_thread = Threads::spawn(move || thread_rx.wait_for(|value| *value >= 300));
    let (a, b) = (tx.clone(), tx.clone());
    let add = |tx: Sender<i32>| move || (0..100).for_each(|_| assert!(tx.send_modify(|n| *n += 1)));
    let handles = vec![
        Tasks::spawn(add(a)),
        Threads::spawn(add(b)),
        W::spawn(add(tx)),
    ];
    join_all(handles);
    assert_eq!((in_task.join(), in_thread.join()), (Ok(300), Ok(300)));
}

/// Tasks that wait on one receiver are unwound, again and again: the last value is seen once.
#[test]
fn nothing_is_lost_when_tasks_are_unwound() {
    for round in 0..rounds(80) {
        let (tx, rx) = watch(0);
        let rx = Arc::new(rx);
        let (seen_tx, seen) = bounded(100);
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
        let sender = std::thread::spawn(move || (1..=50).for_each(|n| tx.send(n).unwrap()));
        while seen.is_empty() && round % 2 == 0 {
            std::thread::yield_now();
        }
        drop(runtime);
        sender.join().unwrap();
        let mut all: Vec<i32> = seen.try_iter().chain(rx.iter()).collect();
        all.sort();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "seen twice");
        assert_eq!(all.last(), Some(&50));
    }
}

/// Modifiers are unwound while they work.
#[test]
fn modifiers_that_are_unwound_change_nothing() {
    for _ in 0..rounds(40) {
        let (tx, rx) = watch(0);
        let runtime = hueless_runtime::runtime::Builder::new()
            .workers(2)
            .build()
            .unwrap();
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..4 {
            let (tx, begun) = (tx.clone(), begun.clone());
            runtime.spawn(move || {
                loop {
                    tx.send_modify(|value| {
                        begun.fetch_add(1, Ordering::Relaxed);
                        hueless_runtime::yield_now();
                        *value += 1;
                    });
                }
            });
        }
        while begun.load(Ordering::Relaxed) < 4 {
            std::thread::yield_now();
        }
        drop(runtime);
        let before = rx.get();
        assert!(tx.send_modify(|value| *value += 1));
        assert_eq!(rx.get(), before + 1);
    }
}
