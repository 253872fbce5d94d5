//! What it was measured on: the machine, and the versions of everything.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use super::build::{Places, finish};

/// Names and what they are, in the order in which they are told.
pub type Facts = Vec<(&'static str, String)>;

/// What the peers consist of, as they are called in their lock file.
const CRATES: [&str; 4] = ["tokio", "may", "crossbeam-channel", "async-channel"];

/// How busy the machine is: the load in the last minute, 5 and 15 minutes.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let numbers: Vec<_> = load.split(' ').take(3).collect();
    numbers.join(", ")
}

/// What is known of the machine, whose load was so, and the versions. `has_go` says whether Go is part
/// of it.
pub fn facts(places: &Places, load: String, has_go: bool) -> Facts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let command = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        finish(command.args(arguments).current_dir(&places.root)).ok()
    };
    let kib = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let cores = available_parallelism().ok().map(|cores| cores.to_string());
    let lock = fs::read_to_string(places.sources().join("Cargo.lock")).unwrap_or_default();
    let version = |name: &&str| Some(format!("{name} {}", locked(&lock, name)?));
    let mut facts = vec![
        (
            "processor",
            unknown(field(&read("/proc/cpuinfo"), "model name")),
        ),
        ("cores", unknown(cores)),
        (
            "memory",
            unknown(kib.map(|kib| format!("{:.1} GiB", kib / 1024.0 / 1024.0))),
        ),
        (
            "kernel",
            format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        ),
        (
            "vm.max_map_count",
            read("/proc/sys/vm/max_map_count").trim().to_owned(),
        ),
        (
            "kernel.pid_max",
            read("/proc/sys/kernel/pid_max").trim().to_owned(),
        ),
        ("load before all began", load),
        (
            "rustc",
            unknown(
                command(Path::new("rustc"), &["--version"])
                    .map(|text| text.replacen("rustc ", "", 1)),
            ),
        ),
    ];
    if has_go {
        let go = places.go().ok().and_then(|go| command(&go, &["version"]));
        facts.push((
            "Go",
            unknown(go.map(|text| text.replacen("go version go", "", 1))),
        ));
    }
    let crates: Vec<_> = CRATES.iter().filter_map(version).collect();
    facts.push(("crates", crates.join(", ")));
    let git = |arguments: &[&str]| command(Path::new("git"), arguments);
    let changed = git(&["status", "--porcelain"]).is_some_and(|text| !text.is_empty());
    let commit = git(&["rev-parse", "--short=10", "HEAD"]);
    let suffix = if changed { ", with changes" } else { "" };
    facts.push(("commit", format!("{}{suffix}", unknown(commit))));
    facts.push((
        "date",
        unknown(command(Path::new("date"), &["-u", "+%F %H:%M UTC"])),
    ));
    facts
}

/// The value behind `name:` in a file of the kernel's.
fn field(text: &str, name: &str) -> Option<String> {
    let pair = |line: &str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    };
    text.lines().find_map(pair)
}

/// The version of a crate in a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let head = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != head);
    let version = lines.nth(1)?.strip_prefix("version = ")?;
    Some(version.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_versions_are_found() {
        let info = "processor\t: 0\nmodel name\t: AMD EPYC: 9\n";
        assert_eq!(field(info, "model name").unwrap(), "AMD EPYC: 9");
        assert_eq!(field(info, "model"), None);
        let lock = "[[package]]\nname = \"tokio-macros\"\nversion = \"2.7.0\"\n\n[[package]]\nname = \"tokio\"\nversion = \"1.54.1\"\n";
        assert_eq!(locked(lock, "tokio").unwrap(), "1.54.1");
        assert_eq!(locked(lock, "may"), None);
    }

    #[test]
    fn all_facts_are_told() {
        let facts = facts(&Places::find().unwrap(), load(), false);
        let of = |name| &facts.iter().find(|fact| fact.0 == name).unwrap().1;
        assert!(facts.iter().all(|(_, fact)| !fact.is_empty()));
        assert!(of("rustc").starts_with("1."), "{}", of("rustc"));
        for name in CRATES {
            assert!(of("crates").contains(name), "{name}");
        }
    }
}
