//! One program, one workload, one line of figures.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// No program gets longer for one workload.
pub const LIMIT: Duration = Duration::from_secs(120);
/// Longer reasons are cut.
const REASON: usize = 160;

/// A program that has the workloads.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What it finds in its environment.
    pub environment: Vec<(&'static str, &'static str)>,
}

/// The figures that a program has printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Line(Vec<(String, f64)>);

impl Line {
    /// Reads `key=value` pairs; values that are no finite numbers are left out.
    ///
    /// ```
    /// use hueless_benches::compare::run::Line;
    ///
    /// let line = Line::parse("ns=79.0 up_ms=12 note=x").unwrap();
    /// assert_eq!(line.get("up_ms"), Some(12.0));
    /// assert_eq!(line.get("note"), None);
    /// assert_eq!(Line::parse("no figures"), None);
    /// ```
    pub fn parse(line: &str) -> Option<Self> {
        let pairs = line.split_whitespace().filter_map(|word| {
            let (key, value) = word.split_once('=')?;
            let value = value.parse().ok().filter(|value: &f64| value.is_finite())?;
            Some((key.to_owned(), value))
        });
        let pairs: Vec<_> = pairs.collect();
        (!pairs.is_empty()).then_some(Self(pairs))
    }

    /// The figure of that name.
    pub fn get(&self, key: &str) -> Option<f64> {
        let pair = self.0.iter().find(|pair| pair.0 == key);
        pair.map(|pair| pair.1)
    }

    /// All, as they were printed.
    pub fn pairs(&self) -> &[(String, f64)] {
        &self.0
    }
}

/// Runs `program` with `arguments`; it is killed after `limit`. Blocks until it has ended.
///
/// # Errors
/// Says for people why there are no figures: the program does not start, dies, or takes too long.
pub fn run(program: &Program, arguments: &[&str], limit: Duration) -> Result<Line, String> {
    let mut child = Command::new(&program.path)
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .envs(program.environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("does not start: {error}"))?;
    let (ended, end) = channel();
    // They end with the child, which nobody else shares its pipes with.
    let output = reader(child.stdout.take(), move |text| ended.send(text));
    let (said, words) = channel();
    let errors = reader(child.stderr.take(), move |text| said.send(text));
    let text = end.recv_timeout(limit);
    let status = if text == Err(RecvTimeoutError::Timeout) {
        kill(&mut child)
    } else {
        child.wait()
    };
    for reader in [output, errors] {
        reader.join().expect("a reader does not panic");
    }
    let status = status.map_err(|error| format!("is lost: {error}"))?;
    let text = text.map_err(|_| format!("over {} s", limit.as_secs()))?;
    let line = text.lines().last().and_then(Line::parse);
    match line {
        Some(line) if status.success() => Ok(line),
        _ => Err(death(status, &words.recv().unwrap_or_default())),
    }
}

/// Reads all there is, on a thread.
fn reader<E>(
    pipe: Option<impl Read + Send + 'static>,
    tell: impl FnOnce(String) -> Result<(), E> + Send + 'static,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before an error is all there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = tell(String::from_utf8_lossy(&bytes).into_owned());
    })
}

fn kill(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.kill()?;
    child.wait()
}

/// What the end of a program was, with the first thing it said that tells something.
fn death(status: ExitStatus, errors: &str) -> String {
    let tells = |line: &&str| {
        let panics = line.starts_with("thread '") && line.contains("panicked at");
        !line.trim().is_empty() && !panics
    };
    let line = errors.lines().find(tells).map(|line| {
        let cut: String = line.trim().chars().take(REASON).collect();
        cut
    });
    // An exit code tells less than words; a signal more.
    let code = match (status.code(), &line) {
        (Some(_), Some(_)) => None,
        (Some(code), None) => Some(format!("exit code {code}")),
        (None, _) => Some(status.to_string()),
    };
    let words = [Some("dies".to_owned()), code, line];
    words.into_iter().flatten().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Line, String> {
        let program = Program {
            path: "/bin/sh".into(),
            environment: vec![("MODE", "7")],
        };
        run(&program, &["-c", script], limit)
    }

    #[test]
    fn figures_are_read_from_the_last_line() {
        let line = sh("echo x=1; echo ns=5.5 n=$MODE", LIMIT).unwrap();
        assert_eq!(line.get("ns"), Some(5.5));
        assert_eq!(line.get("n"), Some(7.0));
        assert_eq!(line.get("x"), None);
    }

    #[test]
    fn deaths_are_told() {
        let error = sh("echo ns=1; echo; echo it fails >&2; exit 3", LIMIT).unwrap_err();
        assert_eq!(error, "dies: it fails");
        let error = sh("exit 0", LIMIT).unwrap_err();
        assert_eq!(error, "dies: exit code 0");
        let error = sh("kill -9 $$", LIMIT).unwrap_err();
        assert_eq!(error, "dies: signal: 9 (SIGKILL)");
    }

    #[test]
    fn who_takes_too_long_is_killed() {
        let error = sh("exec sleep 1000", Duration::ZERO).unwrap_err();
        assert_eq!(error, "over 0 s");
    }

    #[test]
    fn what_is_not_there_does_not_start() {
        let program = Program {
            path: "/nonexistent/program".into(),
            environment: Vec::new(),
        };
        let error = run(&program, &["spawn", "1"], LIMIT).unwrap_err();
        assert!(error.starts_with("does not start"), "{error}");
    }

    #[test]
    fn only_finite_numbers_are_figures() {
        assert_eq!(Line::parse("ns=NaN"), None);
        assert_eq!(Line::parse("ns=inf x=2").unwrap().get("ns"), None);
        assert_eq!(Line::parse(""), None);
    }
}
