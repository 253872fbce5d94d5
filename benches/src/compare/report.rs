//! `BENCHMARKS.md`.

use std::collections::BTreeMap;

use super::growth::Growth;
use super::machine::Facts;
use super::results::{Cell, Comparison};
use super::runtimes::Runtime;
use super::stats::readable;
use super::table::Table;
use super::works::WORKS;

/// Where the charts are, from the document.
pub const CHARTS: &str = "benches/charts";

/// All that the document tells.
#[derive(Debug)]
pub struct Report {
    /// What it was measured on.
    pub facts: Facts,
    /// How to do it again.
    pub command: String,
    /// How often each program has run.
    pub rounds: usize,
    /// Whether sizes were tiny.
    pub quick: bool,
    /// How many minutes it took.
    pub minutes: f64,
    /// The rows.
    pub rows: Vec<Comparison>,
    /// What could not be built, and why.
    pub missing: BTreeMap<Runtime, String>,
    /// The growth curves.
    pub growth: Vec<Growth>,
}

const INTRODUCTION: &str = "\
# Benchmarks

The same work on hueless, in both modes of its scheduler, on Go, on `async fn` with tokio, on the coroutines of may,
and on plain OS threads with what std has and with crossbeam-channel. The programs are in
[`benches/src/workloads`](benches/src/workloads) and [`benches/peers`](benches/peers), and are written alike:
one line a program can be held against another. Each run is a process of its own. This file is written by the
command below; nothing in it is written by hand.
";

const READING: &str = "\
Less is better everywhere. A cell has the median of the rounds and, in brackets, the best and the worst of them; the
least median of a row is bold. `÷ best peer` is what hueless as it comes takes, divided by what the best of the others
takes, whoever that is; above 1 it is marked ✗. Goals are against the best of Go, tokio and may (×), or absolute.
";

const DIFFERENCES: &str = "\
## What is not the same

- tokio has no rendezvous channels, so capacity 1 stands in for them; four to four it is async-channel, as tokio's own
  has one receiver. may's channels are all unbounded. Several OS threads share std's receiver by a mutex.
- What tasks wait for in a crowd: a channel in hueless and Go, `Semaphore` in tokio, `SyncFlag` in may, `Condvar` in std.
- Each runtime has as many workers as there are cores, and its default stack.
- A goroutine's stack begins with 2 KiB and is copied when it grows; an `async` task has none; hueless reserves
  256 KiB, of which 192 can be used, and pays for the pages that are touched, at least one; may's stacks are 32 KiB, an
  OS thread's 2 MiB, both lazy too. may has a thousand stacks before it begins, so that its first thousand tasks look as
  if they took no memory. What the kernel has for each OS thread, some 16 KiB and more, is not in the figures, which are what
  `/proc/PID/status` says is resident, and page tables.
- `checkpoint()` in a loop lets others run; the peers' loops have none: Go preempts by signals, the kernel by its timer,
  tokio and may not at all. may runs sleepers on a thread for timers.
";

/// The document.
pub fn render(report: &Report) -> String {
    let mut text = String::from(INTRODUCTION);
    if report.quick {
        text += "\n**Sizes are tiny here: this run shows that everything runs, and no speed.**\n";
    }
    text += &format!(
        "\n```sh\n{}\n```\n\nRounds, in each of which everything runs once: {}. Minutes: {:.0}.\n\n",
        report.command, report.rounds, report.minutes
    );
    text += "| machine and versions | |\n| --- | --- |\n";
    for (name, fact) in &report.facts {
        text += &format!("| {name} | {fact} |\n");
    }
    text += &format!("\n## Results\n\n{READING}\n");
    let table = Table::of(&report.rows);
    for line in &table.lines {
        text += line;
        text.push('\n');
    }
    text += &sizes(report);
    if !table.notes.is_empty() {
        text.push('\n');
    }
    for (index, note) in table.notes.iter().enumerate() {
        text += &format!("{}. {note}\n", index + 1);
    }
    for (runtime, why) in &report.missing {
        text += &format!("\n{} could not be built here: {why}.\n", runtime.title());
    }
    text += &losses(&report.rows);
    text += &growth(&report.growth);
    text += &format!("\n{DIFFERENCES}");
    text += "\n## Charts\n\nThe line in a bar goes from the best round to the worst.\n";
    for row in &report.rows {
        let alternative = row.row.title.replace('`', "");
        text += &format!("\n![{alternative}]({CHARTS}/{}.svg)\n", row.row.name);
    }
    text + &format!("\nEvery figure of every run is in [`figures.tsv`]({CHARTS}/figures.tsv).\n")
}

