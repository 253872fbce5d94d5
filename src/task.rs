//! Tasks: handles on them, starting them with a name or a stack of another size, parking them.
//!
//! ```
//! use hueless::task;
//!
//! let handle = task::Builder::new().name("fetch").spawn(|| task::current().id())?;
//! assert_eq!(handle.task().name(), Some("fetch"));
//! assert_eq!(handle.task().id(), handle.join().unwrap());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Coming from tokio
//!
//! | there | here |
//! | --- | --- |
//! | `async fn`, `.await` | a function, a call |
//! | `#[tokio::main]` | nothing: `main` is a thread that may wait; [`run`](crate::run) makes it a task |
//! | `tokio::spawn(async move { … })` | [`go!`](crate::go)`(move \|\| …)` |
//! | `handle.await` | [`handle.join()`](JoinHandle::join) |
//! | `handle.abort()` | `handle.cancel()`: it unwinds where the task waits |
//! | `spawn_blocking` | [`blocking`](crate::blocking), which may borrow |
//! | `block_in_place` | [`blocking`](crate::blocking) |
//! | `LocalSet`, `spawn_local` | nothing: once started, a task stays on its thread |
//! | `tokio::join!`, `select!` on futures | tasks that are joined; [`select!`](crate::select) on channels |
//! | `mpsc`, `oneshot` | [`channel::bounded`](crate::channel::bounded), [`unbounded`](crate::channel::unbounded) |
//! | `broadcast`, `watch` | [`channel::broadcast`](mod@crate::channel::broadcast), [`channel::watch`](mod@crate::channel::watch) |
//! | `time::sleep`, `interval` | [`sleep`](crate::sleep), [`channel::tick`](crate::channel::tick) |
//! | `task::yield_now` | [`yield_now`](crate::yield_now), or [`checkpoint`](crate::checkpoint) in loops |
//! | `tokio::task_local!` with `scope` | [`scoped_local!`](scoped_local) |
//! | a thread-local of one task | [`task_local!`](task_local) |
//! | `TcpStream`, `AsyncReadExt` | [`net::TcpStream`](crate::net::TcpStream), [`std::io::Read`] |
//! | `AsyncFd` | [`net::Pollable`](crate::net::Pollable) |
//! | `tokio::fs`, `tokio::process`, `tokio::signal` | [`fs`](crate::fs), [`process`](crate::process), [`signal`](crate::signal) |
//! | `io::copy`, `copy_bidirectional`, `duplex` | [`io`](crate::io) |
//! | `Stream` | an iterator; [`generator`](crate::generator) makes one of code that yields |
//!
//! # Calling async crates
//!
//! [`block_on`](crate::block_on) runs any future. Those that need tokio find it by a thread-local, its
//! *context*, which [`Runtime::block_on`](https://docs.rs/tokio/1/tokio/runtime/struct.Runtime.html) and
//! `Handle::enter` set. It has to be set while the future is polled, and must not be while the task is
//! parked, since other tasks run on the thread then. So a program that calls such crates has a tokio runtime
//! beside it, for their sockets and timers, and this:
//!
//! ```
//! use hueless::{block_on, go, task};
//! use std::pin::{Pin, pin};
//! use std::sync::LazyLock;
//! use std::future::{Future, poll_fn};
//! use tokio::runtime::{Builder, Runtime};
//!
//! static TOKIO: LazyLock<Runtime> = LazyLock::new(|| {
//!     let mut builder = Builder::new_multi_thread();
//!     builder.worker_threads(1).enable_all().build().expect("a tokio runtime")
//! });
//!
//! /// Runs a future of tokio's. Blocks the task, not its worker.
//! fn on_tokio<F: Future>(future: F) -> F::Output {
//!     let mut future = pin!(future);
//!     block_on(poll_fn(|cx| {
//!         // Should the future block after all, then the thread: the context does not get to others.
//!         task::no_park(|| {
//!             let _context = TOKIO.enter();
//!             future.as_mut().poll(cx)
//!         })
//!     }))
//! }
//!
//! let task = go!(|| on_tokio(async {
//!     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
//!     tokio::spawn(async { 6 * 7 }).await
//! }));
//! assert_eq!(task.join().unwrap().unwrap(), 42);
//! ```
//!
//! The other way round, async code waits for a task by `.await` on its [`JoinHandle`], and for messages by
//! [`recv_async`](crate::channel::Receiver::recv_async):
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let answer = hueless::spawn(|| 6 * 7).await;
//! assert_eq!(answer.unwrap(), 42);
//! # });
//! ```

#[doc(alias = "goroutine")]
#[doc(inline)]
pub use hueless_runtime::task::Task;
#[doc(inline)]
pub use hueless_runtime::task::{
    AccessError, Builder, JoinError, JoinFuture, JoinHandle, JoinSet, LocalKey, ScopedJoinHandle,
    ScopedKey, TaskId, current, no_park, park, park_timeout, scoped_local, task_local,
};
