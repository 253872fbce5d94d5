//! Messages to whoever runs the program.

use std::fmt;
use std::io::{self, Write};

/// Says one line on stderr, in one piece if the system takes it so. One that cannot be written is lost:
/// who reports has other things to do than to panic, as `eprintln!` would. For this workspace's crates.
pub fn report(message: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{message}\n").as_bytes());
}
