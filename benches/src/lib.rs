//! What is measured: the same work that Go, tokio, may and OS threads do in comparisons.
//!
//! The program `workloads` runs one of [`workloads`] and prints its figures; `compare` runs it beside
//! its peers and writes `BENCHMARKS.md` ([`compare`]); the criterion groups in `benches/` run some of
//! them beside the same work as `async fn` on tokio, to notice when something becomes slower.

pub mod compare;
pub mod workloads;
