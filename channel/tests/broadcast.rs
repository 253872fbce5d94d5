//! Broadcast channels: every receiver sees every message, or how many it has missed.

mod common;

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    copies_are_dropped_once,
    clones_may_panic,
    drops_may_send_on_the_same_channel,
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

/// Counts its copies that are alive, and those that were made by cloning.
struct Copy {
    value: u64,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    alive: AtomicUsize,
    clones: AtomicUsize,
}

impl Counts {
    fn copy(self: &Arc<Self>, value: u64) -> Copy {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Copy {
            value,
            counts: self.clone(),
        }
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    fn clones(&self) -> usize {
        self.clones.load(Ordering::Relaxed)
    }
}

impl Clone for Copy {
    fn clone(&self) -> Self {
        self.counts.clones.fetch_add(1, Ordering::Relaxed);
        self.counts.copy(self.value)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let before = self.counts.alive.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "dropped twice");
    }
}

fn copies_are_dropped_once<W: World>() {
    let counts = Arc::new(Counts::default());
    for round in 0..rounds(60) as u64 {
        let (tx, rx) = broadcast(1 + round as usize % 5);
        let receivers = (0..3).map(|i| {
            let rx = rx.clone();
            W::spawn(move || {
                for _ in 0..round * i {
                    match rx.recv() {
                        Ok(copy) => drop(copy),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Disconnected) => break,
                    }
                }
            })
        });
        let receivers = receivers.collect();
        if round % 2 == 0 {
            drop(rx);
        }
        for n in 0..rounds(100) as u64 {
            let _ = tx.send(counts.copy(n));
            if n % 4 == round % 4 {
                W::yield_now();
            }
        }
        drop(tx);
        join_all::<()>(receivers);
    }
    assert_eq!(counts.alive(), 0);
}

#[test]
fn a_message_goes_when_the_last_receiver_has_it() {
    let counts = Arc::new(Counts::default());
    let (tx, rx) = broadcast(100);
    let others = [rx.clone(), rx.clone()];
    for n in 0..3 {
        tx.send(counts.copy(n)).unwrap();
    }
    assert_eq!((counts.alive(), tx.len()), (3, 3));
    for (clones, other) in others.iter().enumerate() {
        drop(other.recv().unwrap());
        assert_eq!((counts.alive(), counts.clones()), (3, clones + 1));
    }
    assert_eq!(rx.recv().unwrap().value, 0);
    assert_eq!((counts.alive(), counts.clones()), (2, 2), "not a clone");
    // What only the others have yet to see goes with them.
    drop(rx.recv().unwrap());
    let [first, second] = others;
    drop(first);
    assert_eq!((counts.alive(), tx.len()), (2, 2));
    drop(second);
    assert_eq!((counts.alive(), tx.len()), (1, 1));
    drop(rx);
    assert_eq!((counts.alive(), tx.len()), (0, 0));
    assert!(tx.send(counts.copy(3)).is_err());
    assert_eq!(counts.alive(), 0);
}

#[test]
fn a_receiver_takes_along_any_number_of_messages() {
    let counts = Arc::new(Counts::default());
    let (tx, rx) = broadcast(1000);
    let other = rx.clone();
    for n in 0..1100 {
        tx.send(counts.copy(n)).unwrap();
    }
    assert_eq!(counts.alive(), 1000);
    drop(rx);
    assert_eq!(counts.alive(), 1000);
    assert!(other.recv().is_err_and(|err| err == RecvError::Lagged(100)));
    drop(other);
    assert_eq!((counts.alive(), counts.clones()), (0, 0));
}

/// Panics when cloned, if asked to.
struct Fragile {
    value: u64,
    breaks: bool,
    _counted: Copy,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        if self.breaks {
            resume_unwind(Box::new("quiet"));
        }
        Self {
            _counted: self._counted.clone(),
            ..*self
        }
    }
}

fn clones_may_panic<W: World>() {
    let counts = Arc::new(Counts::default());
    let (tx, rx) = broadcast(4);
    let last = rx.clone();
    for value in 0..3 {
        let msg = Fragile {
            value,
            breaks: value == 1,
            _counted: counts.copy(0),
        };
        tx.send(msg).unwrap();
    }
    let watcher = W::spawn(move || {
        assert_eq!(rx.recv().map(|msg| msg.value), Ok(0));
        let panicked = catch_unwind(AssertUnwindSafe(|| rx.recv().map(|msg| msg.value)));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"quiet"));
        assert_eq!(rx.recv().map(|msg| msg.value), Ok(2), "the next one");
    });
    watcher.join();
    for value in 0..3 {
        assert_eq!(
            last.recv().map(|msg| msg.value),
            Ok(value),
            "needs no clone"
        );
    }
    assert_eq!(counts.alive(), 0);
}

