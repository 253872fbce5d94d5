//! Stacks: a million of them, each guarded, each no bigger than it has grown.
//!
//! A stack is one *slot* of a region. Slots of one size class lie side by side
//! in regions of address space; memory comes to them page by page as their
//! owners touch it. A slot goes round like this:
//!
//! ```text
//!            carve: install guard                take
//!   bare ──────────────────────────┐     ┌─────────────────► in use
//!    ▲                             ▼     │                     │
//!    │ map region                 cached, per worker ◄─────────┤ put
//!  (system)                        ▲     │                     │
//!    ▲                      refill │     │ spill               │ drop
//!    │ unmap region                │     ▼                     │
//!    └────────────── trim ── free: cold or warm ◄──────────────┘
//! ```
//!
//! | Module | Concept |
//! | --- | --- |
//! | [`class`] | how big a slot is |
//! | [`slot`] | where things lie in a slot |
//! | [`handle`] | [`Stack`], the ownership of a slot |
//! | [`guard`] | what makes an overflow fault |
//! | [`bits`] | sets of small numbers |
//! | [`region`] | many slots in one mapping, and the state of each |
//! | [`table`] | from an address to its region, lock-free |
//! | [`pool`] | the free slots of the process |
//! | [`cache`] | the free slots of a worker |
//! | [`trim`](mod@trim) | giving memory back |
//! | [`overflow`] | the handler that names who overflowed |
//! | [`tools`] | what valgrind and LeakSanitizer want to know |

mod bits;
mod cache;
mod class;
mod guard;
mod handle;
pub(crate) mod overflow;
mod pool;
mod region;
mod slot;
mod table;
mod tools;
mod trim;

#[cfg(test)]
#[cfg_attr(
    feature = "sanitizer",
    allow(dead_code, unused_imports, reason = "crashes are left out")
)]
mod tests;

pub(crate) use cache::Cache;
pub(crate) use class::Class;
pub use guard::GuardKind;
pub(crate) use handle::Stack;
#[allow(unused_imports, reason = "the type of what `stats` answers")]
pub(crate) use pool::Stats;
pub(crate) use pool::stats;
pub(crate) use trim::trim;
