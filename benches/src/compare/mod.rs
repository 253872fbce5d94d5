//! The comparison: the workloads on hueless, on other runtimes and on plain OS threads, in turn.
//!
//! | Module | What it has |
//! | --- | --- |
//! | [`options`] | the command line |
//! | [`runtimes`] | what is compared: the columns |
//! | [`works`] | the work, its sizes, and what it should take: the rows |
//! | [`build`] | gets the programs, or says why there is none |
//! | [`run`] | one program, one workload, one line of figures |
//! | [`rounds`] | all of them, in turn, several times |
//! | [`stats`] | medians and spread |
//! | [`results`] | what is known in the end: cells, ratios, goals |
//! | [`table`] | the table in Markdown |
//! | [`charts`] | the charts in SVG |
//! | [`growth`] | how time and memory grow with the number of tasks |
//! | [`machine`] | what it was measured on |
//! | [`report`] | `BENCHMARKS.md` |
//! | [`output`] | the files that are written |
//! | [`comparison`] | the whole |

pub mod build;
pub mod charts;
pub mod comparison;
pub mod growth;
pub mod machine;
pub mod options;
pub mod output;
pub mod report;
pub mod results;
pub mod rounds;
pub mod run;
pub mod runtimes;
pub mod stats;
pub mod table;
pub mod works;