/// Panics when dropped, if asked to.
struct Bomb(u64, bool);

impl Clone for Bomb {
    fn clone(&self) -> Self {
        Self(self.0, false)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.1 {
            resume_unwind(Box::new("quiet"));
        }
    }
}

#[test]
fn drops_may_panic() {
    fn quiet<T>(f: impl FnOnce() -> T) {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(f()))).is_err());
    }
    let (tx, rx) = broadcast(100);
    let other = rx.clone();
    for n in 0..90 {
        tx.send(Bomb(n, n % 10 == 0)).unwrap_or_default();
    }
    while other.try_recv().is_ok() {}
    quiet(|| drop(rx));
    assert_eq!(
        (tx.len(), tx.receiver_count()),
        (0, 1),
        "the rest is leaked"
    );
    // Overwritten: the send has taken place.
    for n in 0..100 {
        assert!(tx.send(Bomb(n, n == 0)).is_ok());
    }
    quiet(|| tx.send(Bomb(100, false)));
    assert_eq!(other.recv().map(|msg| msg.0), Err(RecvError::Lagged(1)));
    assert!(other.try_iter().map(|msg| msg.unwrap().0).eq(1..=100));
}

/// Sends a message when dropped.
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
    let (tx, rx) = broadcast(1);
    let word = || LastWord(Some(tx.clone()));
    // Overwritten: its word overwrites the one it went for.
    tx.send(word()).unwrap();
    tx.send(LastWord(None)).unwrap();
    assert_eq!(rx.try_recv().map(drop), Err(TryRecvError::Lagged(2)));
    rx.try_recv().map(drop).unwrap();
    // Received and dropped.
    tx.send(word()).unwrap();
    drop(rx.recv().unwrap());
    assert_eq!(rx.len(), 1);
    rx.recv().map(drop).unwrap();
    // Left behind by the receiver.
    let other = rx.clone();
    tx.send(word()).unwrap();
    drop(rx);
    drop(other);
    assert_eq!((tx.len(), tx.receiver_count()), (0, 0));
    // Refused.
    drop(tx.send(word()).map_err(|err| err.0));
    let late = tx.subscribe();
    let busy = W::spawn({
        let tx = tx.clone();
        move || {
            for _ in 0..rounds(1000) {
                let _ = tx.send(LastWord(Some(tx.clone())));
            }
        }
    });
    while !late
        .try_recv()
        .is_err_and(|err| err.is_empty() && busy_is_over(&tx))
    {
        W::yield_now();
    }
    busy.join();
}

