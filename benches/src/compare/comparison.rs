//! The whole: builds, runs, and writes.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::build::Places;
use super::charts::bars::bars;
use super::charts::curves::{Curve, curves};
use super::machine;
use super::options::Options;
use super::report::{CHARTS, Growth, Report, render};
use super::results::Comparison;
use super::rounds::{Job, Outcomes, rounds};
use super::run::{LIMIT, Program, run};
use super::runtimes::Runtime;
use super::stats::readable;
use super::table::{Table, short};
use super::works::{QUICK_SIZES, SIZES, WORKS, Work};

/// The work whose growth is drawn, for every number of tasks.
const GROW: &str = "grow";

/// Compares; blocks for minutes. Gives whether hueless has reached all goals.
///
/// # Errors
/// When hueless cannot be built, or the results cannot be written. Peers that cannot be built are left
/// out and told of.
pub fn compare(options: &Options) -> Result<bool, String> {
    let begin = Instant::now();
    let places = Places::find()?;
    let runtimes = options.runtimes();
    let (programs, missing) = build(&places, &runtimes)?;
    // Before anything is written, and before the load that the programs make.
    let facts = machine::facts(&places, programs.contains_key(&Runtime::Go));
    let works: Vec<_> = WORKS
        .iter()
        .filter(|work| options.only.is_empty() || options.only.iter().any(|name| name == work.name))
        .collect();
    let mut jobs = table_jobs(&works, &programs);
    if options.curves {
        jobs.extend(growth_jobs(&programs, options.quick));
    }
    let outcomes = measure(&jobs, &programs, options);
    let rows: Vec<_> = works
        .into_iter()
        .flat_map(|work| Comparison::of(work, &runtimes, &missing, &outcomes, options.quick))
        .collect();
    let held = rows
        .iter()
        .filter_map(Comparison::verdict)
        .all(|verdict| verdict.held());
    let report = Report {
        facts,
        command: command(),
        rounds: options.rounds,
        quick: options.quick,
        minutes: begin.elapsed().as_secs_f64() / 60.0,
        rows,
        missing,
        growth: if options.curves {
            growth(&outcomes)
        } else {
            Vec::new()
        },
    };
    let out = match &options.out {
        Some(out) => out.clone(),
        None if options.is_complete() => places.root.clone(),
        None => places.target.join("compare"),
    };
    write(&out, &report, &outcomes).map_err(|error| format!("{}: {error}", out.display()))?;
    println!("{}", Table::of(&report.rows).lines.join("\n"));
    println!("\n{}", out.join("BENCHMARKS.md").display());
    Ok(held)
}

/// The command line that leads here again.
fn command() -> String {
    let mut words = vec!["cargo run --release -p hueless-benches --bin compare".to_owned()];
    words.extend(env::args().skip(1));
    if words.len() > 1 {
        words.insert(1, "--".to_owned());
    }
    words.join(" ")
}

type Programs = BTreeMap<Runtime, Program>;

/// The programs, and why there are no others.
fn build(
    places: &Places,
    runtimes: &[Runtime],
) -> Result<(Programs, BTreeMap<Runtime, String>), String> {
    let (mut programs, mut missing) = (BTreeMap::new(), BTreeMap::new());
    for runtime in runtimes {
        eprintln!("building: {}", runtime.title());
        match places.build(*runtime) {
            Ok(program) => {
                programs.insert(*runtime, program);
            }
            Err(why) if runtime.is_ours() => return Err(why),
            Err(why) => {
                eprintln!("left out: {}: {why}", runtime.title());
                missing.insert(*runtime, why);
            }
        }
    }
    Ok((programs, missing))
}

fn table_jobs(works: &[&'static Work], programs: &Programs) -> Vec<Job> {
    let of = |work: &&'static Work| {
        let work = *work;
        let can = programs
            .keys()
            .filter(|runtime| work.lacks(**runtime).is_none());
        let job = |runtime: &Runtime| Job {
            work: work.name,
            size: 0,
            runtime: *runtime,
        };
        can.map(job).collect::<Vec<_>>()
    };
    works.iter().flat_map(of).collect()
}

/// One size after the other, each on all. crossbeam-channel is left out: its threads are std's.
fn growth_jobs(programs: &Programs, quick: bool) -> Vec<Job> {
    let sizes: &[usize] = if quick { &QUICK_SIZES } else { &SIZES };
    let on = |size: usize| {
        let runtimes = programs
            .keys()
            .filter(|runtime| **runtime != Runtime::Crossbeam);
        runtimes.map(move |runtime| Job {
            work: GROW,
            size,
            runtime: *runtime,
        })
    };
    sizes.iter().flat_map(|size| on(*size)).collect()
}

/// What the program of a job is called with.
fn arguments(job: &Job, quick: bool) -> String {
    match WORKS.iter().find(|work| work.name == job.work) {
        Some(work) => work.command(job.runtime, quick).to_owned(),
        None => format!("parked {}", job.size),
    }
}

/// Runs everything, and shows how far it is.
fn measure(jobs: &[Job], programs: &Programs, options: &Options) -> Outcomes {
    let bar = ProgressBar::new((jobs.len() * options.rounds) as u64);
    let style = "[{elapsed_precise}] {bar:40} {pos}/{len} {msg}";
    bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
    let terminal = stderr().is_terminal();
    let mut told = (0, "");
    let outcomes = rounds(
        jobs,
        options.rounds,
        |job| {
            let arguments = arguments(job, options.quick);
            let words: Vec<_> = arguments.split_whitespace().collect();
            let line = run(&programs[&job.runtime], &words, LIMIT);
            bar.inc(1);
            line
        },
        |round, job| {
            let of = format!("round {round} of {}: {}", options.rounds, job.work);
            // Where there is no bar, a line for each work.
            if !terminal && told != (round, job.work) {
                eprintln!("{of}");
            }
            told = (round, job.work);
            bar.set_message(format!("{of}: {}", job.runtime.title()));
        },
    );
    bar.finish_and_clear();
    outcomes
}

/// The charts of growth.
fn growth(outcomes: &Outcomes) -> Vec<Growth> {
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
            "Tasks that wait at once: time until all have begun, and ended",
            "milliseconds, logarithmic",
            "ns",
            |size| size as f64 / 1e6,
        ),
        chart(
            "growth-memory",
            "Tasks that wait at once: memory of each",
            "bytes a task, logarithmic",
            "bytes",
            |_| 1.0,
        ),
    ]
}

fn write(out: &Path, report: &Report, outcomes: &Outcomes) -> std::io::Result<()> {
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
