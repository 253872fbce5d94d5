//! What is measured: the same work that Go, tokio and may do in comparisons.
//!
//! The program `workloads` runs one of [`workloads`] and prints its figures; the criterion groups
//! in `benches/` run some of them beside the same work as `async fn` on tokio, to notice when
//! something becomes slower.

pub mod workloads;
