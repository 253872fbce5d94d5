//! What the stacks of this process take.

use crate::stack;

pub use crate::stack::guard::GuardKind;
pub use crate::stack::marks::{StackMark, stack_marks};

/// The stacks of all runtimes of the process, as [`stacks`] saw them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Stacks {
    /// What makes an overflow fault.
    pub guard: GuardKind,
    /// Regions of address space, one memory map or a few each.
    pub regions: usize,
    /// Stacks of started tasks, and those that workers keep warm.
    pub in_use: usize,
    /// Stacks in the pool that the runtimes share.
    pub free: usize,
    /// Bytes of address space in all regions.
    pub reserved: usize,
}

/// The figures of the process's stacks.
///
/// # Examples
///
/// ```
/// hueless_runtime::run(|| ());
/// let stacks = hueless_runtime::runtime::stacks();
/// assert!(stacks.in_use >= 1 && stacks.reserved > 0);
/// println!("guards: {}", stacks.guard);
/// ```
pub fn stacks() -> Stacks {
    let stats = stack::stats();
    Stacks {
        guard: stats.guard,
        regions: stats.regions,
        in_use: stats.slots_in_use,
        free: stats.slots_free,
        reserved: stats.bytes_reserved,
    }
}
