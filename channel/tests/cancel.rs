//! Tasks that are unwound while they wait on channels, here by the end of their runtime: no
//! message is lost, doubled or leaked.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{Census, NEVER, rounds};
use hueless_channel::{Receiver, Sender, bounded, select, unbounded};
use hueless_runtime::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new().workers(2).build().unwrap()
}

/// Counts when it is dropped.
struct Told(Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn waiting_operations_unwind() {
    let census = Census::default();
    let unwound = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let (s, r) = bounded(0);
    let (full_s, full_r) = bounded(1);
    full_s.send(census.message(0)).unwrap();
    let (_never_s, never) = unbounded::<()>();

    type Operation = fn(Sender<common::Counted>, Receiver<()>, common::Counted);
    let operations: [Operation; 5] = [
        |s, _, msg| drop(s.send(msg)),
        |s, _, msg| drop(s.send_timeout(msg, NEVER)),
        |_, never, _msg| never.recv().unwrap(),
        |_, never, _msg| never.recv_timeout(NEVER).unwrap(),
        |s, never, msg| {
            select! {
                send(s, msg) -> _ => {}
                recv(never) -> _ => {}
            }
        },
    ];
    let runtime = runtime();
    for s in [&s, &full_s] {
        for operation in operations {
            let (s, never, msg) = (s.clone(), never.clone(), census.message(1));
            let (told, begun) = (Told(unwound.clone()), begun.clone());
            runtime.spawn(move || {
                let _told = told;
                begun.fetch_add(1, Ordering::Relaxed);
                operation(s, never, msg);
                unreachable!("nobody is there for it");
            });
        }
    }
    while begun.load(Ordering::Relaxed) < 10 {
        std::thread::yield_now();
    }
    drop(runtime);
    assert_eq!(unwound.load(Ordering::Relaxed), 10);
    assert_eq!(census.alive(), 1, "what the tasks held is gone");
    // The channels are as good as before.
    assert_eq!(full_r.try_recv().map(|msg| msg.value), Ok(0));
    assert!(full_r.try_recv().is_err() && r.try_recv().is_err());
    assert!(s.try_send(census.message(2)).is_err());
    full_s.try_send(census.message(3)).unwrap();
    drop((full_s, full_r));
    assert_eq!(census.alive(), 0);
}

#[test]
fn no_message_lost_when_receivers_are_unwound() {
    for round in 0..rounds(100) {
        let census = Census::default();
        let received = Arc::new(AtomicUsize::new(0));
        let (s, r) = bounded(round % 3);
        let (_never_s, never) = bounded::<()>(0);
        let runtime = runtime();
        for i in 0..4 {
            let (r, never, received) = (r.clone(), never.clone(), received.clone());
            runtime.spawn(move || {
                loop {
                    let msg = if i % 2 == 0 {
                        r.recv()
                    } else {
                        select! {
                            recv(r) -> msg => msg,
                            recv(never) -> _ => unreachable!(),
                        }
                    };
                    drop(msg.unwrap());
                    received.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let gone = Arc::new(AtomicBool::new(false));
        let sender = {
            let (census, gone) = (census.clone(), gone.clone());
            std::thread::spawn(move || {
                let mut sent = 0;
                loop {
                    // Read first: a time-out after it means that nobody receives any more.
                    let last = gone.load(Ordering::Acquire);
                    match s.send_timeout(census.message(sent), Duration::from_millis(5)) {
                        Ok(()) => sent += 1,
                        Err(_) if last => return sent,
                        Err(_) => {}
                    }
                }
            })
        };
        while received.load(Ordering::Relaxed) < round {
            std::thread::yield_now();
        }
        drop(runtime);
        gone.store(true, Ordering::Release);
        let sent = sender.join().unwrap();
        let left = r.try_iter().count();
        assert_eq!(received.load(Ordering::Relaxed) + left, sent);
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn late_sends_are_given_up_when_unwound() {
    for round in 0..rounds(60) {
        let (s, r) = bounded(0);
        let (_never_s, never) = bounded::<i32>(0);
        let making = Arc::new(AtomicUsize::new(0));
        let made = making.clone();
        let late = s.clone();
        let runtime = runtime();
        runtime.spawn(move || {
            select! {
                send(late, {
                    made.store(1, Ordering::Relaxed);
                    // Never comes: unwound here, with a receiver promised.
                    never.recv().unwrap()
                }) -> _ => unreachable!(),
            }
        });
        let receiver = std::thread::spawn(move || {
            if round % 2 == 0 {
                r.recv()
            } else {
                select! { recv(r) -> msg => msg, default(NEVER) => panic!("too late") }
            }
        });
        while making.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        drop(runtime);
        s.send(5).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(5));
    }
}
