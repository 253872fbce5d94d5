//! Subscriptions, and the thread that serves them.
//!
//! Protocol:
//! 1. [`subscribe`] starts the thread, if it is the first; installs handlers for the signals that have
//!    none yet; enters the subscription; and wakes the thread, so that it unblocks these signals.
//! 2. A handler notes its signal and writes a byte to the thread (`sys`).
//! 3. The thread reads the byte, takes what was noted and sends it to each subscription, never
//!    waiting for room. Subscriptions whose receivers are gone leave the list.
//!
//! Invariants: handlers, once installed, stay, and so do the thread and its descriptors. The lock is
//! not held while messages are sent: a send may run the waker of a receiver in async code, which may
//! subscribe. Only the thread takes subscriptions out, so none is entered twice or lost.

use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hueless_channel::{Receiver, Sender, TrySendError, bounded};
use hueless_runtime::bare::Mutex;
use hueless_runtime::task::no_park;

use crate::signal::Signal;
use crate::signal::sys::{self, Set};

/// How many signals a channel of [`notify`] holds for its owner.
pub const CAPACITY: usize = 64;

/// How long a Ctrl-C that is not the first may lie in the channels before it kills the process.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// How many subscriptions there may be before any is looked at.
const FIRST_LIMIT: usize = 16;

/// Signals that no handler can be given for, or that this runtime's own are for.
const REFUSED: [Signal; 6] = [
    Signal::KILL,
    Signal::STOP,
    Signal::SEGV,
    Signal::BUS,
    Signal::FPE,
    Signal::ILL,
];

/// Subscribes to Ctrl-C, that is, to `SIGINT`. The process no longer ends by it, but see the
/// [module](crate::signal) for what a second one does. Does not block.
///
/// The channel holds one message. Dropping the receiver ends the subscription.
///
/// # Errors
/// When the system refuses a thread or a descriptor.
///
/// # Examples
///
/// ```
/// use hueless_channel::{after, select};
/// use std::time::Duration;
///
/// let ctrl_c = hueless_netpoll::signal::ctrl_c()?;
/// select! {
///     recv(ctrl_c) -> _ => println!("good-bye"),
///     recv(after(Duration::from_millis(1))) -> _ => println!("nobody stops us"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn ctrl_c() -> io::Result<Receiver<()>> {
    let (sender, receiver) = bounded(1);
    subscribe(&[Signal::INT], Outlet::CtrlC(sender))?;
    Ok(receiver)
}

/// Subscribes to `signals`. They lose their usual effect, though a second Ctrl-C still kills: see the
/// [module](crate::signal). Does not block.
///
/// The channel holds [`CAPACITY`] messages; what comes while it is full is lost. Dropping the
/// receiver ends the subscription.
///
/// # Errors
/// `InvalidInput` if there are no signals, or one that cannot be had; or when the system refuses a
/// thread or a descriptor. Then nothing is subscribed to.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::signal::{self, Signal};
///
/// let reload = signal::notify(&[Signal::HUP])?;
/// assert!(reload.try_recv().is_err());
/// assert!(signal::notify(&[Signal::KILL]).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn notify(signals: &[Signal]) -> io::Result<Receiver<Signal>> {
    let (sender, receiver) = bounded(CAPACITY);
    subscribe(signals, Outlet::Signals(sender))?;
    Ok(receiver)
}

/// Where a subscription's messages go.
enum Outlet {
    CtrlC(Sender<()>),
    Signals(Sender<Signal>),
}

impl Outlet {
    /// Sends without waiting. An error says why not.
    fn send(&self, signal: Signal) -> Result<(), TrySendError<()>> {
        match self {
            Self::CtrlC(sender) => sender.try_send(()),
            Self::Signals(sender) => sender.try_send(signal).map_err(|error| match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Disconnected(_) => TrySendError::Disconnected(()),
            }),
        }
    }

    /// Whether the receiver is gone.
    fn is_disconnected(&self) -> bool {
        match self {
            Self::CtrlC(sender) => sender.is_disconnected(),
            Self::Signals(sender) => sender.is_disconnected(),
        }
    }

    /// How many messages wait to be received.
    fn len(&self) -> usize {
        match self {
            Self::CtrlC(sender) => sender.len(),
            Self::Signals(sender) => sender.len(),
        }
    }
}

