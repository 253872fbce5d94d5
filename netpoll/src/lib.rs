//! The readiness poller of hueless, and network types in `std::net`'s API.
//!
//! A socket of [`net`] looks and reads like its namesake in [`std::net`], but an operation that
//! would block parks the current task and leaves its worker to others. On an OS thread outside any
//! task the same operation blocks that thread.
//!
//! How the parts lie on each other:
//!
//! | part | what it is |
//! | --- | --- |
//! | [`net`] | the types that programs use |
//! | [`fs`] | files, by way of the blocking pool |
//! | [`process`] | child processes: pipes, and waiting for the end |
//! | [`signal`] | signals as messages of a channel |
//! | [`mod@stdin`] | the standard input |
//! | [`io`] | what moves bytes between them; a pipe in memory |
//! | `ring` | one direction of that pipe |
//! | `pollable` | any other descriptor, as programs wait for it |
//! | `socket` | a descriptor and what is known of its readiness; the loop of every operation |
//! | `source` | a descriptor as its poller knows it |
//! | `backoff` | asking again for what nobody announces |
//! | `foreign` | descriptors of other code, by their numbers: for the feature `std` |
//! | `readiness` | who waits for a descriptor, and what has been told of it |
//! | `table` | which source a poller's event belongs to |
//! | `poller` | one worker's `mio::Poll`, behind the runtime's driver seam |

#![cfg_attr(
    loom,
    allow(
        dead_code,
        unused_imports,
        unreachable_pub,
        reason = "the models build the lock-free part alone"
    )
)]

#[cfg(not(loom))]
mod backoff;
#[cfg(not(loom))]
mod closed;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod foreign;
#[cfg(not(loom))]
pub mod fs;
#[cfg(not(loom))]
pub mod io;
mod loom;
#[cfg(not(loom))]
pub mod net;
#[cfg(not(loom))]
mod pollable;
#[cfg(not(loom))]
mod poller;
#[cfg(not(loom))]
pub mod process;
mod readiness;
mod ring;
#[cfg(not(loom))]
mod shared;
#[cfg(not(loom))]
pub mod signal;
#[cfg(not(loom))]
mod socket;
#[cfg(not(loom))]
mod source;
#[cfg(not(loom))]
pub mod stdin;
#[cfg(not(loom))]
mod sys;
#[cfg(not(loom))]
mod table;
