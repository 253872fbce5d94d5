//! Other programs: text goes through `sort` and `uniq`, and what hangs is killed.
//!
//! ```sh
//! cargo run --example subprocess
//! ```
//!
//! Prints how often each word comes. Go's `os/exec`, Python's `asyncio.subprocess`, std's
//! `process::Command`, whose names these are. One task writes while another reads: a single one could
//! wait for ever, with both pipes full.

use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use hueless::process::{Command, Stdio};
use hueless::{join, timeout};

/// Sends the lines through a shell's pipe, and returns those that come out.
fn filter(pipe: &str, lines: &[&str]) -> io::Result<Vec<String>> {
    let mut child = Command::new("sh")
        .args(["-c", pipe])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let write = move || lines.iter().try_for_each(|line| writeln!(to, "{line}")); // then `to` is closed
    let read = || BufReader::new(from).lines().collect();
    let (written, read) = join(write, read);
    written?;
    match child.wait()? {
        status if status.success() => read,
        status => Err(io::Error::other(format!("{pipe}: {status}"))),
    }
}

/// Waits for a program no longer than `limit`.
fn within(limit: Duration, command: &mut Command) -> io::Result<String> {
    let mut child = command.spawn()?;
    match timeout(limit, || child.wait()) {
        Ok(status) => Ok(status?.to_string()),
        Err(_) => {
            child.kill()?;
            Ok(format!("too slow, {}", child.wait()?))
        }
    }
}

fn main() -> io::Result<()> {
    let words = ["tasks", "channels", "tasks", "locks", "tasks", "channels"];
    for line in filter("sort | uniq -c | sort -rn", &words)? {
        println!("{line}");
    }
    let limit = Duration::from_millis(200);
    println!("true:     {}", within(limit, &mut Command::new("true"))?);
    let mut sleep = Command::new("sleep");
    println!("sleep 60: {}", within(limit, sleep.arg("60"))?);
    Ok(())
}

#[test]
fn pipes_of_any_length() {
    let many: Vec<_> = (0..50_000)
        .map(|n| if n % 2 == 0 { "even" } else { "odd" })
        .collect();
    assert_eq!(filter("sort | uniq", &many).unwrap(), ["even", "odd"]);
    assert_eq!(
        filter("cat", &many).unwrap(),
        many,
        "more than the pipes hold"
    );
    assert!(
        filter("cat; exit 3", &["x"])
            .unwrap_err()
            .to_string()
            .contains('3')
    );
    main().unwrap();
}
