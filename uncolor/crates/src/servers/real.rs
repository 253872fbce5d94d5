//! Real servers, of the system's packages.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::running::Server;

/// `nobody`, for servers that do not run as root.
const NOBODY: u32 = 65534;

/// Starts one that listens on the port of 127.0.0.1, whose files go to the directory.
pub(crate) fn start(
    server: Server,
    port: u16,
    directory: &Path,
    clients: usize,
) -> io::Result<Child> {
    // Those that have hung up may still be on their way out when the next ones come.
    let clients = 2 * clients;
    let directory = directory.join(format!("{server:?}"));
    fs::create_dir(&directory)?;
    let files = Files {
        log: File::create(directory.join("log"))?,
        directory,
    };
    match server {
        Server::Redis => files.redis(port, clients),
        Server::Memcached => files.memcached(port, clients),
        Server::MariaDb => files.mariadb(port, clients),
        Server::Postgres => files.postgres(port, clients),
        _ => Err(io::Error::other("no real server")),
    }
}

struct Files {
    directory: PathBuf,
    log: File,
}

impl Files {
    /// The program, its output going to the log. It does not outlive this process, however that ends.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> io::Result<Command> {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(self.log.try_clone()?)
            .stderr(self.log.try_clone()?);
        Ok(command)
    }

    /// Runs a program to its end.
    fn done(&self, command: &mut Command) -> io::Result<()> {
        match command.status()? {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!(
                "{command:?}: {status}\n{}",
                fs::read_to_string(self.directory.join("log"))?
            ))),
        }
    }

    fn redis(&self, port: u16, clients: usize) -> io::Result<Child> {
        self.command("redis-server")?
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
            ])
            .args([
                "--maxclients",
                &clients.to_string(),
                "--tcp-backlog",
                "2048",
            ])
            // It looks that often whether who waits has waited long enough.
            .args(["--hz", "200", "--dynamic-hz", "no"])
            .spawn()
    }

    fn memcached(&self, port: u16, clients: usize) -> io::Result<Child> {
        self.command("memcached")?
            .args([
                "-l",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-U",
                "0",
                "-u",
                "root",
            ])
            .args(["-c", &clients.to_string(), "-b", "2048"])
            .spawn()
    }

    fn mariadb(&self, port: u16, clients: usize) -> io::Result<Child> {
        let datadir = format!("--datadir={}", self.directory.join("data").display());
        let user = is_root().then_some("--user=root");
        self.done(
            self.command("mariadb-install-db")?
                .args(["--no-defaults", "--auth-root-authentication-method=normal"])
                .args(["--skip-test-db", &datadir])
                .args(user),
        )?;
        self.command("mariadbd")?
            .args(["--no-defaults", "--bind-address=127.0.0.1", &datadir])
            .arg(format!("--port={port}"))
            .arg(format!(
                "--socket={}",
                self.directory.join("socket").display()
            ))
            .arg(format!("--max-connections={}", clients))
            .args(["--back-log=2048", "--thread-handling=pool-of-threads"])
            .args(user)
            .spawn()
    }

    /// It refuses to run as root.
    fn postgres(&self, port: u16, clients: usize) -> io::Result<Child> {
        if is_root() {
            chown(&self.directory, Some(NOBODY), Some(NOBODY))?;
        }
        let data = self.directory.join("data");
        let run = |program: &str| -> io::Result<Command> {
            let mut command = self.command(postgres_program(program))?;
            command.arg("-D").arg(&data);
            if is_root() {
                command.uid(NOBODY).gid(NOBODY);
            }
            Ok(command)
        };
        self.done(run("initdb")?.args(["--username=root", "--auth=trust", "--no-sync"]))?;
        run("postgres")?
            .args(["-p", &port.to_string(), "-k", "", "-h", "127.0.0.1", "-F"])
            .args(["-N", &clients.to_string()])
            .spawn()
    }
}

/// Debian keeps these out of the path.
fn postgres_program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .map(|version| version.path().join("bin").join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| name.into())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