/// Who gets which signals.
struct Subscription {
    signals: Set,
    outlet: Outlet,
    /// How many messages were sent.
    sent: usize,
    /// How many Ctrl-Cs came, whether there was room for them or not.
    interrupts: usize,
    /// Which message was the last Ctrl-C that was sent, counted from one.
    last_interrupt: usize,
}

impl Subscription {
    /// Sends `signal`; false if nobody can receive it any more.
    fn deliver(&mut self, signal: Signal) -> bool {
        let answer = self.outlet.send(signal);
        self.sent += usize::from(answer.is_ok());
        if signal == Signal::INT {
            self.interrupts += 1;
            if answer.is_ok() {
                self.last_interrupt = self.sent;
            }
        }
        !matches!(answer, Err(TrySendError::Disconnected(())))
    }

    /// Whether there was a Ctrl-C before the last one, and the last one, or one before it that left
    /// no room, was not received.
    fn neglects_interrupts(&self) -> bool {
        let received = self.sent - self.outlet.len().min(self.sent);
        self.interrupts > 1 && received < self.last_interrupt
    }
}

/// Whether somebody has subscribed to Ctrl-C, and nobody of them receives it. Who is gone is not to
/// blame, for he may have received it before.
fn all_neglect_interrupts(subscriptions: &[Subscription]) -> bool {
    let mut concerned = subscriptions
        .iter()
        .filter(|subscription| subscription.signals.contains(Signal::INT))
        .peekable();
    concerned.peek().is_some() && concerned.all(Subscription::neglects_interrupts)
}

/// What subscribers and the thread share.
struct State {
    subscriptions: Vec<Subscription>,
    /// How many there may be before those whose receivers are gone are looked for; a signal that
    /// finds them out may not come for years.
    limit: usize,
    /// The signals that have handlers.
    installed: Set,
    /// Those of them that had their default effect before.
    default: Set,
    /// Wakes the thread.
    wake: UnixStream,
}

/// There is one once somebody has subscribed.
static STATE: Mutex<Option<State>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<State>> {
    // Nothing leaves it half changed.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn subscribe(signals: &[Signal], outlet: Outlet) -> io::Result<()> {
    if signals.is_empty() {
        return Err(invalid("no signal to subscribe to".into()));
    }
    let mut asked = Set::default();
    for &signal in signals {
        if !(1..=sys::MAX).contains(&signal.as_raw()) {
            return Err(invalid(format!("there is no {signal}")));
        }
        if REFUSED.contains(&signal) {
            return Err(invalid(format!("{signal} cannot be subscribed to")));
        }
        asked = asked.with(Set::of(signal));
    }
    // Starting a thread and installing handlers takes locks of others, of which hueless-uncolor knows nothing.
    no_park(|| enter(asked, outlet))
}

/// Installs handlers for those signals that are `asked` for and have none, and enters the subscription.
fn enter(asked: Set, outlet: Outlet) -> io::Result<()> {
    let mut state = lock();
    let state = match &mut *state {
        Some(state) => state,
        none => none.insert(start()?),
    };
    for signal in asked.without(state.installed).iter() {
        if sys::has_default_effect(signal)? {
            state.default = state.default.with(Set::of(signal));
        }
        sys::install(signal, state.wake.as_raw_fd())?;
        state.installed = state.installed.with(Set::of(signal));
    }
    if state.subscriptions.len() >= state.limit {
        let gone = |subscription: &Subscription| subscription.outlet.is_disconnected();
        state
            .subscriptions
            .retain(|subscription| !gone(subscription));
        state.limit = FIRST_LIMIT.max(2 * state.subscriptions.len());
    }
    state.subscriptions.push(Subscription {
        signals: asked,
        outlet,
        sent: 0,
        interrupts: 0,
        last_interrupt: 0,
    });
    // If there is no room for the byte, there are others to be read.
    let _ = state.wake.write(&[0]);
    Ok(())
}

