//! What is known in the end: the cells of the table, ratios, goals.

use std::collections::BTreeMap;

use super::rounds::{Job, Outcomes};
use super::runtimes::Runtime;
use super::stats::Summary;
use super::works::{Goal, Row, Work};

/// Ratios up to this count as equal: they read as 1.00.
const EQUAL: f64 = 1.005;

/// What one runtime did in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// It took so much.
    Took {
        /// What the rounds say.
        summary: Summary,
        /// Whether it had a smaller size than the others.
        smaller: bool,
    },
    /// It did not get to the end, and why.
    Failed(String),
    /// It has no such thing, and why, if that does not go without saying.
    Lacking(&'static str),
    /// Its program could not be built.
    Missing,
}

/// One row, with all runtimes.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The row.
    pub row: &'static Row,
    /// Its cells, in the order of the columns.
    pub cells: Vec<(Runtime, Cell)>,
}

/// What became of a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The figure or ratio that was to be reached.
    pub goal: f64,
    /// The one that was reached.
    pub reached: f64,
    /// Whether both are ratios to the best of Go, tokio and may.
    pub is_ratio: bool,
}

impl Verdict {
    /// Whether the goal is reached.
    pub fn held(&self) -> bool {
        self.reached <= self.goal
    }
}

impl Comparison {
    /// The rows of some work.
    pub fn of(
        work: &'static Work,
        runtimes: &[Runtime],
        missing: &BTreeMap<Runtime, String>,
        outcomes: &Outcomes,
        quick: bool,
    ) -> Vec<Self> {
        let cell = |row: &'static Row, runtime: Runtime| {
            if let Some(why) = work.lacks(runtime) {
                return Cell::Lacking(why);
            }
            if missing.contains_key(&runtime) {
                return Cell::Missing;
            }
            let job = Job {
                work: work.name,
                size: 0,
                runtime,
            };
            let summary = match outcomes.get(&job) {
                Some(outcome) => outcome.summary(row.key),
                None => Err("was not run".to_owned()),
            };
            summary.map_or_else(Cell::Failed, |summary| Cell::Took {
                summary,
                smaller: work.command(runtime, quick) != work.command(Runtime::Hueless, quick),
            })
        };
        let cells = |row| runtimes.iter().map(|r| (*r, cell(row, *r))).collect();
        work.rows
            .iter()
            .map(|row| Self {
                row,
                cells: cells(row),
            })
            .collect()
    }

    /// The median of a runtime, if it can be compared with others.
    pub fn median(&self, runtime: Runtime) -> Option<f64> {
        let (_, cell) = self.cells.iter().find(|(who, _)| *who == runtime)?;
        match cell {
            Cell::Took { summary, smaller } if !(self.row.whole && *smaller) => {
                Some(summary.median)
            }
            _ => None,
        }
    }

    /// The best of those `among` the runtimes.
    fn best(&self, among: impl Fn(Runtime) -> bool) -> Option<(Runtime, f64)> {
        let runtimes = self.cells.iter().map(|(runtime, _)| *runtime);
        let medians = runtimes.filter(|runtime| among(*runtime));
        medians
            .filter_map(|runtime| Some((runtime, self.median(runtime)?)))
            .min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// The peer that is best, and what part of its time, or memory, `runtime` takes.
    pub fn ratio(&self, runtime: Runtime) -> Option<(Runtime, f64)> {
        let (peer, best) = self.best(|peer| !peer.is_ours())?;
        let own = self.median(runtime)?;
        (best > 0.0).then(|| (peer, own / best))
    }

    /// The peer to which hueless as it comes loses, with the ratio.
    pub fn loses(&self) -> Option<(Runtime, f64)> {
        self.ratio(Runtime::Hueless)
            .filter(|(_, ratio)| *ratio > EQUAL)
    }

    /// Whether the goal is missed: by too much, or because hueless did not get to the end.
    pub fn misses(&self) -> bool {
        let fails =
            |(who, cell): &(Runtime, Cell)| who.is_ours() && matches!(cell, Cell::Failed(_));
        match self.verdict() {
            Some(verdict) => !verdict.held(),
            None => self.row.goal.is_some() && self.cells.iter().any(fails),
        }
    }

    /// What became of the goal, if there is one and it can be told.
    pub fn verdict(&self) -> Option<Verdict> {
        let (goal, reached, is_ratio) = match self.row.goal? {
            Goal::Most(most) => (most, self.median(Runtime::Hueless)?, false),
            Goal::MostMigrating(most) => (most, self.median(Runtime::Migrating)?, false),
            Goal::Part(part) => {
                let tasks = |peer: Runtime| !peer.is_ours() && !peer.has_threads();
                let (_, best) = self.best(tasks).filter(|(_, best)| *best > 0.0)?;
                (part, self.median(Runtime::Hueless)? / best, true)
            }
        };
        Some(Verdict {
            goal,
            reached,
            is_ratio,
        })
    }
}

