//! Go's model for Rust: plain blocking code, a million tasks, a few OS threads.
//!
//! ```
//! use hueless::{channel::bounded, go, select};
//! use std::time::Duration;
//!
//! fn main() {
//!     let (tx, rx) = bounded(0);
//!     go!(move || (1..=3).for_each(|n| tx.send(n * n).unwrap()));
//!     loop {
//!         select! {
//!             recv(rx) -> square => match square { Ok(n) => println!("{n}"), Err(_) => break },
//!             default(Duration::from_secs(1)) => println!("still waiting"),
//!         }
//!     }
//! }
//! ```
//!
//! A *task* is what Go calls a goroutine: a function that runs on a small stack of its own. Tasks
//! are multiplexed on a few OS threads, the *workers*. Where a task has to wait, for a message, a
//! socket, a point in time, it is parked and its worker runs another; so code in a task blocks
//! freely, and there is no `async`. Who knows another language's idioms finds them in [`docs`], with a guide.
//!
//! | to | use |
//! | --- | --- |
//! | start a task | [`go!`], [`spawn`], [`task::Builder`] |
//! | wait for its result | [`JoinHandle::join`](task::JoinHandle::join) |
//! | run code that borrows as a task, and wait for it | [`run`] |
//! | run tasks that borrow, and end before the call does | [`scope`], [`try_scope`], [`join`], [`race`], [`map_concurrent`] |
//! | restart tasks that fail, as OTP does | [`supervisor`] |
//! | limit the time of any code, cancel it | [`timeout`], [`cancel`] |
//! | pass messages | [`channel::bounded`], [`channel::unbounded`] |
//! | wait for the first of several things | [`select!`] |
//! | lock, count permits, notify, wait for a group | [`sync`], which mirrors [`std::sync`] |
//! | talk to the network | [`net`], which mirrors [`std::net`] |
//! | read and write files, run other programs | [`fs`], [`process`], which mirror std's |
//! | be told of Ctrl-C | [`signal::ctrl_c`], [`signal::notify`] |
//! | relay between connections, pipe bytes in memory | [`io`] |
//! | sleep | [`sleep`], [`sleep_until`] |
//! | call something that blocks its OS thread | [`blocking`] |
//! | recurse deeply | [`stack::grow`] |
//! | run a future, call an async crate | [`block_on`], and [how to](task#calling-async-crates) |
//! | wait for a task in async code | `.await` on its [`JoinHandle`](task::JoinHandle) |
//! | make an iterator of code that yields | [`generator`] |
//! | have variables of a task's own | [`task::task_local`], [`task::scoped_local`] |
//! | move a program with threads over | [`thread`], which mirrors [`std::thread`] |
//! | let others run in a long computation | [`checkpoint`], [`preemptible`](macro@preemptible), [`yield_now`] |
//! | wait for one another as threads do | [`task::park`], [`Task::unpark`](task::Task::unpark) |
//! | keep a callback's thread-locals nested | [`task::no_park`] |
//! | choose workers, stack sizes | [`runtime::Builder`], `HUELESS_WORKERS`, `HUELESS_STACK` |
//!
//! The runtime starts at the first use and needs no set-up. Everything here works on plain OS
//! threads too, where waiting blocks the thread: tasks and threads can share channels and sockets.
//!
//! # What to know
//!
//! - A task takes at least 4 KiB of memory, its first page of stack; more as it goes deeper. A stack
//!   that overflows hits a guard, which ends the process with a message that names the task.
//! - A task stays on the worker where it first ran. Hence what it holds across a wait need not be
//!   `Send`, and thread-locals are sound. But a task that computes for long without waiting holds
//!   up the others on its worker: call [`checkpoint`] in such loops.
//! - The initialiser of a [`thread_local!`] must not wait: two tasks of one thread could be in it at once,
//!   which std does not expect. Make it `const`, or use [`task::task_local`].
//! - A lock of [`std::sync`] held across a wait can block the whole worker when a neighbour wants
//!   it. Let go of it first, pass messages, or use the locks in [`sync`].
//! - Code that blocks its thread in other ways, a crate with sockets of std's for example, belongs in
//!   [`blocking`]. Or, on Linux, try the feature `std`, a preview with which std's locks, sleep, sockets and
//!   look-ups park the task (package `hueless-uncolor`).

mod macros;

pub mod cancel;
pub mod channel;
pub mod docs;
pub mod fs;
pub mod io;
pub mod net;
pub mod process;
pub mod runtime;
pub mod signal;
pub mod stack;
pub mod supervisor;
pub mod sync;
pub mod task;
pub mod thread;

/// Its definitions are what is wanted of it.
#[cfg(feature = "std")]
use hueless_uncolor as _;

#[doc(inline)]
pub use hueless_channel::{select, select_biased};
/// # Examples
///
/// ```
/// use hueless::preemptible;
///
/// #[preemptible]
/// fn collatz(limit: u64) -> u64 {
///     let mut longest = 0;
///     for start in 1..limit {
///         let (mut n, mut steps) = (start, 0);
///         while n != 1 {
///             n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
///             steps += 1;
///         }
///         longest = longest.max(steps);
///     }
///     longest
/// }
/// assert_eq!(hueless::spawn(|| collatz(100)).join().unwrap(), 118);
/// ```
///
/// What is no function, has no body or is `const` is refused:
///
/// ```compile_fail
/// #[hueless::preemptible] // goes before a function or a method
/// struct Loops;
/// ```
///
/// ```compile_fail
/// trait Work {
///     #[hueless::preemptible] // needs a function with a body
///     fn work(&self);
/// }
/// ```
///
/// ```compile_fail
/// #[hueless::preemptible]
/// const fn work() {} // evaluated at compile time, it cannot yield
/// ```
///
/// ```compile_fail
/// #[hueless::preemptible(every = 1000)] // takes no arguments
/// fn work() {}
/// ```
#[doc(inline)]
pub use hueless_macros::preemptible;
#[doc(inline)]
pub use hueless_runtime::block_on;
#[doc(alias = "spawn_blocking")]
#[doc(inline)]
pub use hueless_runtime::blocking;
#[doc(alias = "coroutine")]
#[doc(inline)]
pub use hueless_runtime::generator;
#[doc(alias = "nursery")]
#[doc(alias = "TaskGroup")]
#[doc(inline)]
pub use hueless_runtime::scope;
#[doc(alias = "goroutine")]
#[doc(inline)]
pub use hueless_runtime::spawn;
#[doc(alias = "Gosched")]
#[doc(inline)]
pub use hueless_runtime::yield_now;
#[doc(inline)]
pub use hueless_runtime::{
    Generator, Race, Scope, TryScope, Yielder, checkpoint, deadline, for_each_concurrent,
    join_all_settled, map_concurrent, now, race, race_all, race_ok, run, sleep, sleep_until,
    timeout, try_map_concurrent, try_scope,
};
#[doc(alias = "gather")]
#[doc(inline)]
pub use hueless_runtime::{join, join_all};

/// The README's programs are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
