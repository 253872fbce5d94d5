//! Tasks that are unwound, here by the end of their runtime, while they wait in a `Select` or hold an
//! operation that it has committed.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::{Census, Counted, Flavor, NEVER, modes, rounds};
use hueless_channel::{Receiver, Select, Sender, TrySendError, bounded, select, unbounded};
use hueless_runtime::runtime::Runtime;

/// Runs a test in each mode, with what makes its runtimes.
fn in_each_mode(test: impl Fn(&dyn Fn() -> Runtime)) {
    for (mode, new) in modes() {
        println!("in mode {mode}");
        test(&|| new().workers(2).build().unwrap());
    }
}

fn wait_for(count: &AtomicUsize, least: usize) {
    while count.load(Ordering::Acquire) < least {
        thread::yield_now();
    }
}

/// Waits until it is unwound.
fn wait_in_vain() -> ! {
    let (_s, never) = bounded::<()>(0);
    let _ = never.recv();
    unreachable!("nobody sends")
}

/// Starts a task that commits an operation of a list, says so, and is unwound with it in its hands.
fn hold_operation<T: Send + 'static>(
    runtime: &Runtime,
    s: Option<&Sender<T>>,
    r: Option<&Receiver<T>>,
) -> Arc<AtomicUsize> {
    let held = Arc::new(AtomicUsize::new(0));
    let (s, r, say) = (s.cloned(), r.cloned(), held.clone());
    runtime.spawn(move || {
        let mut list = Select::new();
        if let Some(s) = &s {
            list.send(s);
        }
        if let Some(r) = &r {
            list.recv(r);
        }
        let operation = list.select();
        say.store(1, Ordering::Release);
        let _: usize = operation.index();
        wait_in_vain();
    });
    held
}

