//! What channels allocate, and that it goes back.

#[path = "common/counting.rs"]
mod counting;
#[path = "common/executor.rs"]
mod executor;

use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use counting::count;
use executor::poll_once;
use futures_util::StreamExt;
use hueless_channel::{bounded, select, unbounded};

#[test]
fn bounded_operations_allocate_nothing() {
    let (s, r) = bounded(10);
    let (s0, r0) = bounded::<u8>(0);
    let some = Duration::from_nanos(1);
    // The first wait of a thread allocates its parker.
    let _ = r0.recv_timeout(some);
    let none = count(|| {
        for round in 0..1000 {
            s.send(round).unwrap();
            assert_eq!(r.recv(), Ok(round));
            assert!(r0.try_recv().is_err() && s0.try_send(1).is_err());
            assert!(r0.recv_timeout(some).is_err() && s0.send_timeout(1, some).is_err());
        }
    });
    assert_eq!(none, (0, 0));
}

#[test]
fn futures_allocate_nothing() {
    let (s, r) = bounded(1);
    let (s0, r0) = bounded(0);
    let none = count(|| {
        for round in 0..1000 {
            // At once.
            assert_eq!(poll_once(pin!(s.send_async(round))), Poll::Ready(Ok(())));
            assert_eq!(poll_once(pin!(r.recv_async())), Poll::Ready(Ok(round)));
            // In vain.
            assert!(poll_once(pin!(r0.recv_async())).is_pending());
            assert!(poll_once(pin!(s0.send_async(round))).is_pending());
            // After a while.
            let mut receiving = pin!(r0.recv_async());
            assert!(poll_once(receiving.as_mut()).is_pending());
            assert_eq!(poll_once(pin!(s0.send_async(round))), Poll::Ready(Ok(())));
            assert_eq!(poll_once(receiving), Poll::Ready(Ok(round)));
            let mut sending = pin!(s0.send_async(round));
            assert!(poll_once(sending.as_mut()).is_pending());
            assert_eq!(r0.try_recv(), Ok(round));
            assert_eq!(poll_once(sending), Poll::Ready(Ok(())));
        }
        let mut stream = pin!(r.stream());
        for round in 0..1000 {
            assert!(poll_once(pin!(stream.next())).is_pending());
            s.send(round).unwrap();
            assert_eq!(poll_once(pin!(stream.next())), Poll::Ready(Some(round)));
        }
    });
    assert_eq!(none, (0, 0));
}

#[test]
fn select_allocates_nothing() {
    let (s, r) = bounded(1);
    let (s0, r0) = bounded::<usize>(0);
    let some = Duration::from_nanos(1);
    let _ = r0.recv_timeout(some);
    let none = count(|| {
        for round in 0..1000 {
            select! {
                recv(r0) -> _ => unreachable!(),
                send(s, round) -> res => res.unwrap(),
            }
            // Waits, in four queues.
            select! {
                recv(r0) -> _ => unreachable!(),
                send(s0, 1) -> _ => unreachable!(),
                recv(r0) -> _ => unreachable!(),
                send(s, 1) -> _ => unreachable!(),
                default(some) => {}
            }
            select! {
                recv(r0) -> _ => unreachable!(),
                recv(r) -> msg => assert_eq!(msg, Ok(round)),
                default => unreachable!(),
            }
        }
    });
    assert_eq!(none, (0, 0));
}

#[test]
fn selects_that_time_out_leave_nothing_in_tasks() {
    const SELECTS: usize = if cfg!(debug_assertions) {
        5_000
    } else {
        100_000
    };
    let runtime = hueless_runtime::runtime::Builder::new()
        .workers(1)
        .build()
        .unwrap();
    runtime.run(|| {
        let (s, r) = bounded::<u8>(0);
        let (s2, r2) = bounded::<u8>(0);
        let select_in_vain = || {
            select! {
                recv(r) -> _ => unreachable!(),
                recv(r2) -> _ => unreachable!(),
                default(Duration::from_nanos(1)) => {}
            }
        };
        // Keeps the worker from sleeping.
        let (over_s, over_r) = bounded::<()>(0);
        let busy = hueless_runtime::spawn(move || {
            while over_r.try_recv().is_err_and(|err| err.is_empty()) {
                hueless_runtime::yield_now();
            }
        });
        select_in_vain();
        // A task stays on its thread, whose allocations are counted. The worker's own are few.
        let (allocations, bytes) = count(|| (0..SELECTS).for_each(|_| select_in_vain()));
        assert!(s.try_send(1).is_err() && s2.try_send(1).is_err());
        assert!(allocations < SELECTS / 10, "{allocations} allocations");
        assert!(bytes < SELECTS as isize, "{bytes} bytes more");
        drop(over_s);
        busy.join().unwrap();
    });
}

#[test]
fn hand_off_allocates_nothing() {
    let (s, r) = bounded(0);
    let (s2, r2) = bounded(0);
    let echo = thread::spawn(move || r.iter().for_each(|msg: usize| s2.send(msg).unwrap()));
    // The first wait of a thread allocates its parker.
    assert!(r2.recv_timeout(Duration::from_nanos(1)).is_err());
    s.send(0).unwrap();
    r2.recv().unwrap();
    let none = count(|| {
        for i in 0..1000 {
            s.send(i).unwrap();
            assert_eq!(r2.recv(), Ok(i));
        }
    });
    drop(s);
    echo.join().unwrap();
    assert_eq!(none, (0, 0));
}

#[test]
fn unbounded_memory_goes_back_after_a_burst() {
    const BURST: usize = 100_000;
    let (s, r) = unbounded::<u64>();
    let (_, one_message) = count(|| {
        s.send(1).unwrap();
        r.recv().unwrap();
    });
    let (_, burst) = count(|| (0..BURST).for_each(|i| s.send(i as u64).unwrap()));
    assert!(burst as usize > BURST * size_of::<u64>() * 9 / 10);
    let (_, drained) = count(|| assert_eq!(r.try_iter().count(), BURST));
    // One block is in use and one is kept.
    assert!(
        burst + drained <= one_message,
        "{} bytes stay",
        burst + drained
    );
    let (allocations, _) = count(|| {
        for i in 0..1000 {
            s.send(i).unwrap();
            s.send(i).unwrap();
            assert_eq!((r.recv(), r.recv()), (Ok(i), Ok(i)));
        }
    });
    assert_eq!(allocations, 0, "light traffic needs no memory");
    (0..BURST).for_each(|i| s.send(i as u64).unwrap());
    let (_, gone) = count(|| drop(r));
    assert!(
        gone < -((BURST * size_of::<u64>()) as isize),
        "dropped with the last receiver"
    );
    let (_, left) = count(|| drop(s));
    assert!(left < 0);
}

#[test]
fn channels_leave_nothing_behind() {
    let (_, left) = count(|| {
        for capacity in 0..5 {
            let (s, r) = bounded(capacity);
            let (s2, r2) = unbounded();
            for i in 0..200 {
                let _ = s.try_send(Box::new(i));
                s2.send(Box::new(i)).unwrap();
            }
            let _ = (r.try_recv(), r2.try_recv());
            if capacity % 2 == 0 {
                drop((s, s2));
            } else {
                drop((r, r2));
            }
        }
    });
    assert_eq!(left, 0);
}
