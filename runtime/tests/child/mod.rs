//! Tests that run in a process of their own: because they die, or because they count what the
//! process has.

#![allow(dead_code, reason = "every test file uses some of it: each is a crate")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use hueless_runtime::stack;

#[cfg(target_os = "linux")]
pub(crate) mod refuse;

const CASE: &str = "HUELESS_TEST_CASE";

/// How a child ends that has run its case. Not zero: so does one that has found no such test.
const PASSED: i32 = 17;

/// Runs `case` in a child with `variables` set, and answers how it ended. In the child itself, calls
/// it and ends the process.
pub(crate) fn in_child(test: &str, variables: &[(&str, &str)], case: impl FnOnce()) -> Output {
    if std::env::var(CASE).as_deref() == Ok(test) {
        case();
        std::process::exit(PASSED);
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, test)
        .env("RUST_BACKTRACE", "0");
    for (name, value) in variables {
        command.env(name, value);
    }
    command.output().unwrap()
}

/// All that a child has said.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// The child has run its case to the end.
#[track_caller]
pub(crate) fn assert_passed(output: Output) {
    assert_eq!(output.status.code(), Some(PASSED), "{}", text(&output));
}

/// What the child said before it died of `signal`.
#[track_caller]
pub(crate) fn died_of(signal: i32, output: Output) -> String {
    let said = text(&output);
    assert_eq!(output.status.signal(), Some(signal), "{said}");
    said
}

/// A line of `/proc/self/status`, in KiB.
pub(crate) fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Recurses until no more than `left` bytes of the current stack are left; answers how deep it got.
#[inline(never)]
pub(crate) fn dig(left: usize) -> usize {
    let frame = std::hint::black_box([1_u8; 300]);
    if stack::remaining().unwrap() <= left {
        1
    } else {
        dig(left) + usize::from(frame[7])
    }
}
