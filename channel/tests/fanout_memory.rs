//! What broadcast and watch channels allocate, and that it goes back.

#[path = "common/counting.rs"]
mod counting;

use std::thread;
use std::time::Duration;

use counting::count;
use hueless_channel::broadcast::RecvError;
use hueless_channel::{broadcast, select, watch};

/// The first wait of a thread allocates its parker.
fn first_wait() {
    let (_tx, rx) = watch(());
    assert!(rx.recv_timeout(SOME).is_err());
}

const SOME: Duration = Duration::from_nanos(1);

#[test]
fn a_broadcast_in_the_steady_state_allocates_nothing() {
    let (tx, first) = broadcast(8);
    let second = first.clone();
    first_wait();
    let round = |round: usize| {
        for n in 0..8 {
            assert_eq!(tx.send(round + n), Ok(2));
        }
        for n in 0..8 {
            assert_eq!(first.recv(), Ok(round + n));
        }
        assert_eq!(second.recv(), Ok(round));
        // Overtaken.
        tx.send(0).unwrap();
        tx.send(0).unwrap();
        assert_eq!(second.recv(), Err(RecvError::Lagged(1)));
        assert_eq!(second.try_iter().count(), 8);
        assert_eq!(first.try_iter().count(), 2);
        assert!(first.recv_timeout(SOME).is_err());
        select! {
            recv(first) -> _ => unreachable!(),
            recv(second) -> _ => unreachable!(),
            default(SOME) => {}
        }
    };
    // The first messages need memory.
    round(0);
    assert_eq!(count(|| (1..1000).for_each(round)), (0, 0));
}

#[test]
fn a_watch_in_the_steady_state_allocates_nothing() {
    let (tx, rx) = watch(0);
    first_wait();
    let round = |round: usize| {
        tx.send(round).unwrap();
        let look = rx.borrow();
        tx.send(round + 1).unwrap();
        assert!(tx.send_modify(|value| *value += 1));
        assert!(!tx.send_if_modified(|_| false));
        assert_eq!(rx.recv(), Ok(round + 2));
        assert_eq!((*look, rx.get()), (round, round + 2));
        assert!(rx.recv_timeout(SOME).is_err());
        select! {
            recv(rx) -> _ => unreachable!(),
            default(SOME) => {}
        }
    };
    // The first messages need memory.
    round(0);
    assert_eq!(count(|| (1..1000).for_each(round)), (0, 0));
}

/// However receivers and sender overlap, there are no more nodes than can be in use at a time.
#[test]
fn messages_that_cross_threads_come_back_to_the_sender() {
    const CAP: usize = 16;
    const RECEIVERS: usize = 3;
    let messages = if cfg!(debug_assertions) {
        20_000
    } else {
        200_000
    };
    let (tx, rx) = broadcast(CAP);
    let receivers = [rx.clone(), rx.clone(), rx].map(|rx| {
        thread::spawn(move || {
            let mut seen = 0;
            first_wait();
            let (allocations, bytes) = count(|| {
                for received in &rx {
                    match received {
                        Ok(_) => seen += 1,
                        Err(lagged) => seen += lagged.0 as usize,
                    }
                }
            });
            assert_eq!((allocations, bytes), (0, 0));
            seen
        })
    });
    let (allocations, _) =
        count(|| (0..messages).for_each(|n| assert_eq!(tx.send(n), Ok(RECEIVERS))));
    drop(tx);
    for receiver in receivers {
        assert_eq!(receiver.join().unwrap(), messages);
    }
    // In the channel, with receivers, and the one that was overwritten last.
    let bound = CAP + RECEIVERS + 1;
    assert!(allocations <= bound, "{allocations} allocations");
}

#[test]
fn channels_leave_nothing_behind() {
    first_wait();
    let (_, left) = count(|| {
        for round in 0..20 {
            let (tx, rx) = broadcast(4);
            let other = (round % 3 == 0).then(|| rx.clone());
            for n in 0..round {
                tx.send(Box::new(n)).unwrap();
            }
            let _ = (rx.try_recv(), rx.try_recv());
            if round % 2 == 0 {
                drop(tx);
                drop((rx, other));
            } else {
                drop((rx, other));
                drop(tx);
            }
            let (tx, rx) = watch(Box::new(0));
            for n in 0..round {
                tx.send(Box::new(n)).unwrap();
                assert!(tx.send_modify(|value| **value += 1));
            }
            let _ = (rx.get(), rx.recv_timeout(SOME));
        }
        // More nodes than one drop within the other would stand.
        let (tx, rx) = broadcast(200_000);
        for n in 0..300_000 {
            tx.send(n).unwrap();
        }
        drop(rx);
        drop(tx);
    });
    assert_eq!(left, 0);
}
