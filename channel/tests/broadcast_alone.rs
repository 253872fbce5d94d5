//! Broadcast channels without anybody at the same time: what exactly comes of each operation.

mod common;

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Random, rounds};
use hueless_channel::broadcast;
use hueless_channel::broadcast::{
    Lagged, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError,
};

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
    let lagged: RecvError = Lagged(3).into();
    assert_eq!(TryRecvError::from(lagged), TryRecvError::Lagged(3));
    assert_eq!(RecvTimeoutError::from(lagged), RecvTimeoutError::Lagged(3));
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
