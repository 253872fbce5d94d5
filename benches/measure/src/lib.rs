//! What all programs that are compared have in common, so that they differ in their runtimes alone.
//!
//! Such a program is called as `PROGRAM WORKLOAD NUMBERS…` and prints one line of figures.
//!
//! | Module | What it has |
//! | --- | --- |
//! | `program` | from the command line to the line of figures |
//! | `arguments` | the numbers behind a workload's name |
//! | `figures` | a line of `key=value` pairs |
//! | `memory` | what memory a process has |
//! | `crowd` | the stages of very many tasks that wait at once |
//! | `late` | naps, how late sleepers wake, and what they are beside |

mod arguments;
mod crowd;
mod figures;
mod late;
mod memory;
mod program;

pub use arguments::Arguments;
pub use crowd::{Crowd, Gathering, Settling, Waking};
pub use figures::{Figures, milliseconds};
pub use late::{LOOK, NAP, SLEEPERS, compute, compute_until, lateness, naps, sleeper, summary};
pub use memory::Memory;
pub use program::program;
