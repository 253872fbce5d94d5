//! Runs the crates one after the other, each in tasks and in threads, and judges.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::All;
use crate::at::Outcome;
use crate::cases::{CASES, Case, Expected};
use crate::child::Measured;
use crate::servers::running::Servers;
use crate::table::{self, Row};

/// How many seconds who is expected to hang is given.
const HANGS: u64 = 15;

/// How a crate has done in tasks, or in threads.
pub(crate) struct Tried {
    pub(crate) measured: Measured,
    /// Why it did not come to its end.
    pub(crate) failure: Option<String>,
}

/// Prints the table. Fails if a crate has not done as expected.
pub(crate) fn run(all: &All) -> Outcome {
    for name in &all.only {
        if !CASES.iter().any(|case| case.name == name) {
            return Err(format!("there is no crate {name}").into());
        }
    }
    let directory = std::env::temp_dir().join(format!("hueless-crates-{}", std::process::id()));
    fs::create_dir(&directory)?;
    let done = run_in(&directory, all);
    fs::remove_dir_all(&directory)?;
    done
}

fn run_in(directory: &Path, all: &All) -> Outcome {
    let mut servers = Servers::new(directory, all.size.tasks);
    let mut wrong = Vec::new();
    let mut stalls = Vec::new();
    table::print_head(all.size);
    for case in CASES {
        if !all.only.is_empty() && !all.only.iter().any(|name| name == case.name) {
            continue;
        }
        let address = servers.address(case.server)?;
        let certificate = servers.certificate();
        let by = |mode| one(directory, all, case, mode, &address, &certificate);
        let row = Row {
            case,
            threads: by("threads")?,
            tasks: by("tasks")?,
        };
        table::print(&row, all.size);
        if let Some(complaint) = complaint(&row, all) {
            wrong.push(format!("{}: {complaint}", case.name));
        }
        if let Some(stall) = row.tasks.measured.stalls.first() {
            stalls.push(format!("{}: {stall}", case.name));
        }
    }
    if !stalls.is_empty() {
        println!(
            "\nStalls reported, the first of each:\n\n- {}",
            stalls.join("\n- ")
        );
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("not as expected:\n{}", wrong.join("\n")).into()),
    }
}

/// Runs one crate one way, in a process of its own.
fn one(
    directory: &Path,
    all: &All,
    case: &Case,
    mode: &str,
    address: &str,
    certificate: &Path,
) -> Result<Tried, Box<dyn Error + Send + Sync>> {
    let (printed, complained) = (directory.join("stdout"), directory.join("stderr"));
    let mut child = Command::new(std::env::current_exe()?)
        .args(["one", case.name, mode, "--at", address, "--cert"])
        .arg(certificate)
        .args(["--tasks", &all.size.tasks.to_string()])
        .args(["--requests", &all.size.requests.to_string()])
        .args(["--workers", &all.size.workers.to_string()])
        .stdin(Stdio::null())
        .stdout(File::create(&printed)?)
        .stderr(File::create(&complained)?)
        .spawn()?;
    let patience = match case.expected {
        Expected::Hangs(_) => all.patience.min(HANGS),
        _ => all.patience,
    };
    let end = Instant::now() + Duration::from_secs(patience);
    let failure = loop {
        match child.try_wait()? {
            Some(status) if status.success() => break None,
            Some(status) => {
                let complaint = fs::read_to_string(&complained)?;
                break Some(match complaint.lines().find(|line| !line.is_empty()) {
                    Some(line) => line.to_owned(),
                    None => status.to_string(),
                });
            }
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                break Some(format!("no end within {patience} s"));
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    Ok(Tried {
        measured: Measured::read(&fs::read_to_string(&printed)?),
        failure,
    })
}

/// What is not as expected.
fn complaint(row: &Row<'_>, all: &All) -> Option<String> {
    if let Some(failure) = &row.threads.failure {
        return Some(format!("in threads: {failure}"));
    }
    match row.case.expected {
        Expected::Parks => match &row.tasks.failure {
            Some(failure) => Some(failure.clone()),
            None => row
                .blocks(all.size)
                .then(|| "it blocks its workers".to_owned()),
        },
        Expected::Blocks(_) => row.tasks.failure.clone(),
        Expected::Hangs(_) => None,
    }
}
