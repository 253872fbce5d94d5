//! The driver seam: what a worker sleeps in once somebody waits for readiness.
//!
//! The runtime knows no poller. `netpoll` installs a [`Driver`] at the first socket; from then on
//! each worker whose tasks wait for a descriptor has a [`Poller`] and sleeps in it. A worker without
//! one sleeps on a futex.
//!
//! Protocol:
//! 1. [`install`] names the driver, once for the process.
//! 2. [`current`] gives the poller to register with: the current worker's own, made at first use;
//!    outside tasks, that of a worker of the global runtime, which is never shut down.
//! 3. The worker calls [`Poller::wait`] when it runs out of work, and with a zero time-out now and
//!    then while it has some. Whoever hands it work while it sleeps calls [`Poller::notify`].
//! 4. When the worker ends it calls [`Poller::close`]; what is still registered must wake its
//!    waiters, who register again elsewhere.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::bare::OnceLock;

/// Makes pollers.
pub trait Driver: Sync {
    /// A new poller, for one worker.
    ///
    /// # Errors
    /// When the system refuses one, for want of descriptors, for example.
    fn poller(&self) -> io::Result<Arc<dyn Poller>>;
}

/// Waits for readiness on behalf of one worker.
pub trait Poller: Send + Sync + 'static {
    /// Waits until something is ready, [`notify`](Self::notify) is called, or `timeout` has passed
    /// (`None`: no limit), and readies the waiters of what is ready. Called by the worker alone,
    /// on its own stack. Never late by more than the system's granularity; may return early.
    fn wait(&self, timeout: Option<Duration>);

    /// Does what a [`wait`](Self::wait) without waiting would do, unless somebody waits. Called by
    /// another thread while the worker does not come to it. A [notification](Self::notify) is not
    /// taken away from the worker by this.
    fn poll_for_other(&self);

    /// Whether a [`wait`](Self::wait) would find something ready, at a glance.
    fn is_ready(&self) -> bool;

    /// Makes the current or the next [`wait`](Self::wait) return. Callable from any thread.
    fn notify(&self);

    /// Whether anything is registered, that is, whether a look is worth a system call.
    fn is_in_use(&self) -> bool;

    /// Says that nobody will call [`wait`](Self::wait) again, and wakes all waiters.
    fn close(&self);

    /// Itself, for the driver's own crate to downcast.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

static DRIVER: OnceLock<&'static dyn Driver> = OnceLock::new();

/// Names the process's driver. The first call wins; later ones change nothing.
pub fn install(driver: &'static dyn Driver) {
    let _ = DRIVER.set(driver);
}

/// The poller that the current task or thread registers with.
///
/// # Errors
/// When the poller cannot be made, or the global runtime cannot be started for a plain thread.
///
/// # Panics
/// When no driver is [installed](install).
pub fn current() -> io::Result<Arc<dyn Poller>> {
    crate::scheduler::current_poller()
}

/// A new poller from the installed driver.
pub(crate) fn new_poller() -> io::Result<Arc<dyn Poller>> {
    DRIVER.get().expect("no driver is installed").poller()
}
