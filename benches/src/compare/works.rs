//! The work: the rows of the table.

use super::runtimes::Runtime;

/// A workload with its arguments, as all programs understand them.
#[derive(Debug)]
pub struct Work {
    /// Its name on the command line.
    pub name: &'static str,
    /// What the programs are called with.
    pub command: &'static str,
    /// A smaller size for OS threads, where that of the others takes too long or is impossible.
    pub threads: Option<&'static str>,
    /// A tiny size, to see whether it runs.
    pub quick: &'static str,
    /// Who cannot do it, and why. crossbeam-channel is for channels alone: see [`Work::lacks`].
    pub lacking: &'static [(Runtime, &'static str)],
    /// The figures that count.
    pub rows: &'static [Row],
}

/// A row of the table, with a chart of its own.
#[derive(Debug)]
pub struct Row {
    /// The name of its chart.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// The key of the figure.
    pub key: &'static str,
    /// What the figure counts.
    pub unit: &'static str,
    /// What it should be.
    pub goal: Option<Goal>,
    /// Whether the figure is one for the whole work, so that sizes do not compare.
    pub whole: bool,
}

/// What the figure of hueless should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// At most this part of the best of Go, tokio and may.
    Part(f64),
    /// At most this.
    Most(f64),
    /// At most this with tasks that move.
    MostMigrating(f64),
}

const NO_SELECT: &[(Runtime, &str)] = &[
    (
        Runtime::May,
        "its `select!` starts a coroutine for each arm and cancels the losers, which is other work",
    ),
    (Runtime::Threads, "std's channels have no select"),
];

const fn row(name: &'static str, title: &'static str, unit: &'static str) -> Row {
    Row {
        name,
        title,
        key: "ns",
        unit,
        goal: None,
        whole: false,
    }
}

impl Row {
    const fn goal(self, goal: Goal) -> Self {
        Self {
            goal: Some(goal),
            ..self
        }
    }

    const fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    const fn whole(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }
}

impl Work {
    /// Why a runtime cannot do it; empty where that goes without saying.
    pub fn lacks(&self, runtime: Runtime) -> Option<&'static str> {
        let named = self.lacking.iter().find(|(who, _)| *who == runtime);
        let channels = ["pingpong", "chan1to1", "chan4to4", "select4"];
        match named {
            Some((_, why)) => Some(why),
            None if runtime == Runtime::Crossbeam && !channels.contains(&self.name) => Some(""),
            None => None,
        }
    }

    /// What a runtime's program is called with.
    pub fn command(&self, runtime: Runtime, quick: bool) -> &'static str {
        match self.threads {
            _ if quick => self.quick,
            Some(smaller) if runtime.has_threads() => smaller,
            _ => self.command,
        }
    }
}