/// What OS threads do less of.
fn sizes(report: &Report) -> String {
    let smaller = |cell: &(Runtime, Cell)| matches!(cell.1, Cell::Took { smaller: true, .. });
    if !report.rows.iter().any(|row| row.cells.iter().any(smaller)) {
        return String::new();
    }
    let names: Vec<_> = report.rows.iter().map(|row| row.row.name).collect();
    let works = WORKS.iter().filter(|work| names.contains(&work.name));
    let sizes =
        works.filter_map(|work| Some(format!("`{}` for `{}`", work.threads?, work.command)));
    format!(
        "\n\\* OS threads have smaller sizes, since figures are for one operation: {}. The sleepers' figure is for the \
         whole: that of OS threads is not compared.\n",
        sizes.collect::<Vec<_>>().join(", ")
    )
}

/// Where hueless is slower, in words.
fn losses(rows: &[Comparison]) -> String {
    let compared = rows
        .iter()
        .filter(|row| row.ratio(Runtime::Hueless).is_some());
    let lost: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row, row.loses()?)))
        .map(|(row, (peer, ratio))| {
            format!("{} ({} × {})", row.row.name, readable(ratio), peer.title())
        })
        .collect();
    let compared = compared.count();
    match lost.len() {
        0 => format!("\nOf {compared} rows hueless loses none.\n"),
        count => format!(
            "\nOf {compared} rows hueless loses {count}: {}.\n",
            lost.join(", ")
        ),
    }
}

/// The growth curves, and why they end.
fn growth(charts: &[Growth]) -> String {
    let Some(first) = charts.first() else {
        return String::new();
    };
    let mut text = String::from(
        "\n## Growth\n\nFrom a thousand tasks to a million, all waiting at once: the time until all have begun and, \
         once they are woken, ended; and the memory of each while they wait.\n",
    );
    for chart in charts {
        text += &format!("\n![{}]({CHARTS}/{}.svg)\n", chart.title, chart.name);
    }
    for (runtime, size, why) in &first.ends {
        let size = readable(*size as f64);
        text += &format!(
            "\n- {}: no figures from {size} tasks on: {why}.",
            runtime.title()
        );
    }
    if !first.ends.is_empty() {
        text += "\n\nA stack with a guard page takes two mappings, and std gives each thread a stack for signals too: \
                 four; `vm.max_map_count` limits them, and `kernel.pid_max` the threads. hueless guards a million stacks \
                 within the same limits.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::example;
    use super::*;

    fn report() -> Report {
        let ends = vec![(Runtime::May, 100_000, "dies: exit code 101".to_owned())];
        Report {
            facts: vec![("processor", "a fast one".to_owned())],
            command: "cargo run".to_owned(),
            rounds: 3,
            quick: false,
            minutes: 7.4,
            rows: vec![example()],
            missing: BTreeMap::from([(Runtime::Tokio, "no network".to_owned())]),
            growth: vec![Growth {
                name: "growth-time",
                title: "time",
                unit: "ms",
                curves: Vec::new(),
                ends,
            }],
        }
    }

    #[test]
    fn the_document_tells_all() {
        let text = render(&report());
        for part in [
            "| processor | a fast one |",
            "Rounds, in each of which everything runs once: 3. Minutes: 7.",
            "OS threads have smaller sizes, since figures are for one operation: `spawn 50000`",
            "1. may: dies: exit code 101\n",
            "tokio could not be built here: no network.",
            "Of 1 rows hueless loses none.",
            "](benches/charts/spawn.svg)",
            "](benches/charts/growth-time.svg)",
            "- may: no figures from 100,000 tasks on: dies: exit code 101.",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("tiny"));
    }

    #[test]
    fn losses_are_told_and_quick_runs_say_so() {
        let mut report = report();
        report.quick = true;
        report.rows[0].cells.swap(0, 5);
        report.rows[0].cells[0].0 = Runtime::Hueless;
        report.rows[0].cells[5].0 = Runtime::Threads;
        report.growth.clear();
        let text = render(&report);
        assert!(text.contains("Of 1 rows hueless loses 1: spawn (500 × OS threads)."));
        assert!(text.contains("Sizes are tiny"));
        assert!(!text.contains("## Growth"));
    }

    #[test]
    fn nothing_measured_is_a_document_too() {
        let mut report = report();
        report.rows.clear();
        report.missing.clear();
        assert!(render(&report).contains("Of 0 rows hueless loses none."));
    }
}
