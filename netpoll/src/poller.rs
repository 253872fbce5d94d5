//! One worker's poller: `mio::Poll` behind the runtime's driver seam.
//!
//! Who touches what:
//! - [`Core`]: whoever waits, which is the worker that owns the poller, or the monitor while that
//!   worker does not react. It lies behind a mutex.
//! - the table, the registry and the waker: anyone.
//!
//! Protocol:
//! 1. [`MioPoller::register`] enters the source in the table, then in the system's poller. An event
//!    may come from that moment on.
//! 2. [`wait`](Poller::wait) looks up each event's source in the table and tells it; the source
//!    settles its waiters' claims. They are readied after the table's lock has been released: a
//!    ready may go to another worker and make a system call.
//! 3. [`MioPoller::deregister`] takes the source out of both. An event that is under way still finds
//!    the slot empty, or of another generation.
//! 4. [`close`](Poller::close) empties the table for good and detaches each source, which wakes its
//!    waiters; they register with another poller. The system's poller goes with the last reference,
//!    and after `close` only the worker and registrations under way have one.
//!
//! Locks are taken in the order: a source's registration, table, a source's queues.
//!
//! Granularity: mio rounds time-outs up to whole milliseconds where the system's poller takes no
//! others (epoll). There a `wait` for a part of one first waits for the poller's own descriptor, which
//! costs a second system call and is exact. A [long](LONG) wait leaves the part out: most such are over
//! before, and the others are made up by one that is exact.

use std::any::Any;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use hueless_runtime::bare::Mutex;
use hueless_runtime::driver::{Driver, Poller};
use hueless_runtime::park::ClaimedList;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Waker};

use crate::readiness::Direction;
use crate::source::Source;
use crate::sys;
use crate::table::{Table, Token};

/// The most events that one look at the system's poller fetches.
const EVENTS: usize = 1024;

/// The most events that are looked up under one hold of the table's lock, so that it is held for a
/// microsecond or so.
const BATCH: usize = 64;

/// How long a `wait` rests when the system's poller fails, so that a lasting failure does not burn
/// a processor.
const REST_AFTER_ERROR: Duration = Duration::from_millis(1);

/// A wait for so long or longer may end up to a millisecond early; its caller then waits for the rest.
const LONG: Duration = Duration::from_millis(10);

/// Makes a [`MioPoller`] for each worker that needs one.
struct MioDriver;

static DRIVER: MioDriver = MioDriver;

/// The driver that this crate installs when a socket first has to wait.
pub(crate) fn driver() -> &'static dyn Driver {
    &DRIVER
}

impl Driver for MioDriver {
    fn poller(&self) -> io::Result<Arc<dyn Poller>> {
        Ok(Arc::new(MioPoller::new()?))
    }
}

/// The poller of one worker.
pub(crate) struct MioPoller {
    core: Mutex<Core>,
    registry: Registry,
    waker: Waker,
    /// Of the system's poller, which `core` owns.
    descriptor: RawFd,
    table: Mutex<Table>,
    /// The table's length; written under its lock.
    registered: AtomicUsize,
}

/// What only the one who waits touches; reused, so that a wait allocates nothing.
struct Core {
    poll: Poll,
    events: Events,
}

