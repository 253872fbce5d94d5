//! One crate in tasks, or in threads: the process that does it, and what it prints.

use std::time::Duration;

use crate::arguments::One;
use crate::at::{At, Outcome, SLOWLY};
use crate::cases::CASES;
use crate::together::Crowd;

/// Runs it, and prints what is measured, as [`Measured::read`] understands it.
pub(crate) fn run(one: &One) -> Outcome {
    let case = CASES.iter().find(|case| case.name == one.name);
    let case = case.ok_or_else(|| format!("there is no crate {}", one.name))?;
    let crowd = match one.in_tasks {
        true => Crowd::in_tasks(one.size.workers, print_stall)?,
        false => Crowd::Threads,
    };
    let mut at = At {
        address: one.address.clone(),
        certificate: one.certificate.clone(),
        slow: case.has_slow,
        crowd: one.size.tasks,
        number: 0,
        requests: 1,
    };
    if case.has_slow {
        let took = crowd.all(&at, case.work)?;
        println!("{WAITED}{}", took.as_micros());
        at.slow = false;
    }
    at.requests = one.size.requests.div_ceil(case.one_of);
    let took = crowd.all(&at, case.work)?;
    println!("{TOOK}{}", took.as_micros());
    println!("{REQUESTS}{}", at.crowd * at.requests);
    println!("{MEMORY}{}", peak_memory()?);
    Ok(())
}

const WAITED: &str = "waited together, us: ";
const TOOK: &str = "took, us: ";
const REQUESTS: &str = "requests: ";
const MEMORY: &str = "memory, KiB: ";
const STALL: &str = "stall: ";

/// A worker that computes is busy, and no more.
fn print_stall(stall: &hueless::runtime::Stall) {
    if stall.system_call.is_some() {
        println!("{STALL}{stall}");
    }
}

/// What a process that did it has found.
#[derive(Default)]
pub(crate) struct Measured {
    /// How long it took all to be asked once slowly.
    pub(crate) waited: Option<Duration>,
    /// How long all the quick requests took.
    pub(crate) took: Option<Duration>,
    pub(crate) requests: usize,
    /// The most that was resident.
    pub(crate) memory_kib: usize,
    pub(crate) stalls: Vec<String>,
}

impl Measured {
    /// Reads what a process has printed, to its end or until it was stopped.
    pub(crate) fn read(printed: &str) -> Self {
        let mut measured = Self::default();
        for line in printed.lines() {
            if let Some(value) = line.strip_prefix(WAITED) {
                measured.waited = value.parse().map(Duration::from_micros).ok();
            } else if let Some(value) = line.strip_prefix(TOOK) {
                measured.took = value.parse().map(Duration::from_micros).ok();
            } else if let Some(value) = line.strip_prefix(REQUESTS) {
                measured.requests = value.parse().unwrap_or_default();
            } else if let Some(value) = line.strip_prefix(MEMORY) {
                measured.memory_kib = value.parse().unwrap_or_default();
            } else if let Some(stall) = line.strip_prefix(STALL) {
                measured.stalls.push(stall.to_owned());
            }
        }
        measured
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.took
            .map(|took| self.requests as f64 / took.as_secs_f64())
    }

    /// Whether all waited at once; `None` if that was not looked at. Were the workers blocked, each would
    /// sit through its share of the waits, one after the other; here half of that is taken for too long.
    pub(crate) fn is_together(&self, crowd: usize, workers: usize) -> Option<bool> {
        let one_by_one = SLOWLY * (crowd / workers) as u32;
        self.waited.map(|waited| waited < one_by_one / 2)
    }
}

fn peak_memory() -> std::io::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    Ok(number.unwrap_or_default())
}
