//! The table, in markdown.

use crate::arguments::Size;
use crate::cases::{Case, Expected};
use crate::parent::Tried;

const LOCK: &str = include_str!("../Cargo.lock");

/// One crate.
pub(crate) struct Row<'a> {
    pub(crate) case: &'a Case,
    pub(crate) threads: Tried,
    pub(crate) tasks: Tried,
}

impl Row<'_> {
    /// Whether it got its answers in tasks, but blocked workers.
    pub(crate) fn blocks(&self, size: Size) -> bool {
        let measured = &self.tasks.measured;
        let is_together = measured.is_together(size.tasks, size.workers);
        is_together == Some(false) || !measured.stalls.is_empty()
    }

    fn works(&self, size: Size) -> String {
        let found = match &self.tasks.failure {
            Some(failure) => format!("**no** ({failure})"),
            None if self.blocks(size) => "blocks its worker".to_owned(),
            None => "yes".to_owned(),
        };
        match self.case.expected {
            Expected::Parks => found,
            Expected::Blocks(why) => format!("{found}; {why}"),
            Expected::Hangs(why) if self.tasks.failure.is_none() => {
                format!("{found}, but may hang: {why}")
            }
            Expected::Hangs(why) => format!("{found}: {why}"),
        }
    }
}

/// Prints the head of the table.
pub(crate) fn print_head(size: Size) {
    println!(
        "{} tasks on {} workers, and {} threads; {} requests each.\n",
        size.tasks, size.workers, size.tasks, size.requests
    );
    println!(
        "| crate | version | how | works in tasks | all wait together, ms: tasks | threads | \
         requests/s: tasks | threads | tasks : threads | MiB: tasks | threads |"
    );
    println!("| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
}

/// Prints a line of it.
pub(crate) fn print(row: &Row<'_>, size: Size) {
    let (tasks, threads) = (&row.tasks.measured, &row.threads.measured);
    let ratio = tasks
        .rate()
        .zip(threads.rate())
        .map(|(tasks, threads)| tasks / threads);
    let number = |value: Option<f64>, decimals: usize| match value {
        Some(value) => format!("{value:.decimals$}"),
        None => "–".to_owned(),
    };
    let milliseconds = |waited: Option<std::time::Duration>| {
        number(waited.map(|waited| waited.as_secs_f64() * 1e3), 0)
    };
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        if row.case.package.is_empty() {
            "std"
        } else {
            row.case.package
        },
        version(row.case.package),
        row.case.what,
        row.works(size),
        milliseconds(tasks.waited),
        milliseconds(threads.waited),
        number(tasks.rate(), 0),
        number(threads.rate(), 0),
        number(ratio, 2),
        tasks.memory_kib / 1024,
        threads.memory_kib / 1024,
    );
}

/// The version in Cargo.lock that this program depends on: the first of that name is another's if there are
/// two, so the last is taken.
fn version(package: &str) -> &str {
    let name = format!("name = \"{package}\"\nversion = \"");
    let found = LOCK
        .rsplit_once(&name)
        .and_then(|(_, rest)| rest.split_once('"'));
    found.map_or("", |(version, _)| version)
}
