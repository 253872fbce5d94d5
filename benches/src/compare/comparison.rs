//! The whole: builds, runs, and writes.

use std::collections::BTreeMap;
use std::env;
use std::io::{IsTerminal, stderr};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::build::Places;
use super::options::Options;
use super::report::Report;
use super::results::Comparison;
use super::rounds::{Job, Outcomes, rounds};
use super::run::{LIMIT, Program, run};
use super::runtimes::Runtime;
use super::table::Table;
use super::works::{WORKS, Work};
use super::{growth, machine, output};

/// Compares; blocks for minutes. Gives whether hueless has reached all goals.
///
/// # Errors
/// When hueless cannot be built, or the results cannot be written. Peers that cannot be built are left
/// out and told of.
pub fn compare(options: &Options) -> Result<bool, String> {
    let (begin, load) = (Instant::now(), machine::load());
    let places = Places::find()?;
    let runtimes = options.runtimes();
    let (programs, missing) = build(&places, &runtimes)?;
    // Before anything is written: that would be a change.
    let facts = machine::facts(&places, load, programs.contains_key(&Runtime::Go));
    let works: Vec<_> = WORKS
        .iter()
        .filter(|work| options.only.is_empty() || options.only.iter().any(|name| name == work.name))
        .collect();
    let mut jobs = table_jobs(&works, &programs);
    if options.curves {
        jobs.extend(growth::jobs(programs.keys().copied(), options.quick));
    }
    let outcomes = measure(&jobs, &programs, options);
    let rows: Vec<_> = works
        .into_iter()
        .flat_map(|work| Comparison::of(work, &runtimes, &missing, &outcomes, options.quick))
        .collect();
    let held = !rows.iter().any(Comparison::misses);
    let report = Report {
        facts,
        command: command(),
        rounds: options.rounds,
        quick: options.quick,
        minutes: begin.elapsed().as_secs_f64() / 60.0,
        rows,
        missing,
        growth: if options.curves {
            growth::charts(&outcomes)
        } else {
            Vec::new()
        },
    };
    let out = match &options.out {
        Some(out) => out.clone(),
        None if options.is_complete() => places.root.clone(),
        None => places.target.join("compare"),
    };
    output::write(&out, &report, &outcomes)
        .map_err(|error| format!("{}: {error}", out.display()))?;
    if options.quick {
        println!("Sizes are tiny: these figures say nothing of speed, nor of goals.");
    }
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
            let command = job.command(options.quick);
            let words: Vec<_> = command.split_whitespace().collect();
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
