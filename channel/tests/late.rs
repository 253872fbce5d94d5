//! The message of a select's send is made after the commit: what can happen in between.
//!
//! Two ways lead to a commit on a rendezvous channel, and both are forced here: the select comes
//! and finds a receiver waiting (`default` makes it try again until one does), or it waits and a
//! receiver finds it (`try_recv` is repeated until there is one).

#![allow(
    clippy::never_loop,
    clippy::diverging_sub_expression,
    reason = "messages that are never made"
)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Flavor, NEVER, Random, World, join_all, rounds};
use hueless_channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, TrySendError, bounded,
    never, select, unbounded,
};

tests_in_all_worlds!(
    made_only_if_selected,
    made_once,
    receiver_waits_for_the_message,
    try_recv_waits_for_the_message,
    timeouts_do_not_move_a_promised_receiver,
    select_waits_for_the_message,
    panic_sends_the_receiver_back,
    panic_leaves_try_recv_empty,
    panic_leaves_recv_timeout_waiting,
    panic_sends_a_select_back,
    leaving_gives_the_send_up,
    making_may_use_the_same_channel,
    disconnected_send_makes_its_message,
    who_gives_up_each_time_holds_up_nobody,
    nothing_lost_with_panics,
);

/// Panics without a report.
fn quiet_panic() -> ! {
    resume_unwind(Box::new("quiet"))
}

/// Sends what `make` makes, once a receiver waits.
fn send_to_waiting<W: World, T>(s: &Sender<T>, make: impl Fn() -> T) -> Result<(), SendError<T>> {
    loop {
        select! {
            send(s, make()) -> res => return res,
            default => W::yield_now(),
        }
    }
}

/// Receives once a sender waits.
fn recv_from_waiting<W: World, T>(r: &Receiver<T>) -> T {
    loop {
        match r.try_recv() {
            Ok(msg) => return msg,
            Err(TryRecvError::Empty) => W::yield_now(),
            Err(TryRecvError::Disconnected) => panic!("disconnected"),
        }
    }
}

/// A sender that never has its message and comes back each time: what does not wait answers, and what
/// waits comes to its deadline.
fn who_gives_up_each_time_holds_up_nobody<W: World>() {
    let (s, r) = bounded::<()>(0);
    let (stop, stopped) = bounded::<()>(0);
    let promises = Arc::new(AtomicUsize::new(0));
    let sender = W::spawn({
        let promises = Arc::clone(&promises);
        move || {
            loop {
                select! {
                    send(s, { promises.fetch_add(1, Ordering::Relaxed); continue }) -> _ => unreachable!(),
                    recv(stopped) -> _ => break,
                }
            }
        }
    });
    let soon = Duration::from_millis(1);
    while promises.load(Ordering::Relaxed) < 100 {
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        select! {
            recv(r) -> msg => panic!("{msg:?} from nowhere"),
            default => {}
        }
        select! {
            recv(r) -> msg => panic!("{msg:?} from nowhere"),
            recv(never::<()>()) -> _ => unreachable!(),
            default => {}
        }
        assert_eq!(r.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
        select! {
            recv(r) -> msg => panic!("{msg:?} from nowhere"),
            recv(never::<()>()) -> _ => unreachable!(),
            default(soon) => {}
        }
        W::yield_now();
    }
    drop(stop);
    sender.join();
}

fn made_only_if_selected<W: World>() {
    let (s, r) = bounded(0);
    let (s2, r2) = unbounded();
    let made = AtomicUsize::new(0);
    let make = || made.fetch_add(1, Ordering::Relaxed);
    select! {
        send(s, make()) -> _ => panic!("nobody receives"),
        default => {}
    }
    select! {
        send(s, make()) -> _ => panic!("nobody receives"),
        default(Duration::from_millis(1)) => {}
    }
    s2.send(()).unwrap();
    select! {
        send(s, make()) -> _ => panic!("nobody receives"),
        recv(r2) -> msg => msg.unwrap(),
    }
    assert_eq!(made.load(Ordering::Relaxed), 0);
    drop(r);
}

fn made_once<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(2), Flavor::List] {
        let (s, r) = flavor.make();
        let receiver = W::spawn(move || r.iter().count());
        let mut made = 0;
        for _ in 0..100 {
            select! {
                send(s, made += 1) -> res => res.unwrap(),
            }
        }
        drop(s);
        assert_eq!((made, receiver.join()), (100, 100));
    }
}

