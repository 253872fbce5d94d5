//! The files that are written.

use std::fs;
use std::io;
use std::path::Path;

use super::charts::bars::bars;
use super::charts::curves::curves;
use super::report::{CHARTS, Report, render};
use super::rounds::Outcomes;

/// Writes `BENCHMARKS.md`, the charts, and all figures into the directory `out`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(out: &Path, report: &Report, outcomes: &Outcomes) -> io::Result<()> {
    let charts = out.join(CHARTS);
    fs::create_dir_all(&charts)?;
    for row in &report.rows {
        fs::write(charts.join(format!("{}.svg", row.row.name)), bars(row))?;
    }
    for chart in &report.growth {
        let svg = curves(chart.title, chart.unit, &chart.curves);
        fs::write(charts.join(format!("{}.svg", chart.name)), svg)?;
    }
    fs::write(charts.join("figures.tsv"), figures(outcomes))?;
    fs::write(out.join("BENCHMARKS.md"), render(report))
}

/// Every figure of every run, a line each.
fn figures(outcomes: &Outcomes) -> String {
    let mut text = String::from("work\ttasks\truntime\tround\tfigure\tvalue\n");
    for (job, outcome) in outcomes {
        let size = if job.size == 0 {
            String::new()
        } else {
            job.size.to_string()
        };
        let start = format!("{}\t{size}\t{}", job.work, job.runtime.key());
        for (index, line) in outcome.lines.iter().enumerate() {
            for (key, value) in line.pairs() {
                text += &format!("{start}\t{}\t{key}\t{value}\n", index + 1);
            }
        }
        if let Some(why) = &outcome.failed {
            text += &format!("{start}\t\tfailed\t{}\n", why.replace('\t', " "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::rounds::{Job, Outcome};
    use super::super::run::Line;
    use super::super::runtimes::Runtime;
    use super::*;

    #[test]
    fn every_figure_and_every_failure_has_a_line() {
        let job = |size, runtime| Job {
            work: "spawn",
            size,
            runtime,
        };
        let lines = ["ns=80", "ns=90 x=1"].map(|line| Line::parse(line).unwrap());
        let ran = Outcome {
            lines: lines.to_vec(),
            failed: None,
        };
        let died = Outcome {
            lines: Vec::new(),
            failed: Some("dies:\tsoon".to_owned()),
        };
        let outcomes = Outcomes::from([(job(0, Runtime::Go), ran), (job(10, Runtime::May), died)]);
        let text = figures(&outcomes);
        let lines: Vec<_> = text.lines().skip(1).collect();
        let expected = [
            "spawn\t\tgo\t1\tns\t80",
            "spawn\t\tgo\t2\tns\t90",
            "spawn\t\tgo\t2\tx\t1",
            "spawn\t10\tmay\t\tfailed\tdies: soon",
        ];
        assert_eq!(lines, expected);
        assert!(text.lines().all(|line| line.split('\t').count() == 6));
    }
}
