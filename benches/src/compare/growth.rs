//! How time and memory grow, from a thousand tasks to a million that wait at once.

use std::collections::BTreeMap;

use super::charts::curves::Curve;
use super::rounds::{Job, Outcomes};
use super::runtimes::Runtime;
use super::stats::readable;
use super::table::short;

/// The name of the work.
pub const GROW: &str = "grow";

/// How many tasks there are, one after the other.
pub const SIZES: [usize; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
/// The same, to see whether they run.
pub const QUICK_SIZES: [usize; 2] = [100, 1_000];

/// A chart of growth.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The name of its file.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What its figures count.
    pub unit: &'static str,
    /// The curves.
    pub curves: Vec<Curve>,
    /// Why some of them end, at how many tasks.
    pub ends: Vec<(Runtime, usize, String)>,
}

/// One size after the other, each on all `runtimes`. crossbeam-channel is left out: its threads are std's.
pub fn jobs(runtimes: impl Iterator<Item = Runtime> + Clone, quick: bool) -> Vec<Job> {
    let runtimes = runtimes.filter(|runtime| *runtime != Runtime::Crossbeam);
    let sizes: &[usize] = if quick { &QUICK_SIZES } else { &SIZES };
    let on = |size: usize| {
        runtimes.clone().map(move |runtime| Job {
            work: GROW,
            size,
            runtime,
        })
    };
    sizes.iter().flat_map(|size| on(*size)).collect()
}

/// The charts: of time, and of memory.
pub fn charts(outcomes: &Outcomes) -> Vec<Growth> {
    let chart = |name, title, unit, key: &str, factor: fn(usize) -> f64| {
        let mut ends = Vec::new();
        let mut curves: BTreeMap<Runtime, Curve> = BTreeMap::new();
        for (job, outcome) in outcomes.iter().filter(|(job, _)| job.work == GROW) {
            let curve = curves.entry(job.runtime).or_insert_with(|| Curve {
                runtime: job.runtime,
                points: Vec::new(),
                end: None,
            });
            match outcome.summary(key) {
                Ok(summary) => {
                    let figure = summary.median * factor(job.size);
                    curve.points.push((job.size as f64, figure));
                }
                // Those with more tasks were not tried.
                Err(_) if curve.end.is_some() => {}
                Err(why) => {
                    let size = readable(job.size as f64);
                    curve.end = Some(format!("{} at {size}", short(&why)));
                    ends.push((job.runtime, job.size, why));
                }
            }
        }
        Growth {
            name,
            title,
            unit,
            curves: curves.into_values().collect(),
            ends,
        }
    };
    vec![
        chart(
            "growth-time",
            "Tasks that all wait at once: time to begin, and to end once woken",
            "milliseconds, logarithmic",
            "ns",
            |size| size as f64 / 1e6,
        ),
        chart(
            "growth-memory",
            "Tasks that all wait at once: memory of each",
            "bytes a task, logarithmic",
            "bytes",
            |_| 1.0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Outcome;
    use super::super::run::Line;
    use super::*;

    #[test]
    fn all_but_crossbeam_grow_from_the_smallest_on() {
        let jobs = jobs(Runtime::ALL.into_iter(), true);
        assert_eq!(jobs.len(), 12);
        assert!(jobs.iter().all(|job| job.runtime != Runtime::Crossbeam));
        assert!(jobs.is_sorted_by_key(|job| job.size));
    }

    #[test]
    fn curves_end_at_the_first_failure() {
        let job = |size, runtime| Job {
            work: GROW,
            size,
            runtime,
        };
        let ran = |line: &str| Outcome {
            lines: vec![Line::parse(line).unwrap()],
            failed: None,
        };
        let died = || Outcome {
            lines: Vec::new(),
            failed: Some("dies: exit code 1".to_owned()),
        };
        let outcomes = Outcomes::from([
            (job(1_000, Runtime::Hueless), ran("ns=2000 bytes=4800")),
            (job(1_000, Runtime::May), ran("ns=9000 bytes=8300")),
            (job(10_000, Runtime::May), died()),
            (job(100_000, Runtime::May), died()),
        ]);
        let charts = charts(&outcomes);
        let [time, memory] = &charts[..] else {
            panic!("{charts:?}")
        };
        assert_eq!(time.curves[0].points, [(1e3, 2.0)]);
        assert_eq!(memory.curves[0].points, [(1e3, 4800.0)]);
        assert_eq!(memory.curves[0].end, None);
        assert_eq!(time.curves[1].points, [(1e3, 9.0)]);
        assert_eq!(time.curves[1].end.as_deref(), Some("dies at 10,000"));
        let why = "dies: exit code 1".to_owned();
        assert_eq!(time.ends, [(Runtime::May, 10_000, why)]);
    }
}