fn receiver_waits_for_the_message<W: World>() {
    let (s, r) = bounded(0);
    let (go_s, go_r) = bounded(0);
    let receiver = W::spawn(move || r.recv());
    let helper = W::spawn(move || go_s.send(3));
    // The message is received from the helper, so making it parks.
    assert_eq!(send_to_waiting::<W, _>(&s, || go_r.recv().unwrap()), Ok(()));
    assert_eq!(receiver.join(), Ok(3));
    helper.join().unwrap();
}

fn try_recv_waits_for_the_message<W: World>() {
    let (s, r) = bounded(0);
    let (go_s, go_r) = bounded(0);
    let selecting = W::spawn(move || {
        select! {
            send(s, go_r.recv().unwrap()) -> res => assert_eq!(res, Ok(())),
        }
    });
    let helper = W::spawn(move || go_s.send(3));
    assert_eq!(recv_from_waiting::<W, _>(&r), 3);
    selecting.join();
    helper.join().unwrap();
}

/// The receiver's time is up while its message is made: it gets it all the same.
fn timeouts_do_not_move_a_promised_receiver<W: World>() {
    let wait = Duration::from_millis(5);
    let (s, r) = bounded(0);
    let receiver = W::spawn(move || {
        loop {
            match r.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                received => return received,
            }
        }
    });
    let make = || {
        // Longer than the receiver wants to wait.
        let (_s, never) = bounded::<()>(0);
        assert!(never.recv_timeout(2 * wait).is_err());
        3
    };
    assert_eq!(send_to_waiting::<W, _>(&s, make), Ok(()));
    assert_eq!(receiver.join(), Ok(3));
}

fn select_waits_for_the_message<W: World>() {
    for select_first in [true, false] {
        let (s, r) = bounded(0);
        let (go_s, go_r) = bounded(0);
        let (_s2, r2) = bounded::<i32>(0);
        let receiver = W::spawn(move || {
            loop {
                if select_first {
                    select! {
                        recv(r2) -> _ => panic!("nothing was sent"),
                        recv(r) -> msg => return msg,
                    }
                } else {
                    select! {
                        recv(r2) -> _ => panic!("nothing was sent"),
                        recv(r) -> msg => return msg,
                        default => W::yield_now(),
                    }
                }
            }
        });
        let helper = W::spawn(move || go_s.send(3));
        if select_first {
            assert_eq!(send_to_waiting::<W, _>(&s, || go_r.recv().unwrap()), Ok(()));
        } else {
            select! {
                send(s, go_r.recv().unwrap()) -> res => assert_eq!(res, Ok(())),
            }
        }
        assert_eq!(receiver.join(), Ok(3));
        helper.join().unwrap();
    }
}

/// Commits a send on `s` with a waiting receiver and panics.
fn panic_with_waiting_receiver<W: World>(s: &Sender<i32>) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _ = send_to_waiting::<W, _>(s, || quiet_panic());
    }));
    assert!(panicked.is_err());
}

/// Waits for a receiver with a send on `s` and panics.
fn panic_for_coming_receiver(s: &Sender<i32>) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        select! { send(s, quiet_panic()) -> _ => {} }
    }));
    assert!(panicked.is_err());
}

fn panic_sends_the_receiver_back<W: World>() {
    let (s, r) = bounded(0);
    let receiver = W::spawn(move || (r.recv(), r.recv()));
    panic_with_waiting_receiver::<W>(&s);
    panic_with_waiting_receiver::<W>(&s);
    s.send(1).unwrap();
    panic_for_coming_receiver(&s);
    s.send(2).unwrap();
    assert_eq!(receiver.join(), (Ok(1), Ok(2)));
}

fn panic_leaves_try_recv_empty<W: World>() {
    let (s, r) = bounded(0);
    let over = Arc::new(AtomicUsize::new(0));
    let told = over.clone();
    let panicking = W::spawn(move || {
        panic_for_coming_receiver(&s);
        told.store(1, Ordering::Relaxed);
        s
    });
    // Nothing before the other one waits, nor when it has panicked, which takes one of these.
    while over.load(Ordering::Relaxed) == 0 {
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        W::yield_now();
    }
    drop(panicking.join());
    assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
}

