//! Calls to the operating system, one file per mechanism.
//!
//! What a platform must provide:
//!
//! - [`memory`]: reserving address space without committing memory, giving
//!   pages back, and making a range inaccessible by `mprotect`. Guards that
//!   need no mapping of their own are optional.
//! - [`advise`]: telling the kernel the same thing about many ranges at once,
//!   or a loop that does it one by one.
//! - [`barrier`]: a fence on all processors at once, or plain fences on both
//!   sides.
//! - [`futex`]: waiting at a word, or a lock and a condition.
//! - [`prefetch`]: telling the processor what is needed soon, or nothing.
//! - [`std_waits`]: whether std's waits come to hueless-uncolor. Linux only.
//! - [`thread`]: what a thread is doing, for reports. Optional.
//! - [`signal`]: fault handlers, alternate signal stacks, and the few calls
//!   that a handler may make.

#[cfg(not(loom))]
pub(crate) mod advise;
#[cfg(not(loom))]
pub(crate) mod barrier;
pub(crate) mod futex;
#[cfg(not(loom))]
pub(crate) mod heap;
#[cfg(not(loom))]
pub(crate) mod memory;
#[cfg(not(loom))]
pub(crate) mod prefetch;
#[cfg(not(loom))]
pub(crate) mod signal;
#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) mod std_waits;
#[cfg(not(loom))]
pub(crate) mod thread;
