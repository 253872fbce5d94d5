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
//! | `socket` | a descriptor and what is known of its readiness; the loop of every operation |
//! | `source` | the readiness of one descriptor, and who waits for it |
//! | `table` | which source a poller's event belongs to |
//! | `poller` | one worker's `mio::Poll`, behind the runtime's driver seam |

mod closed;
pub mod net;
mod poller;
mod shared;
mod socket;
mod source;
mod sys;
mod table;

#[doc(hidden)]
pub use poller::driver;