fn panic_leaves_recv_timeout_waiting<W: World>() {
    let (s, r) = bounded(0);
    let receiver = W::spawn(move || (r.recv_timeout(NEVER), r.recv_timeout(Duration::ZERO)));
    panic_with_waiting_receiver::<W>(&s);
    s.send(1).unwrap();
    assert_eq!(receiver.join().0, Ok(1));
}

fn panic_sends_a_select_back<W: World>() {
    let (s, r) = bounded(0);
    let (s2, r2) = bounded(0);
    let receiver = W::spawn(move || {
        for i in 0..2 {
            select! {
                recv(r) -> _ => panic!("it was never sent"),
                recv(r2) -> msg => assert_eq!(msg, Ok(i)),
            }
        }
    });
    panic_with_waiting_receiver::<W>(&s);
    s2.send(0).unwrap();
    panic_for_coming_receiver(&s);
    s2.send(1).unwrap();
    receiver.join();
}

fn leaving_gives_the_send_up<W: World>() {
    fn send_some(s: &Sender<i32>, what: Option<i32>) -> Option<()> {
        select! {
            send(s, what?) -> res => res.ok(),
        }
    }
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        let receiver = W::spawn(move || r.iter().collect::<Vec<_>>());
        assert_eq!(send_some(&s, Some(1)), Some(()));
        assert_eq!(send_some(&s, None), None);
        loop {
            select! {
                send(s, break) -> _ => unreachable!("left"),
            }
        }
        assert_eq!(send_some(&s, Some(2)), Some(()));
        drop(s);
        assert_eq!(receiver.join(), [1, 2]);
    }
}

fn making_may_use_the_same_channel<W: World>() {
    let (s, r) = bounded(1);
    select! {
        send(s, { assert_eq!(s.try_send(7), Err(TrySendError::Full(7))); r.len() }) -> res =>
            assert_eq!(res, Ok(())),
    }
    assert_eq!(r.try_recv(), Ok(0));
    let (s, r) = unbounded();
    select! {
        send(s, { s.send(7).unwrap(); r.recv().unwrap() + 1 }) -> res => assert_eq!(res, Ok(())),
    }
    assert_eq!(r.try_iter().collect::<Vec<_>>(), [8]);
}

fn disconnected_send_makes_its_message<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        drop(r);
        let mut made = 0;
        select! {
            send(s, { made += 1; made }) -> res => assert_eq!(res, Err(SendError(1))),
        }
    }
}

/// Some messages are never made; all others arrive once.
fn nothing_lost_with_panics<W: World>() {
    let count = rounds(2_000);
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        let (s2, r2) = bounded(0);
        let sent = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = (0..3)
            .map(|seed| {
                let (s, s2, sent) = (s.clone(), s2.clone(), sent.clone());
                W::spawn(move || {
                    let mut random = Random::new(seed);
                    for i in 1..=count {
                        let panics = random.below(3) == 0;
                        let make = || if panics { quiet_panic() } else { i };
                        let done = catch_unwind(AssertUnwindSafe(|| match i % 3 {
                            0 => select! { send(s, make()) -> res => res.is_ok() },
                            1 => select! {
                                send(s, make()) -> res => res.is_ok(),
                                send(s2, make()) -> res => res.is_ok(),
                            },
                            _ => s2.send(make()).is_ok(),
                        }));
                        if done.unwrap_or(false) {
                            sent.fetch_add(i, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        drop((s, s2));
        let receivers: Vec<_> = (10..13)
            .map(|seed| {
                let (r, r2) = (r.clone(), r2.clone());
                W::spawn(move || {
                    let mut random = Random::new(seed);
                    let mut sum = 0;
                    let mut open = [true; 2];
                    while open.contains(&true) {
                        let soon = Duration::from_micros(50);
                        match random.below(4) {
                            0 => sum += r.try_recv().unwrap_or(0),
                            1 => sum += r2.recv_timeout(soon).unwrap_or(0),
                            2 => sum += r.recv_timeout(soon).unwrap_or(0),
                            _ => select! {
                                recv(r) -> msg => match msg {
                                    Ok(msg) => sum += msg,
                                    Err(RecvError) => open[0] = false,
                                },
                                recv(r2) -> msg => match msg {
                                    Ok(msg) => sum += msg,
                                    Err(RecvError) => open[1] = false,
                                },
                            },
                        }
                    }
                    sum
                })
            })
            .collect();
        join_all(senders);
        let received: usize = join_all(receivers).iter().sum();
        assert_eq!(received, sent.load(Ordering::Relaxed));
    }
}
