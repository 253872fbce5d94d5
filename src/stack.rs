//! How much stack is left, and more of it for deep recursion.
//!
//! Tasks run on small stacks; [`grow`] runs a closure on a bigger one.
//!
//! ```
//! use hueless::{go, stack};
//!
//! /// As deep as memory allows: another MiB of stack whenever the last one runs low.
//! fn depth(n: u64) -> u64 {
//!     if stack::remaining().is_some_and(|left| left < 32 << 10) {
//!         return stack::grow(1 << 20, || depth(n));
//!     }
//!     if n == 0 { 0 } else { 1 + depth(n - 1) }
//! }
//!
//! assert_eq!(go!(|| depth(100_000)).join().unwrap(), 100_000);
//! ```

#[doc(alias = "maybe_grow")]
#[doc(inline)]
pub use hueless_runtime::stack::{grow, remaining};