#[test]
fn waiting_lists_unwind() {
    in_each_mode(|runtime| {
        let census = Census::default();
        let (s, r) = bounded::<Counted>(0);
        let (full_s, full_r) = bounded(1);
        full_s.send(census.message(0)).unwrap();
        let begun = Arc::new(AtomicUsize::new(0));
        let runtime = runtime();
        type Wait = fn(&mut Select<'_>);
        let waits: [Wait; 4] = [
            |list| drop(list.select()),
            |list| drop(list.select_timeout(NEVER)),
            |list| {
                list.ready();
            },
            |list| {
                let _ = list.ready_timeout(NEVER);
            },
        ];
        for cases in [1, 3, 20] {
            for wait in waits {
                let (s, r, full_s) = (s.clone(), r.clone(), full_s.clone());
                let begun = begun.clone();
                runtime.spawn(move || {
                    // Nobody else receives here.
                    let (_own_s, own_r) = unbounded::<Counted>();
                    let mut list = Select::new();
                    for _ in 0..cases {
                        list.send(&full_s);
                        list.recv(&own_r);
                    }
                    begun.fetch_add(1, Ordering::Release);
                    wait(&mut list);
                    drop((s, r));
                    unreachable!("nobody is there for it");
                });
            }
        }
        wait_for(&begun, 12);
        drop(runtime);
        assert_eq!(census.alive(), 1);
        assert_eq!(full_r.try_recv().map(|msg| msg.value), Ok(0));
        full_s.try_send(census.message(1)).unwrap();
        assert!(s.try_send(census.message(2)).is_err() && r.try_recv().is_err());
        drop((full_s, full_r));
        assert_eq!(census.alive(), 0);
    });
}

#[test]
fn a_received_message_goes_back() {
    in_each_mode(|runtime| {
        for flavor in [Flavor::Array(3), Flavor::List] {
            let (s, r) = flavor.make();
            (0..3).for_each(|i| s.send(i).unwrap());
            let runtime = runtime();
            wait_for(&hold_operation(&runtime, None, Some(&r)), 1);
            assert_eq!(r.len(), 2);
            drop(runtime);
            assert_eq!(r.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
        }
    });
}

#[test]
fn a_received_message_goes_to_a_thread_that_waits() {
    in_each_mode(|runtime| {
        for flavor in Flavor::ALL {
            let (s, r) = flavor.make();
            let sender = thread::spawn(move || s.send(7).map(|()| s));
            let runtime = runtime();
            wait_for(&hold_operation(&runtime, None, Some(&r)), 1);
            let s = sender.join().unwrap().unwrap();
            let receiver = thread::spawn(move || r.recv());
            thread::yield_now();
            drop(runtime);
            assert_eq!(receiver.join().unwrap(), Ok(7));
            drop(s);
        }
    });
}

#[test]
fn a_reserved_slot_is_free_again() {
    in_each_mode(|runtime| {
        let (s, r) = bounded(1);
        let runtime = runtime();
        wait_for(&hold_operation(&runtime, Some(&s), None), 1);
        assert_eq!(s.try_send(1), Err(TrySendError::Full(1)));
        let sender = {
            let s = s.clone();
            thread::spawn(move || s.send(2))
        };
        drop(runtime);
        sender.join().unwrap().unwrap();
        assert_eq!(r.try_recv(), Ok(2));
        s.try_send(3).unwrap();
    });
}

#[test]
fn a_promised_receiver_goes_on_waiting() {
    in_each_mode(|runtime| {
        for way in 0..3 {
            let (s, r) = bounded(0);
            let receiver = thread::spawn(move || match way {
                0 => r.recv(),
                1 => select! { recv(r) -> msg => msg, recv(r) -> msg => msg },
                _ => {
                    let mut list = Select::new();
                    list.recv(&r);
                    list.select().recv(&r)
                }
            });
            let runtime = runtime();
            wait_for(&hold_operation(&runtime, Some(&s), None), 1);
            drop(runtime);
            s.send(3).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(3));
        }
    });
}

/// Receivers are unwound at any moment: while they wait, as a message comes, with it in their hands.
#[test]
fn no_message_is_lost_when_receivers_are_unwound() {
    in_each_mode(|runtime| {
        for round in 0..rounds(100) {
            let census = Census::default();
            let received = Arc::new(AtomicUsize::new(0));
            let (s, r) = bounded(round % 3);
            let runtime = runtime();
            for task in 0..4 {
                let (r, received) = (r.clone(), received.clone());
                runtime.spawn(move || {
                    let (_s, nothing) = bounded::<()>(0);
                    let mut list = Select::new();
                    list.recv(&nothing);
                    list.recv(&r);
                    loop {
                        let operation = list.select();
                        if task % 2 == 0 {
                            // A point at which it may be unwound with the message.
                            let _ = nothing.recv_timeout(Duration::from_nanos(1));
                        }
                        drop(operation.recv(&r).unwrap());
                        received.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let gone = Arc::new(AtomicUsize::new(0));
            let sender = {
                let (census, gone) = (census.clone(), gone.clone());
                thread::spawn(move || {
                    let mut sent = 0;
                    loop {
                        // Read first: a time-out after it means that nobody receives any more.
                        let last = gone.load(Ordering::Acquire) == 1;
                        match s.send_timeout(census.message(sent), Duration::from_millis(5)) {
                            Ok(()) => sent += 1,
                            Err(_) if last => return sent,
                            Err(_) => {}
                        }
                    }
                })
            };
            wait_for(&received, round);
            drop(runtime);
            gone.store(1, Ordering::Release);
            let sent = sender.join().unwrap();
            let left = r.try_iter().count();
            assert_eq!(received.load(Ordering::Relaxed) + left, sent);
            assert_eq!(census.alive(), 0);
        }
    });
}

/// Senders are unwound at any moment.
#[test]
fn receivers_get_what_was_sent_when_senders_are_unwound() {
    in_each_mode(|runtime| {
        for round in 0..rounds(100) {
            let sent = Arc::new(AtomicUsize::new(0));
            let (s, r) = bounded(round % 3);
            let runtime = runtime();
            for task in 0..4 {
                let (s, sent) = (s.clone(), sent.clone());
                runtime.spawn(move || {
                    let (_s, nothing) = bounded::<()>(0);
                    let mut list = Select::new();
                    list.recv(&nothing);
                    list.send(&s);
                    loop {
                        let operation = list.select();
                        if task % 2 == 0 {
                            let _ = nothing.recv_timeout(Duration::from_nanos(1));
                        }
                        operation.send(&s, 1).unwrap();
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let receiver = {
                let r = r.clone();
                thread::spawn(move || r.iter().count())
            };
            wait_for(&sent, round);
            drop(runtime);
            drop(s);
            let received = receiver.join().unwrap();
            assert_eq!(received, sent.load(Ordering::Relaxed));
        }
    });
}