/// What tests of the table and the charts show.
#[cfg(test)]
pub(super) fn example() -> Comparison {
    let took = |figure: f64, smaller| Cell::Took {
        summary: Summary::of(&[figure * 0.9, figure, figure * 1.5]).unwrap(),
        smaller,
    };
    Comparison {
        row: &super::works::WORKS[0].rows[0],
        cells: vec![
            (Runtime::Hueless, took(80.0, false)),
            (Runtime::Migrating, took(120.0, false)),
            (Runtime::Go, took(400.0, false)),
            (Runtime::Tokio, Cell::Missing),
            (Runtime::May, Cell::Failed("dies: exit code 101".to_owned())),
            (Runtime::Threads, took(40_000.0, true)),
            (Runtime::Crossbeam, Cell::Lacking("")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Outcome;
    use super::super::run::Line;
    use super::super::works::WORKS;
    use super::*;

    fn with(mut comparison: Comparison, runtime: Runtime, figure: f64) -> Comparison {
        let summary = Summary::of(&[figure]).unwrap();
        for cell in &mut comparison.cells {
            if cell.0 == runtime {
                let smaller = false;
                cell.1 = Cell::Took { summary, smaller };
            }
        }
        comparison
    }

    #[test]
    fn ratios_are_to_the_best_peer() {
        let comparison = example();
        assert_eq!(comparison.ratio(Runtime::Hueless), Some((Runtime::Go, 0.2)));
        assert_eq!(comparison.ratio(Runtime::May), None);
        assert_eq!(comparison.loses(), None);
        let lost = with(comparison, Runtime::Crossbeam, 40.0);
        assert_eq!(lost.loses(), Some((Runtime::Crossbeam, 2.0)));
        let equal = with(lost, Runtime::Crossbeam, 79.9);
        assert_eq!(equal.loses(), None);
        let nothing = with(equal, Runtime::Crossbeam, 0.0);
        assert_eq!(nothing.ratio(Runtime::Hueless), None);
    }

    #[test]
    fn goals_are_against_tasks() {
        // As fast as OS threads, and yet the goal is held.
        let comparison = with(example(), Runtime::Crossbeam, 60.0);
        let verdict = comparison.verdict().unwrap();
        assert_eq!((verdict.reached, comparison.misses()), (0.2, true));
        let faster = with(comparison, Runtime::Hueless, 60.0);
        assert!(!faster.misses());
        let mut died = faster;
        died.cells[0].1 = Cell::Failed("dies".to_owned());
        assert!(died.verdict().is_none() && died.misses());
    }

    #[test]
    fn totals_of_other_sizes_do_not_compare() {
        let sleepers = WORKS.iter().find(|work| work.name == "sleepers").unwrap();
        let mut comparison = example();
        comparison.row = &sleepers.rows[0];
        assert_eq!(comparison.median(Runtime::Threads), None);
        assert_eq!(comparison.median(Runtime::Go), Some(400.0));
    }

    #[test]
    fn cells_say_what_happened() {
        let runtimes = [
            Runtime::Hueless,
            Runtime::Go,
            Runtime::May,
            Runtime::Crossbeam,
        ];
        let missing = BTreeMap::from([(Runtime::Go, "no network".to_owned())]);
        let job = |runtime| Job {
            work: "spawn",
            size: 0,
            runtime,
        };
        let ran = Outcome {
            lines: vec![Line::parse("ns=80").unwrap()],
            failed: None,
        };
        let died = Outcome {
            lines: Vec::new(),
            failed: Some("dies".to_owned()),
        };
        let outcomes = Outcomes::from([(job(Runtime::Hueless), ran), (job(Runtime::May), died)]);
        let rows = Comparison::of(&WORKS[0], &runtimes, &missing, &outcomes, false);
        assert_eq!(rows.len(), 1);
        let cells: Vec<_> = rows[0].cells.iter().map(|(_, cell)| cell).collect();
        let summary = Summary::of(&[80.0]).unwrap();
        let smaller = false;
        assert_eq!(cells[0], &Cell::Took { summary, smaller });
        assert_eq!(cells[1], &Cell::Missing);
        assert_eq!(cells[2], &Cell::Failed("dies".to_owned()));
        assert_eq!(cells[3], &Cell::Lacking(""));
    }
}