/// Whether this is the only sender left, but for one that may be in a message.
fn busy_is_over(tx: &Sender<LastWord>) -> bool {
    tx.sender_count() == 1
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

/// What a broadcast channel is, told by keeping everything that was ever sent.
#[derive(Default)]
struct Model {
    sent: u64,
    receivers: Vec<u64>,
}

impl Model {
    /// What receiver `index` gets.
    fn recv(&mut self, index: usize, cap: u64) -> Result<u64, TryRecvError> {
        let at = &mut self.receivers[index];
        let oldest = self.sent.saturating_sub(cap);
        if *at < oldest {
            let missed = oldest - *at;
            *at = oldest;
            return Err(TryRecvError::Lagged(missed));
        }
        if *at == self.sent {
            return Err(TryRecvError::Empty);
        }
        *at += 1;
        Ok(*at - 1)
    }

    /// How many messages somebody has yet to see.
    fn len(&self, cap: u64) -> u64 {
        let slowest = self.receivers.iter().min().copied().unwrap_or(self.sent);
        (self.sent - slowest).min(cap)
    }
}

#[test]
fn it_does_what_the_model_does() {
    for seed in 0..rounds(400) as u64 {
        let mut random = Random::new(seed);
        let cap = 1 + random.below(6) as u64;
        let (tx, rx) = broadcast(cap as usize);
        let mut receivers = vec![rx];
        let mut model = Model {
            sent: 0,
            receivers: vec![0],
        };
        for _ in 0..300 {
            let any = random.below(receivers.len().max(1));
            match random.below(10) {
                0..4 => {
                    let sent = tx.send(model.sent);
                    if receivers.is_empty() {
                        assert_eq!(sent, Err(SendError(model.sent)));
                    } else {
                        assert_eq!(sent, Ok(receivers.len()));
                        model.sent += 1;
                    }
                }
                4 if receivers.len() < 5 => {
                    receivers.push(tx.subscribe());
                    model.receivers.push(model.sent);
                }
                _ if receivers.is_empty() => {}
                5 if receivers.len() < 5 => {
                    receivers.push(receivers[any].clone());
                    model.receivers.push(model.receivers[any]);
                }
                6 => {
                    drop(receivers.swap_remove(any));
                    model.receivers.swap_remove(any);
                }
                _ => assert_eq!(receivers[any].try_recv(), model.recv(any, cap)),
            }
            assert_eq!(tx.len() as u64, model.len(cap), "seed {seed}");
            assert_eq!(tx.is_full(), tx.len() as u64 == cap);
            assert_eq!(tx.receiver_count(), receivers.len());
            for (rx, at) in receivers.iter().zip(&model.receivers) {
                assert_eq!(rx.len() as u64, (model.sent - at).min(cap));
            }
        }
    }
}

#[test]
fn what_was_sent_before_the_end_is_received_after_it() {
    for end in [drop, |tx: Sender<_>| tx.close()] {
        let (tx, rx) = broadcast(4);
        let late = tx.clone();
        for n in 0..6 {
            tx.send(n).unwrap();
        }
        end(tx);
        late.close();
        let seen: Vec<_> = rx.iter().collect();
        assert_eq!(seen, [Err(Lagged(2)), Ok(2), Ok(3), Ok(4), Ok(5)]);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(rx.clone().recv(), Err(RecvError::Disconnected));
        let newcomer = late.subscribe();
        assert_eq!(newcomer.try_recv(), Err(TryRecvError::Disconnected));
    }
}

#[test]
fn sends_fail_only_as_long_as_nobody_receives() {
    let (tx, rx) = broadcast(2);
    drop(rx);
    assert_eq!(tx.send(1), Err(SendError(1)));
    let rx = tx.subscribe();
    assert_eq!(tx.send(2), Ok(1));
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [Ok(2)]);
}

#[test]
fn messages_of_any_size() {
    let (tx, rx) = broadcast(3);
    for _ in 0..5 {
        tx.send(()).unwrap();
    }
    assert_eq!(
        rx.iter().take(2).collect::<Vec<_>>(),
        [Err(Lagged(2)), Ok(())]
    );
    let (tx, rx) = broadcast(2);
    tx.send([7u8; 10_000]).unwrap();
    assert_eq!(rx.recv().map(|msg| msg[9_999]), Ok(7));
}

#[test]
#[should_panic = "a capacity of at least one"]
fn no_capacity_is_refused() {
    broadcast::<i32>(0);
}

#[test]
fn errors_say_what_to_do() {
    let one = "receiver lagged: 1 message was overwritten before it came for them; \
               receive more often, or give the channel a greater capacity";
    assert_eq!(Lagged(1).to_string(), one);
    assert_eq!(RecvError::Lagged(1).to_string(), one);
    assert_eq!(TryRecvError::Lagged(1).to_string(), one);
    assert_eq!(RecvTimeoutError::Lagged(1).to_string(), one);
    assert!(Lagged(2).to_string().contains("2 messages were"));
    let disconnected = hueless_channel::RecvError.to_string();
    assert_eq!(RecvError::Disconnected.to_string(), disconnected);
    assert_eq!(TryRecvError::Disconnected.to_string(), disconnected);
    assert_eq!(
        TryRecvError::Empty.to_string(),
        "receiving on an empty channel"
    );
    assert_eq!(
        RecvTimeoutError::Timeout.to_string(),
        "timed out waiting on receive operation"
    );
    let from = [
        TryRecvError::from(RecvError::Lagged(3)),
        Lagged(3).into_err(),
    ];
    assert_eq!(from, [TryRecvError::Lagged(3); 2]);
}

trait IntoErr {
    fn into_err(self) -> TryRecvError;
}

impl IntoErr for Lagged {
    fn into_err(self) -> TryRecvError {
        RecvError::from(self).into()
    }
}

#[test]
fn handles_are_what_they_should_be() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Clone + std::fmt::Debug>(_: &T) {}
    let (tx, rx) = broadcast::<Arc<AtomicUsize>>(1);
    check(&tx);
    check(&rx);
    // Without `Debug` of the messages.
    let (tx, rx) = broadcast::<fn(&mut dyn FnMut())>(1);
    assert_eq!(format!("{tx:?} {rx:?}"), "Sender { .. } Receiver { .. }");
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
