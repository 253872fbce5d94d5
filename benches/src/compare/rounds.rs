//! All programs with all work, in turn, several times.
//!
//! A round runs everything once; what the machine does meanwhile to one runtime it likely does to its
//! neighbours too. Who fails is not tried again, neither in a later round nor with more tasks.

use std::collections::BTreeMap;

use super::run::Line;
use super::runtimes::Runtime;
use super::stats::Summary;
use super::works::WORKS;

/// What is run: some work, of a size, on a runtime.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// The name of the work.
    pub work: &'static str,
    /// Jobs that differ in nothing else are tried from the smallest on.
    pub size: usize,
    /// On what.
    pub runtime: Runtime,
}

impl Job {
    /// What its program is called with.
    pub fn command(&self, quick: bool) -> String {
        match WORKS.iter().find(|work| work.name == self.work) {
            Some(work) => work.command(self.runtime, quick).to_owned(),
            None => format!("parked {}", self.size),
        }
    }
}

/// What came of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// A line for each round.
    pub lines: Vec<Line>,
    /// Why there are no more.
    pub failed: Option<String>,
}

impl Outcome {
    /// What the rounds say of one figure.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn summary(&self, key: &str) -> Result<Summary, String> {
        if let Some(why) = &self.failed {
            return Err(why.clone());
        }
        let figures: Vec<_> = self.lines.iter().filter_map(|line| line.get(key)).collect();
        Summary::of(&figures).ok_or_else(|| format!("no figure {key:?}"))
    }
}

/// All outcomes.
pub type Outcomes = BTreeMap<Job, Outcome>;

/// Runs the jobs in their order, `rounds` times, with `run`; `progress` is told before each, and its
/// round, from 1 on.
pub fn rounds(
    jobs: &[Job],
    rounds: usize,
    mut run: impl FnMut(&Job) -> Result<Line, String>,
    mut progress: impl FnMut(usize, &Job),
) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let mut failed: BTreeMap<(&str, Runtime), (usize, String)> = BTreeMap::new();
    for round in 1..=rounds {
        for job in jobs {
            progress(round, job);
            let outcome = outcomes.entry(job.clone()).or_default();
            let kind = (job.work, job.runtime);
            if let Some((size, why)) = failed.get(&kind)
                && job.size >= *size
            {
                outcome.failed = Some(why.clone());
                continue;
            }
            match run(job) {
                Ok(line) => outcome.lines.push(line),
                Err(why) => {
                    let why = match outcome.lines.len() {
                        0 => why,
                        went_well => format!("{why} (in round {})", went_well + 1),
                    };
                    outcome.failed = Some(why.clone());
                    failed.insert(kind, (job.size, why));
                }
            }
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::super::growth::GROW;
    use super::*;

    fn job(work: &'static str, size: usize, runtime: Runtime) -> Job {
        Job {
            work,
            size,
            runtime,
        }
    }

    #[test]
    fn commands_have_the_size_of_the_table_or_of_the_curve() {
        assert_eq!(job("spawn", 0, Runtime::Go).command(false), "spawn 1000000");
        assert_eq!(job("spawn", 0, Runtime::Go).command(true), "spawn 1000");
        assert_eq!(job(GROW, 300, Runtime::Go).command(false), "parked 300");
    }

    #[test]
    fn who_fails_later_has_failed_and_it_is_said_when() {
        let jobs = [job("spawn", 0, Runtime::Go)];
        let mut lines = ["ns=1", "ns=2", "none", "ns=3"].into_iter();
        let next = |_: &Job| Line::parse(lines.next().unwrap()).ok_or_else(|| "dies".to_owned());
        let outcomes = rounds(&jobs, 4, next, |_, _| {});
        let why = outcomes[&jobs[0]].summary("ns").unwrap_err();
        assert_eq!(why, "dies (in round 3)");
        assert_eq!(outcomes[&jobs[0]].lines.len(), 2);
    }

    #[test]
    fn rounds_are_interleaved_and_failures_are_not_tried_again() {
        let jobs = [
            job("spawn", 0, Runtime::Go),
            job("spawn", 0, Runtime::May),
            job(GROW, 10, Runtime::May),
            job(GROW, 100, Runtime::May),
            job(GROW, 1000, Runtime::May),
        ];
        let mut ran = Vec::new();
        let mut steps = 0;
        let outcomes = rounds(
            &jobs,
            2,
            |job| {
                ran.push((job.work, job.size, job.runtime));
                match (job.size, job.runtime) {
                    (0 | 10, Runtime::May) | (_, Runtime::Go) => {
                        Ok(Line::parse(&format!("ns={}", ran.len())).unwrap())
                    }
                    _ => Err("dies".to_owned()),
                }
            },
            |_, _| steps += 1,
        );
        let round = [
            ("spawn", 0, Runtime::Go),
            ("spawn", 0, Runtime::May),
            (GROW, 10, Runtime::May),
        ];
        assert_eq!(steps, 10);
        assert_eq!(ran[..3], round);
        assert_eq!(ran[3], (GROW, 100, Runtime::May));
        assert_eq!(ran[4..], round);
        let of = |job: &Job| outcomes[job].summary("ns");
        assert_eq!(of(&jobs[0]).unwrap(), Summary::of(&[1.0, 5.0]).unwrap());
        assert_eq!(of(&jobs[3]), Err("dies".to_owned()));
        assert_eq!(of(&jobs[4]), Err("dies".to_owned()));
        assert!(outcomes[&jobs[2]].summary("bytes").is_err());
    }
}
