//! Very many tasks that wait on one channel.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::in_each_mode;
use hueless_channel::{Receiver, RecvError, Select, SendError, Sender, bounded, select};
use hueless_runtime::task::JoinHandle;
use hueless_runtime::{spawn, yield_now};

const CROWD: usize = 100_000;

/// Starts the crowd and returns once all of it waits, or is about to.
fn start(wait: impl Fn(usize) + Clone + Send + 'static) -> (Vec<JoinHandle<()>>, Arc<AtomicUsize>) {
    let begun = Arc::new(AtomicUsize::new(0));
    let woken = Arc::new(AtomicUsize::new(0));
    let tasks = (0..CROWD)
        .map(|i| {
            let (wait, begun, woken) = (wait.clone(), begun.clone(), woken.clone());
            spawn(move || {
                begun.fetch_add(1, Ordering::Relaxed);
                wait(i);
                woken.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    while begun.load(Ordering::Relaxed) < CROWD {
        yield_now();
    }
    assert_eq!(
        woken.load(Ordering::Relaxed),
        0,
        "nobody has reason to wake"
    );
    (tasks, woken)
}

fn join(tasks: Vec<JoinHandle<()>>, woken: &AtomicUsize) {
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(woken.load(Ordering::Relaxed), CROWD, "each wakes, and once");
}

fn wait_to_receive(r: &Receiver<usize>, i: usize) {
    match i % 4 {
        0 => assert_eq!(r.recv(), Err(RecvError)),
        1 => select! {
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
        },
        2 => {
            let mut list = Select::new();
            list.recv(r);
            assert_eq!(list.select().recv(r), Err(RecvError));
        }
        _ => {
            let mut list = Select::new();
            list.recv(r);
            assert_eq!(list.ready(), 0);
            let received = r.try_recv();
            assert!(received.is_err_and(|err| err.is_disconnected()));
        }
    }
}

fn wait_to_send(s: &Sender<usize>, i: usize) {
    match i % 4 {
        0 => assert_eq!(s.send(i), Err(SendError(i))),
        1 => select! {
            send(s, i) -> res => assert_eq!(res, Err(SendError(i))),
            send(s, i) -> res => assert_eq!(res, Err(SendError(i))),
        },
        2 => {
            let mut list = Select::new();
            list.send(s);
            assert_eq!(list.select().send(s, i), Err(SendError(i)));
        }
        _ => {
            let mut list = Select::new();
            list.send(s);
            assert_eq!(list.ready(), 0);
            let sent = s.try_send(i);
            assert!(sent.is_err_and(|err| err.is_disconnected()));
        }
    }
}

#[test]
fn the_last_sender_wakes_all_receivers() {
    in_each_mode(2, || {
        let (s, r) = bounded::<usize>(0);
        let (tasks, woken) = start(move |i| wait_to_receive(&r, i));
        drop(s);
        join(tasks, &woken);
    });
}

#[test]
fn the_last_receiver_wakes_all_senders() {
    in_each_mode(2, || {
        let (s, r) = bounded(1);
        s.send(0).unwrap();
        let (tasks, woken) = start(move |i| wait_to_send(&s, i));
        drop(r);
        join(tasks, &woken);
    });
}

#[test]
fn close_wakes_all() {
    in_each_mode(2, || {
        let (s, r) = bounded(1);
        s.send(0).unwrap();
        let sender = s.clone();
        let (tasks, woken) = start(move |i| wait_to_send(&sender, i));
        assert_eq!(s.close().collect::<Vec<_>>(), [0]);
        join(tasks, &woken);

        drop((s, r));
        let (s, r) = bounded::<usize>(3);
        let receiver = r.clone();
        let (tasks, woken) = start(move |i| wait_to_receive(&receiver, i));
        assert_eq!(s.close().next(), None);
        join(tasks, &woken);
        drop(r);
    });
}

/// Each receiver gets one message, and each message one receiver.
#[test]
fn as_many_messages_wake_all() {
    in_each_mode(2, || {
        let (s, r) = bounded(0);
        let sum = Arc::new(AtomicUsize::new(0));
        let total = sum.clone();
        let (tasks, woken) = start(move |_| {
            total.fetch_add(r.recv().unwrap(), Ordering::Relaxed);
        });
        (0..CROWD).for_each(|i| s.send(i).unwrap());
        join(tasks, &woken);
        assert_eq!(sum.load(Ordering::Relaxed), (0..CROWD).sum());
        assert_eq!(s.send(1), Err(SendError(1)));
    });
}
