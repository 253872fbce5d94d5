//! Data parallelism: a sum by rayon's threads, for which who asks waits.

use rayon::prelude::*;

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    for request in 0..at.requests {
        let from = (at.number * at.requests + request) as u64;
        let sum: u64 = (from..from + 1000).into_par_iter().sum();
        check(sum, 1000 * from + 999 * 500)?;
    }
    Ok(())
}
