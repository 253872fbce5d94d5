//! A descriptor as its poller knows it.
//!
//! States of the registration: *none*, until the first wait, so that a socket goes to the poller of
//! the worker whose task first waits on it; *registered*; *none* again when that poller has closed
//! ([`detach`](Source::detach)), which wakes all waiters, who register anew; and none for good when
//! the descriptor is given up ([`deregister`](Source::deregister)).
//!
//! Invariants: the descriptor is open while the source is registered. Its [`Readiness`] is watched
//! while the source is registered, and at no other time.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::RawFd;
use std::panic::RefUnwindSafe;
use std::ptr;
use std::sync::{Arc, MutexGuard, PoisonError};

use hueless_runtime::bare::Mutex;
use hueless_runtime::driver;
use mio::Interest;
use mio::event::Event;

use crate::poller::{self, MioPoller};
use crate::readiness::{Edges, Readiness};
use crate::table::Token;

impl From<&Event> for Edges {
    #[inline]
    fn from(event: &Event) -> Self {
        let (read_closed, write_closed) = (event.is_read_closed(), event.is_write_closed());
        let error = event.is_error();
        Self {
            read: event.is_readable() || read_closed || error,
            write: event.is_writable() || write_closed || error,
            special: read_closed || write_closed || error || event.is_priority(),
        }
    }
}

struct Registration {
    poller: Arc<MioPoller>,
    token: Token,
}

/// A descriptor that can be waited for.
pub(crate) struct Source {
    readiness: Readiness,
    fd: RawFd,
    interest: Interest,
    registration: Mutex<Option<Registration>>,
}

// Its mutex is not poisoned by anything, see `registration`; what a panic may meet half-way is the
// system's state, as with std's sockets.
impl RefUnwindSafe for Source {}

/// Its readiness.
impl Deref for Source {
    type Target = Readiness;

    #[inline]
    fn deref(&self) -> &Readiness {
        &self.readiness
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("fd", &self.fd)
            .field("readiness", &self.readiness)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// The source of `fd`, which is not registered yet.
    pub(crate) fn new(fd: RawFd, interest: Interest) -> Arc<Self> {
        Arc::new(Self {
            readiness: Readiness::new(),
            fd,
            interest,
            registration: Mutex::new(None),
        })
    }

    /// Registers the descriptor with the current worker's poller, if it is not registered.
    ///
    /// # Errors
    /// When the system refuses, or there can be no poller.
    #[inline]
    pub(crate) fn ensure_registered(self: &Arc<Self>) -> io::Result<()> {
        match self.is_watched() {
            true => Ok(()),
            false => self.register_alone(),
        }
    }

    /// [`register`](Self::register) for a descriptor of our own, which other code may have waited for.
    #[cold]
    fn register_alone(self: &Arc<Self>) -> io::Result<()> {
        // A poller takes a descriptor once.
        crate::foreign::closing(self.fd);
        self.register()
    }

    /// Sees to it that the system tells of `interest` whatever the descriptor is now, beginning with what is so
    /// already: for a descriptor that may have been closed, and its number given to another file, unnoticed.
    ///
    /// # Errors
    /// When the system refuses, or there can be no poller.
    pub(crate) fn renew(self: &Arc<Self>, interest: impl Fn() -> Interest) -> io::Result<()> {
        loop {
            let registration = self.registration();
            if let Some(Registration { poller, token }) = &*registration {
                return poller.renew(self.fd, *token, interest());
            }
            drop(registration);
            self.register()?;
        }
    }

    #[cold]
    fn register(self: &Arc<Self>) -> io::Result<()> {
        driver::install(poller::driver());
        let mut refused: Option<Arc<MioPoller>> = None;
        loop {
            let poller = driver::current()?
                .into_any()
                .downcast::<MioPoller>()
                .map_err(|_| io::Error::other("the runtime sleeps in another driver"))?;
            if refused.is_some_and(|refused| Arc::ptr_eq(&refused, &poller)) {
                return Err(io::Error::other("the worker's poller is closed"));
            }
            let mut registration = self.registration();
            if registration.is_some() {
                // Another task was first.
                return Ok(());
            }
            let Some(token) = poller.register(self, self.fd, self.interest)? else {
                // It has closed since it was named; the next may be another one.
                refused = Some(poller);
                continue;
            };
            *registration = Some(Registration { poller, token });
            self.begin_watch();
            return Ok(());
        }
    }

    /// Ends the registration, before the descriptor is given up. Nobody waits then.
    pub(crate) fn deregister(&self) {
        let registration = self.registration().take();
        if let Some(Registration { poller, token }) = registration {
            self.end_watch();
            poller.deregister(self.fd, token);
        }
    }

    /// Forgets the registration with `poller`, which has closed, and wakes all waiters. For that
    /// poller, which no longer knows this source.
    pub(crate) fn detach(&self, poller: &MioPoller) {
        let mut registration = self.registration();
        let is_this = registration
            .as_ref()
            .is_some_and(|registration| ptr::eq(&*registration.poller, poller));
        // If not, the descriptor was given up meanwhile, or entering it in that poller has failed.
        if is_this {
            *registration = None;
            self.end_watch();
        }
    }

    fn registration(&self) -> MutexGuard<'_, Option<Registration>> {
        // No critical section leaves it half changed.
        self.registration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
