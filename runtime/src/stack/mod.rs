//! How much stack is left, and more of it for deep recursion.
//!
//! Tasks run on small stacks. [`grow`] runs a closure on a bigger one, and [`remaining`] says how
//! much the current one has left.
//!
//! ```
//! use hueless_runtime::stack;
//!
//! enum Tree {
//!     Leaf(u64),
//!     Node(Box<Tree>, Box<Tree>),
//! }
//!
//! /// As deep as memory allows: another MiB of stack whenever the last one runs low.
//! fn sum(tree: &Tree) -> u64 {
//!     if stack::remaining().is_some_and(|left| left < 32 << 10) {
//!         return stack::grow(1 << 20, || sum(tree));
//!     }
//!     match tree {
//!         Tree::Leaf(value) => *value,
//!         Tree::Node(left, right) => sum(left) + sum(right),
//!     }
//! }
//!
//! # hueless_runtime::run(|| {
//! let mut tree = Tree::Leaf(1);
//! for _ in 0..100 {
//!     tree = Tree::Node(Box::new(tree), Box::new(Tree::Leaf(1)));
//! }
//! assert_eq!(sum(&tree), 101);
//! # });
//! ```

// How it is built: a million stacks, each guarded, each no bigger than it has grown.
//
// A stack is one *slot* of a region. Slots of one size class lie side by side in regions of address
// space; memory comes to them page by page as their owners touch it. A slot goes round like this:
//
// ```text
//            carve: install guard                take
//   bare ──────────────────────────┐     ┌─────────────────► in use
//    ▲                             ▼     │                     │
//    │ map region                 cached, per worker ◄─────────┤ put
//  (system)                        ▲     │                     │
//    ▲                      refill │     │ spill               │ drop
//    │ unmap region                │     ▼                     │
//    └────────────── trim ── free: cold or warm ◄──────────────┘
// ```
//
// | Module | Concept |
// | --- | --- |
// | `class` | how big a slot is |
// | `slot` | where things lie in a slot |
// | `handle` | `Stack`, the ownership of a slot |
// | `guard` | what makes an overflow fault |
// | `bits` | sets of small numbers |
// | `region` | many slots in one mapping, and the state of each |
// | `table` | from an address to its region, lock-free |
// | `pool` | the free slots of the process |
// | `cache` | the free slots of a worker |
// | `trim` | giving memory of free slots back |
// | `parked` | giving memory of suspended stacks back |
// | `marks` | how deep the tasks of each spawn site went |
// | `grow` | a bigger stack for a closure |
// | `generator` | a stack for a generator |
// | `remaining` | what is left of the current stack |
// | `overflow` | the handler that names who overflowed |
// | `tools` | what valgrind and the sanitizers want to know |

mod bits;
mod cache;
mod class;
mod generator;
mod grow;
pub(crate) mod guard;
mod handle;
pub(crate) mod marks;
pub(crate) mod overflow;
mod parked;
mod pool;
mod region;
mod remaining;
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
pub(crate) use generator::GeneratorStack;
pub use grow::grow;
pub(crate) use handle::Stack;
#[allow(unused_imports, reason = "the type of what `stats` answers")]
pub(crate) use pool::Stats;
pub(crate) use pool::stats;
pub use remaining::remaining;
pub(crate) use trim::trim;
#[allow(
    unused_imports,
    dead_code,
    reason = "for the worker that trims its parked tasks"
)]
pub(crate) use {
    parked::{MARGIN, discard_below},
    remaining::{local_word, pointer},
};
