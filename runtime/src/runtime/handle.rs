//! A runtime and its end.

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::report::report;
use crate::runtime::metrics::Metrics;
use crate::scheduler::{self, Settings, Shared};
use crate::stack::Class;
use crate::task::{JoinHandle, Spec, allocate};

/// The usable stack of the task that `run` makes.
pub(crate) const ROOT_STACK: usize = 8 << 20;
/// How long a dropped runtime waits for its tasks to unwind.
const GRACE: Duration = Duration::from_secs(5);

/// Workers, their tasks, and the threads that serve them.
///
/// Most programs need none of their own: [`spawn`](crate::spawn) and [`run`](crate::run) use a
/// global one. `go!` inside a task stays in that task's runtime.
///
/// # Dropping a runtime
///
/// Tasks that have not begun are dropped; started ones are cancelled: they unwind at their next
/// blocking operation, on their own threads, so their destructors run. The drop blocks until all
/// have ended, for 5 seconds at most ([`shutdown_timeout`](Self::shutdown_timeout) says otherwise);
/// what has not ended by then is left behind, still running on its threads, and counted and named on
/// stderr. Joiners of cancelled tasks get an error, those of tasks that are left behind too. With `panic = "abort"` nothing can unwind, so every
/// started task that does not end by itself is left.
///
/// Dropped by one of its own tasks, a runtime shuts down in the background.
///
/// # Examples
///
/// ```
/// let runtime = hueless_runtime::runtime::Builder::new().workers(1).build()?;
/// let handle = runtime.spawn(|| 5);
/// assert_eq!(handle.join().unwrap(), 5);
/// drop(runtime);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    /// `None` once the shutdown has been handed on.
    shared: Option<Arc<Shared>>,
}

impl Runtime {
    pub(crate) fn start(settings: Settings) -> io::Result<Self> {
        Ok(Self {
            shared: Some(scheduler::start(settings)?),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.shared.as_ref().expect("taken only by the shutdown")
    }

    /// Spawns a task on this runtime. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = hueless_runtime::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.spawn(|| "there");
    /// assert_eq!(handle.join().unwrap(), "there");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(f, None, None, Location::caller())
    }

    pub(crate) fn spawn_with<F, T>(
        &self,
        f: F,
        class: Option<Class>,
        name: Option<Box<str>>,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: `f` and `T` borrow nothing.
        unsafe { self.spawn_as(f, class, name, spawned_at, false) }
    }

    /// # Safety
    /// What `f` and `T` borrow outlives the task's end.
    pub(crate) unsafe fn spawn_as<F, T>(
        &self,
        f: F,
        class: Option<Class>,
        name: Option<Box<str>>,
        spawned_at: &'static Location<'static>,
        is_lent: bool,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let spec = Spec {
            class: class.unwrap_or(self.shared().settings.class),
            name,
            spawned_at,
            is_lent,
        };
        // SAFETY: scheduled below, once; the rest by this contract.
        let (task, handle) = unsafe { allocate(None, f, spec, scheduler::next_id()) };
        self.shared().schedule(task);
        handle
    }

    /// Runs `f` as a task of this runtime and waits for it; see [`run`](crate::run).
    ///
    /// # Panics
    /// With `f`'s payload when `f` panics; when no stack is to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = hueless_runtime::runtime::Builder::new().workers(1).build()?;
    /// let numbers = vec![1, 2, 3];
    /// assert_eq!(runtime.run(|| numbers.iter().sum::<i32>()), 6);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run<F, T>(&self, f: F) -> T
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        scheduler::run_on(self.shared(), f, ROOT_STACK, Location::caller())
    }

    /// What the runtime is doing, in numbers.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(self.shared())
    }

    /// Shuts the runtime down as its drop does, but waits for `timeout` at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = hueless_runtime::runtime::Builder::new().workers(1).build()?;
    /// let sleeper = runtime.spawn(|| hueless_runtime::sleep(Duration::from_secs(3600)));
    /// runtime.shutdown_timeout(Duration::from_secs(1));
    /// assert!(sleeper.join().unwrap_err().is_cancelled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.shut_down(timeout);
    }

    fn shut_down(&mut self, timeout: Duration) {
        let Some(shared) = self.shared.take() else {
            return;
        };
        shared.stop();
        let wait = move || {
            let deadline = Instant::now().checked_add(timeout);
            if !shared.wait_for_end(deadline) {
                let left = shared.started_tasks();
                report(format_args!(
                    "hueless: a runtime was dropped, but {left} of its tasks did not end within \
                     {timeout:?}; they are left behind, still running"
                ));
                for running in shared.running() {
                    report(format_args!("hueless: {running}"));
                }
                shared.leave_behind();
            }
        };
        if scheduler::current_worker().is_null() {
            wait();
        } else {
            // A task that waited here would hold up the very worker it runs on.
            let waiter = std::thread::Builder::new()
                .name("hueless-shutdown".into())
                .spawn(wait);
            if let Err(error) = waiter {
                report(format_args!(
                    "hueless: a runtime is left to end by itself: {error}"
                ));
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shut_down(GRACE);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field(
                "settings",
                &self.shared.as_ref().map(|shared| &shared.settings),
            )
            .finish_non_exhaustive()
    }
}
