//! Runtimes: the workers that run tasks, and how to set them up.
//!
//! Programs need nothing from here unless they want another number of workers or other stacks than
//! the default: [`spawn`](crate::spawn) and [`run`](crate::run) use a global runtime that starts by
//! itself.
//!
//! ```
//! hueless::runtime::Builder::new().workers(2).build_global()?;
//! assert_eq!(hueless::run(|| 6 * 7), 42);
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(alias = "GOMAXPROCS")]
#[doc(inline)]
pub use hueless_runtime::runtime::Builder;
#[doc(inline)]
pub use hueless_runtime::runtime::{
    GuardKind, Metrics, Runtime, StackMark, Stacks, Stall, WorkerMetrics, metrics, stack_marks,
    stacks,
};
