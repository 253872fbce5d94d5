//! Iterators from blocking-style code on a stack of its own.
//!
//! A generator is a coroutine that its caller resumes: `next` switches to the generator's stack, a
//! yield switches back. To its task it is a call: what parks inside suspends the task, which comes back
//! to the pointer that it left, on the generator's stack, as with `stack::grow`.
//!
//! # States
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `Suspended` | not begun, or in a yield | its maker; the yield |
//! | `Running` | inside `next`, or being unwound | its owner |
//! | `Over` | its stack is given back, or given up | whoever has seen the end |
//!
//! # Invariants
//!
//! - It belongs to the task or thread that made it, its *home*, and runs there only. `!Send` does not say
//!   that much, as another task of the same worker can find it in a thread-local; so that is checked.
//! - It does not outlive its home: what is still suspended when a task ends is unwound then
//!   ([`Registry::unwind`]), whoever has the handle, before the locals are dropped that its frames may
//!   refer to. So does a handle that is leaked, or dropped in another task, not matter.
//! - Nothing of the thread's or the task's state that is nested by calls is left behind by a yield. Scoped
//!   values and frames of cancellation are taken off, and put on again when the generator goes on; inside
//!   `no_park`, inside a scope, and while the generator unwinds, there is no yield.
//!
//! | Module | Concept |
//! | --- | --- |
//! | `make` | how one is made |
//! | `handle` | the iterator |
//! | `yielder` | how the closure yields |
//! | `inner` | what both share: its state, its beginning and end |
//! | `run` | one run of it, from a resume to a yield or its end |
//! | `outside` | how things are outside meanwhile |
//! | `registry` | those of a task or a thread that are not over |

mod handle;
mod inner;
mod make;
mod outside;
mod registry;
mod run;
mod yielder;

pub use handle::Generator;
pub use make::generator;
pub use yielder::Yielder;

pub(crate) use registry::Registry;
