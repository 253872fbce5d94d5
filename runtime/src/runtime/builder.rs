//! Building runtimes.

use std::io;

use crate::runtime::config::Explicit;
use crate::runtime::global;
use crate::runtime::handle::Runtime;

/// Sets up a [`Runtime`].
///
/// What is not set here comes from the environment (`HUELESS_WORKERS`, `HUELESS_STACK`,
/// `HUELESS_BLOCKING`), else from the defaults.
///
/// # Examples
///
/// ```
/// let runtime = hueless_runtime::runtime::Builder::new()
///     .workers(2)
///     .stack_size(512 << 10)
///     .build()?;
/// assert_eq!(runtime.run(|| 1 + 1), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    explicit: Explicit,
}

impl Builder {
    /// A builder with nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of OS threads that run tasks; by default one for each core that the process may
    /// use (cgroup quotas count).
    pub fn workers(mut self, workers: usize) -> Self {
        self.explicit.workers = Some(workers);
        self
    }

    /// The usable bytes of a task's stack unless its own builder says otherwise, rounded up to the
    /// next size there is; 192 KiB by default. It is address space: memory is taken page by page
    /// as the task touches it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.explicit.stack_size = Some(bytes);
        self
    }

    /// The number of OS threads that [`blocking`](crate::blocking) may use at once; 512 by default.
    /// Calls beyond it queue.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.explicit.blocking_threads = Some(threads);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or environment variable, which it names; what the system
    /// says when it refuses a thread.
    pub fn build(self) -> io::Result<Runtime> {
        Runtime::start(self.explicit.resolve(|name| std::env::var(name).ok())?)
    }

    /// Starts the global runtime, which `spawn` and `run` otherwise start with the defaults.
    ///
    /// # Errors
    /// As [`build`](Self::build); `AlreadyExists` when the global runtime has been started.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::runtime::Builder;
    /// Builder::new().workers(1).build_global()?;
    /// let again = Builder::new().build_global().unwrap_err();
    /// assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_global(self) -> io::Result<()> {
        global::install(|| self.build())
    }
}