/// All work, in the order of the rows.
pub const WORKS: &[Work] = &[
    Work {
        name: "spawn",
        command: "spawn 1000000",
        threads: Some("spawn 50000"),
        quick: "spawn 1000",
        lacking: &[],
        rows: &[
            row("spawn", "spawn 10⁶ tasks that count and end", "ns a task")
                .goal(Goal::Part(1.0 / 6.0)),
        ],
    },
    Work {
        name: "spawnjoin",
        command: "spawnjoin 500000",
        threads: Some("spawnjoin 20000"),
        quick: "spawnjoin 100",
        lacking: &[],
        rows: &[
            row("spawnjoin", "spawn a task, then join it", "ns a task").goal(Goal::Part(1.0 / 6.0))
        ],
    },
    Work {
        name: "yield2",
        command: "yield 2 2000000",
        threads: Some("yield 2 200000"),
        quick: "yield 2 1000",
        lacking: &[],
        rows: &[row("yield2", "yield, 2 tasks", "ns a yield").goal(Goal::Part(2.0 / 3.0))],
    },
    Work {
        name: "yield1000",
        command: "yield 1000 4000",
        threads: Some("yield 1000 200"),
        quick: "yield 100 10",
        lacking: &[],
        rows: &[row("yield1000", "yield, 1,000 tasks", "ns a yield").goal(Goal::Part(2.0 / 3.0))],
    },
    Work {
        name: "pingpong",
        command: "pingpong 500000",
        threads: Some("pingpong 100000"),
        quick: "pingpong 100",
        lacking: &[],
        rows: &[row(
            "pingpong",
            "to and fro over two rendezvous channels",
            "ns a round trip",
        )
        .goal(Goal::Part(1.0 / 3.0))],
    },
    Work {
        name: "chan1to1",
        command: "chan 4000000 1 1 100",
        threads: None,
        quick: "chan 1000 1 1 100",
        lacking: &[],
        rows: &[row(
            "chan1to1",
            "a channel of capacity 100, one to one",
            "ns a message",
        )
        .goal(Goal::Part(1.0 / 2.0))],
    },
    Work {
        name: "chan4to4",
        command: "chan 4000000 4 4 128",
        threads: None,
        quick: "chan 1000 4 4 128",
        lacking: &[],
        rows: &[row(
            "chan4to4",
            "a channel of capacity 128, four to four",
            "ns a message",
        )
        .goal(Goal::Part(1.0 / 2.0))],
    },
    Work {
        name: "select4",
        command: "select 1000000",
        threads: Some("select 100000"),
        quick: "select 100",
        lacking: NO_SELECT,
        rows: &[row(
            "select4",
            "select over four rendezvous channels",
            "ns a message",
        )
        .goal(Goal::Part(1.0 / 3.0))],
    },
    Work {
        name: "mutex8",
        command: "mutex 8 500000",
        threads: None,
        quick: "mutex 8 100",
        lacking: &[],
        rows: &[row("mutex8", "lock a mutex, 8 tasks", "ns a lock").goal(Goal::Part(1.0 / 3.0))],
    },
    Work {
        name: "skynet",
        command: "skynet 1000000",
        threads: Some("skynet 10000"),
        quick: "skynet 100",
        lacking: &[],
        rows: &[row(
            "skynet",
            "skynet: a tree of tasks that add numbers, 10⁶ leaves",
            "ns a leaf",
        )
        .goal(Goal::Part(1.0 / 4.0))],
    },
    Work {
        name: "parked",
        command: "parked 1000000",
        threads: Some("parked 10000"),
        quick: "parked 200",
        lacking: &[],
        rows: &[
            row(
                "parked",
                "10⁶ tasks wait for a channel to close: begun, and woken",
                "ns a task",
            )
            .goal(Goal::Part(1.1)),
            row(
                "memory",
                "memory of 10⁶ tasks that wait, page tables included",
                "bytes a task",
            )
            .key("bytes")
            .goal(Goal::Most(4900.0)),
        ],
    },
    Work {
        name: "sleepers",
        command: "sleepers 1000000",
        threads: Some("sleepers 10000"),
        quick: "sleepers 10",
        lacking: &[],
        rows: &[row(
            "sleepers",
            "10⁶ tasks sleep three times, up to 1 s each",
            "ms in all",
        )
        .key("ms")
        .goal(Goal::Part(1.1))
        .whole()],
    },
    Work {
        name: "hog",
        command: "hog 4 3 1000",
        threads: None,
        quick: "hog 2 1 1000",
        lacking: &[],
        rows: &[row(
            "hog",
            "lateness of 1 ms sleepers beside 4 loops; ours call `checkpoint()`",
            "ms, 99th percentile",
        )
        .key("p99_ms")
        .goal(Goal::Most(5.0))],
    },
    Work {
        name: "hog0",
        command: "hog 4 3 0",
        threads: None,
        quick: "hog 2 1 0",
        lacking: &[],
        rows: &[row(
            "hog0",
            "lateness of 1 ms sleepers beside 4 loops without `checkpoint()`",
            "ms, 99th percentile",
        )
        .key("p99_ms")
        .goal(Goal::MostMigrating(5.0))],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_commands_have_arguments() {
        let names: HashSet<_> = WORKS.iter().map(|work| work.name).collect();
        assert_eq!(names.len(), WORKS.len());
        let rows: Vec<_> = WORKS.iter().flat_map(|work| work.rows).collect();
        let charts: HashSet<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(charts.len(), rows.len());
        for work in WORKS {
            let commands = [Some(work.command), work.threads, Some(work.quick)];
            for command in commands.into_iter().flatten() {
                let (name, numbers) = command.split_once(' ').unwrap();
                assert!(work.command.starts_with(name));
                assert!(numbers.split(' ').all(|n| n.parse::<usize>().is_ok()));
            }
        }
    }

    #[test]
    fn threads_have_smaller_sizes_and_crossbeam_has_channels_alone() {
        let spawn = &WORKS[0];
        assert_eq!(spawn.command(Runtime::Threads, false), "spawn 50000");
        assert_eq!(spawn.command(Runtime::Go, false), "spawn 1000000");
        assert_eq!(spawn.command(Runtime::Threads, true), "spawn 1000");
        assert_eq!(spawn.lacks(Runtime::Crossbeam), Some(""));
        assert_eq!(spawn.lacks(Runtime::May), None);
        let select = WORKS.iter().find(|work| work.name == "select4").unwrap();
        assert_eq!(select.lacks(Runtime::Crossbeam), None);
        assert!(!select.lacks(Runtime::May).unwrap().is_empty());
    }
}