#[cold]
fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Starts the thread.
fn start() -> io::Result<State> {
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    thread::Builder::new()
        .name("hueless-signals".into())
        .spawn(move || Thread::new(woken).run())?;
    Ok(State {
        subscriptions: Vec::new(),
        limit: FIRST_LIMIT,
        installed: Set::default(),
        default: Set::default(),
        wake,
    })
}

/// What only the thread touches.
struct Thread {
    woken: UnixStream,
    unblocked: Set,
    /// When to look whether a Ctrl-C has been received.
    verdict: Option<Instant>,
}

impl Thread {
    fn new(woken: UnixStream) -> Self {
        Self {
            woken,
            unblocked: Set::default(),
            verdict: None,
        }
    }

    fn run(mut self) -> ! {
        loop {
            self.sleep();
            let installed = lock()
                .as_ref()
                .map_or_else(Set::default, |state| state.installed);
            // What was pending for want of a thread that takes it arrives in this call.
            sys::unblock(installed.without(self.unblocked));
            self.unblocked = installed;
            for signal in sys::take().iter() {
                self.deliver(signal);
            }
            if self
                .verdict
                .is_some_and(|verdict| verdict <= Instant::now())
            {
                self.verdict = None;
                self.judge();
            }
        }
    }

    /// Sleeps until there may be something to do.
    fn sleep(&mut self) {
        let now = Instant::now();
        // A time-out of zero is none.
        let timeout = self.verdict.map(|verdict| {
            let left = verdict.saturating_duration_since(now);
            left.max(Duration::from_millis(1))
        });
        // It fails for no socket, and the loop can do with any return.
        let _ = self.woken.set_read_timeout(timeout);
        // Returns bytes, or that the time is up, or that a handler has run on this thread; the other
        // end is never closed.
        let _ = self.woken.read(&mut [0; 64]);
    }

    fn deliver(&mut self, signal: Signal) {
        let (mut subscriptions, default) = match &mut *lock() {
            Some(state) => (mem::take(&mut state.subscriptions), state.default),
            None => return,
        };
        subscriptions.retain_mut(|subscription| {
            // A waker of the program's that panics does not get here: `park::wake` sees to that.
            !subscription.signals.contains(signal) || subscription.deliver(signal)
        });
        let has_nobody = !subscriptions
            .iter()
            .any(|subscription| subscription.signals.contains(signal));
        if signal == Signal::INT && all_neglect_interrupts(&subscriptions) {
            // Not later than for one that came before.
            self.verdict
                .get_or_insert_with(|| Instant::now() + PATIENCE);
        }
        if let Some(state) = &mut *lock() {
            // After them come those that were entered meanwhile.
            subscriptions.append(&mut state.subscriptions);
            state.subscriptions = subscriptions;
        }
        if has_nobody && default.contains(signal) {
            sys::default_effect(signal);
        }
    }

    /// Kills the process if nobody has received the Ctrl-C that the verdict was put off for.
    fn judge(&self) {
        let neglected = lock().as_ref().is_some_and(|state| {
            state.default.contains(Signal::INT) && all_neglect_interrupts(&state.subscriptions)
        });
        if neglected {
            sys::default_effect(Signal::INT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal that never comes, so that nothing but subscribing can find out who has gone.
    #[test]
    fn subscriptions_that_ended_are_forgotten_though_no_signal_comes() {
        let kept: Vec<_> = (0..40).map(|_| notify(&[Signal::URG]).unwrap()).collect();
        for _ in 0..1000 {
            drop(notify(&[Signal::URG]).unwrap());
        }
        let count = lock().as_ref().unwrap().subscriptions.len();
        assert!((kept.len()..100).contains(&count), "{count}");
    }
}
