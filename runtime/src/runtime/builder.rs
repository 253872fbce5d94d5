//! Building runtimes.

use std::io;
use std::sync::Arc;

use crate::runtime::config::Explicit;
use crate::runtime::global;
use crate::runtime::handle::Runtime;
use crate::scheduler::{Hook, Stall};
use crate::stack;

/// Sets up a [`Runtime`].
///
/// What is not set here comes from the environment (`HUELESS_WORKERS`, `HUELESS_STACK`,
/// `HUELESS_BLOCKING`, `HUELESS_STACK_MARKS`, `HUELESS_SEED`, `HUELESS_STD`), else from the defaults.
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

    /// Calls `hook` when a task has kept its worker for 200 ms without reaching an operation, while
    /// others of that worker wait. Without a hook the first such stall of each spawn site is
    /// reported on stderr.
    ///
    /// The hook runs on the thread that watches the workers: it must not block, and should not take
    /// long.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// let (stalled, stalls) = mpsc::channel();
    /// let runtime = hueless_runtime::runtime::Builder::new()
    ///     .workers(1)
    ///     .on_stall(move |stall| drop(stalled.send(stall.clone())))
    ///     .build()?;
    /// runtime.run(|| {
    ///     let neighbour = hueless_runtime::spawn(hueless_runtime::yield_now);
    ///     hueless_runtime::yield_now();
    ///     // Blocks the thread, not the task; the neighbour cannot run.
    ///     std::thread::sleep(Duration::from_millis(400));
    ///     neighbour.join().unwrap();
    /// });
    /// let stall = stalls.recv().unwrap();
    /// assert!(stall.waiting >= 1 && stall.duration >= Duration::from_millis(200));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_stall(mut self, hook: impl Fn(&Stall) + Send + Sync + 'static) -> Self {
        self.explicit.on_stall = Some(Hook(Arc::new(hook)));
        self
    }

    /// Shuffles the order in which ready tasks run and in which a select looks at its cases: for
    /// tests, to find what depends on the usual order. With one worker, a program without timers
    /// and outside events runs the same way each time for the same `seed`, so what a seed has found
    /// can be looked at again. `HUELESS_SEED=7` in the environment does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// let order = |seed| {
    ///     let runtime = hueless_runtime::runtime::Builder::new().workers(1).seed(seed).build()?;
    ///     let order = Arc::new(Mutex::new(Vec::new()));
    ///     runtime.run(|| {
    ///         let tasks: Vec<_> = (0..20)
    ///             .map(|i| {
    ///                 let order = order.clone();
    ///                 hueless_runtime::spawn(move || order.lock().unwrap().push(i))
    ///             })
    ///             .collect();
    ///         tasks.into_iter().for_each(|task| task.join().unwrap());
    ///     });
    ///     Ok::<_, std::io::Error>(Arc::try_unwrap(order).unwrap().into_inner().unwrap())
    /// };
    /// assert_eq!(order(7)?, order(7)?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.explicit.seed = Some(seed);
        self
    }

    /// Whether this runtime installs the process's handler for SIGSEGV and SIGBUS, which names the
    /// task whose stack has overflowed and passes every other fault on to the handler that was there
    /// before; by default it does. Once installed, by whatever runtime, it stays.
    ///
    /// Without it an overflow still hits the guard, and ends the process as any fault does.
    pub fn overflow_handler(mut self, install: bool) -> Self {
        self.explicit.overflow_handler = Some(install);
        self
    }

    /// Lets started tasks change workers, as Go's do: a task may come back from any operation that
    /// can block, from `yield_now` and from `checkpoint`, on another OS thread. Load then balances
    /// at any time, and a task that blocks its thread holds up nobody but itself.
    ///
    /// Tasks that park while something on their thread unwinds stay on it.
    ///
    /// # Safety
    /// The caller promises that no task of this runtime keeps across such an operation what belongs
    /// to an OS thread:
    ///
    /// - a reference or address that comes from a thread-local, or a guard that gives one back when
    ///   dropped. The compiler may keep a thread-local's *address* in a register across the call
    ///   even where the source asks for it anew (llvm#98479): `loop { tx.send(rand::random()) }` is
    ///   enough;
    /// - a value that is not `Send`, such as an `Rc` whose other half is elsewhere, or a guard of
    ///   std's locks;
    /// - anything of a C library that is bound to its thread: `errno`, locales, an OpenGL or
    ///   database context.
    ///
    /// This holds for the code of every crate that the tasks call into.
    ///
    /// # Examples
    ///
    /// ```
    /// // SAFETY: these tasks keep nothing of their thread's across an operation.
    /// let runtime = unsafe { hueless_runtime::runtime::Builder::new().migrate() }.build()?;
    /// assert_eq!(runtime.run(|| hueless_runtime::spawn(|| 2).join().unwrap()), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub unsafe fn migrate(mut self) -> Self {
        self.explicit.migrates = true;
        self
    }

    /// Whether to measure how deep each task's stack goes, for [`stack_marks`](super::stack_marks);
    /// by default what `HUELESS_STACK_MARKS` says (`1` or `0`), else not.
    ///
    /// It holds for the whole process, from the first runtime that asks for it. Each task then costs
    /// some 3 µs more, and begins with a stack without memory.
    pub fn stack_marks(mut self, measure: bool) -> Self {
        self.explicit.stack_marks = Some(measure);
        self
    }

    /// Whether tasks park where std would block their thread: in its locks and its sleep. By default what
    /// `HUELESS_STD` says (`on` or `off`), else they do.
    ///
    /// That needs the facade's feature `std`, on Linux, on x86-64 or aarch64. Without it this says nothing: such waits then
    /// block the worker's thread, as they do where this is `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = hueless_runtime::runtime::Builder::new().park_std(false).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn park_std(mut self, park: bool) -> Self {
        self.explicit.park_std = Some(park);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or environment variable, which it names; what the system
    /// says when it refuses a thread.
    pub fn build(self) -> io::Result<Runtime> {
        let variable = |name: &str| std::env::var(name).ok();
        let settings = self.explicit.resolve(variable)?;
        if self.explicit.stack_marks(variable)? {
            stack::marks::begin();
        }
        Runtime::start(settings)
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