impl MioPoller {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        // A second descriptor of the same poller: `Poll` itself is borrowed while it waits.
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, Token::NONE.into())?;
        Ok(Self {
            descriptor: poll.as_raw_fd(),
            core: Mutex::new(Core {
                poll,
                events: Events::with_capacity(EVENTS),
            }),
            registry,
            waker,
            table: Mutex::new(Table::default()),
            registered: AtomicUsize::new(0),
        })
    }

    /// Registers the source of descriptor `fd`; `None` if this poller is closed.
    ///
    /// # Errors
    /// When the system refuses: too many registrations, no memory, or a descriptor of a kind that
    /// cannot be waited for.
    pub(crate) fn register(
        &self,
        source: &Arc<Source>,
        fd: RawFd,
        interest: Interest,
    ) -> io::Result<Option<Token>> {
        let Some(token) = self.with_table(|table| table.insert(Arc::clone(source))) else {
            return Ok(None);
        };
        let answer = self
            .registry
            .register(&mut SourceFd(&fd), token.into(), interest);
        if let Err(error) = answer {
            self.remove(token);
            return Err(error);
        }
        Ok(Some(token))
    }

    /// Has the system tell of `interest` instead of what it told of before, beginning with what is so already;
    /// also if the descriptor has become another file since.
    ///
    /// # Errors
    /// As for [`register`](Self::register).
    pub(crate) fn renew(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let source = &mut SourceFd(&fd);
        match self.registry.reregister(source, token.into(), interest) {
            // The system has forgotten the file that it knew with its last descriptor.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.registry.register(source, token.into(), interest)
            }
            answer => answer,
        }
    }

    /// Undoes [`register`](Self::register). `fd` must not have been closed yet.
    pub(crate) fn deregister(&self, fd: RawFd, token: Token) {
        // An error leaves nothing to do: the descriptor is about to be closed, which takes it out
        // as well, and the token is void after this.
        let _ = self.registry.deregister(&mut SourceFd(&fd));
        self.remove(token);
    }

    fn remove(&self, token: Token) {
        // The source is dropped after the table's lock has been released.
        drop(self.with_table(|table| table.remove(token)));
    }

    /// Changes the table.
    fn with_table<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut table = self.table();
        let answer = change(&mut table);
        // Relaxed: see `is_in_use`.
        self.registered.store(table.len(), Ordering::Relaxed);
        answer
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No critical section leaves the table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MioPoller {
    /// Waits with what the holder of the lock touches. Says whether it took a notification.
    fn wait_in(&self, core: &mut Core, timeout: Option<Duration>) -> bool {
        let Core { poll, events } = core;
        match poll.poll(events, timeout) {
            Ok(()) => {}
            // A signal: returning early is within the seam's terms.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return false,
            Err(_) => {
                std::thread::sleep(timeout.map_or(REST_AFTER_ERROR, |t| t.min(REST_AFTER_ERROR)));
                return false;
            }
        }
        let mut notified = false;
        let mut events = events.iter().peekable();
        while events.peek().is_some() {
            let mut woken = ClaimedList::default();
            let table = self.table();
            for event in events.by_ref().take(BATCH) {
                let token = event.token().into();
                notified |= token == Token::NONE;
                if let Some(source) = table.get(token) {
                    source.tell(event.into(), &mut woken);
                }
            }
            drop(table);
            // Dropping the list readies its waiters.
            drop(woken);
        }
        notified
    }
}

impl Poller for MioPoller {
    fn wait(&self, timeout: Option<Duration>) {
        // Everything in it is valid at any time.
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = timeout.map(|exact| match in_one_call(exact) {
            Some(whole) => whole,
            None if sys::await_readable(self.descriptor, exact) => Duration::ZERO,
            None => exact,
        });
        self.wait_in(&mut core, timeout);
    }

    fn poll_for_other(&self) {
        // Locked: somebody is at it. Poisoned: never, for nothing under the lock panics.
        if let Ok(mut core) = self.core.try_lock() {
            let notified = self.wait_in(&mut core, Some(Duration::ZERO));
            drop(core);
            // The notification was the worker's: it may be on its way into its wait.
            if notified {
                self.notify();
            }
        }
    }

    fn is_ready(&self) -> bool {
        self.is_in_use() && sys::is_ready(self.descriptor, Direction::Read).unwrap_or(false)
    }

    fn notify(&self) {
        // Fails only if the descriptor were gone, and it lives as long as `self`.
        let woken = self.waker.wake();
        debug_assert!(woken.is_ok(), "the poller cannot be notified: {woken:?}");
    }

    fn is_in_use(&self) -> bool {
        // Relaxed: a hint that spares a worker with work its zero time-out waits. It sees its own
        // registrations at once, and those of others soon.
        self.registered.load(Ordering::Relaxed) != 0
    }

    fn close(&self) {
        for source in self.with_table(Table::close) {
            source.detach(self);
        }
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The milliseconds that make a wait for `exact`, if there are such.
fn in_one_call(exact: Duration) -> Option<Duration> {
    let rest = Duration::from_nanos(u64::from(exact.subsec_nanos() % 1_000_000));
    (rest.is_zero() || exact >= LONG).then(|| exact - rest)
}

#[cfg(test)]
mod tests;
