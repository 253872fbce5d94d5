//! The global runtime: started at first use, never shut down.

use std::io;
use std::panic::Location;
use std::sync::PoisonError;

use crate::bare::{Mutex, OnceLock};
use crate::runtime::builder::Builder;
use crate::runtime::handle::{ROOT_STACK, Runtime};
use crate::task::no_park;

static GLOBAL: OnceLock<Runtime> = OnceLock::new();
/// Held while the global runtime is being started, so that a failed start can be tried again.
static STARTING: Mutex<()> = Mutex::new(());

/// The global runtime, started now if it was not.
pub(crate) fn try_global() -> io::Result<&'static Runtime> {
    if let Some(runtime) = GLOBAL.get() {
        return Ok(runtime);
    }
    match install(|| Builder::new().build()) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(GLOBAL.get().expect("just installed")),
    }
}

/// The global runtime, where an error has nowhere to go.
#[track_caller]
pub(crate) fn global() -> &'static Runtime {
    try_global()
        .unwrap_or_else(|error| panic!("hueless: the global runtime cannot be started: {error}"))
}

/// Makes `build`'s runtime the global one.
pub(crate) fn install(build: impl FnOnce() -> io::Result<Runtime>) -> io::Result<()> {
    // Starting threads takes locks of std's, and a task that parks in one holds this one meanwhile.
    no_park(|| install_here(build))
}

fn install_here(build: impl FnOnce() -> io::Result<Runtime>) -> io::Result<()> {
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if GLOBAL.get().is_some() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the global runtime has been started already; call build_global before the first \
             spawn, and once",
        ));
    }
    let runtime = build()?;
    let _ = GLOBAL.set(runtime);
    Ok(())
}

/// Runs `f` as a task of the current runtime, else of the global one, and waits for it. Blocks the
/// calling task or thread until `f` returns, whatever happens; so `f` may borrow.
///
/// The task's stack has 8 MiB. Tasks that `f` has spawned are not waited for.
///
/// # Panics
/// With `f`'s payload when `f` panics; when the global runtime is needed and cannot be started, or
/// no stack is to be had.
///
/// # Examples
///
/// ```
/// let text = String::from("borrowed");
/// let length = hueless_runtime::run(|| text.len());
/// assert_eq!(length, 8);
/// ```
#[track_caller]
pub fn run<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    crate::scheduler::run_here(f, ROOT_STACK, Location::caller())
}
