//! Child processes, with the names and methods of [`std::process`].
//!
//! Starting a process runs on the blocking pool; reading from and writing to its pipes, and waiting
//! for its end, park the task and leave the worker to others. Outside a task they block the thread,
//! as std's do.
//!
//! What differs from std:
//!
//! - **The signal mask.** Children inherit the mask of the thread that starts them, and workers block
//!   nearly all signals. [`Command`] sees to it that a child has the mask of the program, also on a thread
//!   that a task has started, unless that has changed its mask. A [`std::process::Command`] that a
//!   task, or such a thread, uses does not: its children hear neither Ctrl-C nor `SIGTERM`.
//! - **Children that nobody waits for.** A [`Child`] that is dropped runs on, as std's does. When it
//!   has ended, one of the next [`spawn`](Command::spawn)s clears it away, so a server that starts
//!   children and forgets them gathers no zombies. Nothing else is ever reaped, and no handler for
//!   `SIGCHLD` is installed.
//! - **The thread.** What belongs to the thread that starts a child (`PR_SET_PDEATHSIG` ends the
//!   child with it) belongs to a thread of the blocking pool, which may end before the program does.
//!   Inside [`no_park`](hueless_runtime::task::no_park) it is the worker's.
//! - The pipes' ends on this side are in non-blocking mode. A conversion into
//!   [`Stdio`] or into std's types switches it back.
//!
//! On Linux waiting for the end of a child takes a descriptor (a *pidfd*) while it lasts; where that
//! cannot be had, and on other systems, it takes a thread of the blocking pool, and a cancelled task
//! waits on until the child has ended.

mod child;
mod command;
mod exit;
mod orphans;
mod output;
mod pipes;
mod sys;

pub use std::process::{
    CommandArgs, CommandEnvs, ExitCode, ExitStatus, Output, Stdio, Termination, abort, exit, id,
};

pub use child::Child;
pub use command::Command;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
