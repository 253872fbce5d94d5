//! Tests that have a process of their own, because they look at all of its memory.

use std::process::Command;

const CASE: &str = "HUELESS_TEST_CASE";

/// How a child ends that has run its case. Not zero: so does one that has found no such test.
const PASSED: i32 = 17;

/// Runs the test of that name in a process of its own; in there, calls `case` and ends the process.
pub(crate) fn alone(module: &str, test: &str, case: impl FnOnce()) {
    // The names of tests begin after that of the crate.
    let module = module.split_once("::").unwrap().1;
    let name = format!("{module}::{test}");
    if std::env::var(CASE).as_deref() == Ok(&name) {
        case();
        std::process::exit(PASSED);
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, &name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(PASSED), "{said}");
}
