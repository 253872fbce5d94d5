//! `Command`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};

use hueless_runtime::task::no_park;
use hueless_runtime::{blocking_operation, with_program_mask};

use crate::process::child::Child;
use crate::process::orphans;

/// A process to be started; [`std::process::Command`] for tasks. Its methods are that one's, and
/// those of [`CommandExt`], which are methods of the type itself here.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::process::Command;
///
/// let output = Command::new("sh").args(["-c", "echo $GREETING"]).env("GREETING", "hi").output()?;
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"hi\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Command {
    std: process::Command,
    chosen: Chosen,
}

/// Which of the standard streams were set; for the others it depends on how the child is started.
#[derive(Default)]
struct Chosen {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

/// Methods that set something and give the command back, as std's of the same name.
macro_rules! setters {
    ($($(#[$doc:meta])* fn $name:ident $([$($generics:tt)*])? ($($arg:ident: $ty:ty),*);)*) => {
        $(
            $(#[$doc])*
            ///
            /// Does not block.
            ///
            /// # Examples
            ///
            #[doc = concat!("See [`std`'s](std::process::Command::", stringify!($name), ").")]
            pub fn $name $(<$($generics)*>)? (&mut self, $($arg: $ty),*) -> &mut Self {
                self.std.$name($($arg),*);
                self
            }
        )*
    };
}

impl Command {
    /// A command that starts `program` without arguments, with this process's environment, working
    /// directory and standard streams. Does not block.
    ///
    /// # Examples
    ///
    /// See [`Command`].
    pub fn new<S: AsRef<OsStr>>(program: S) -> Self {
        Self {
            std: process::Command::new(program),
            chosen: Chosen::default(),
        }
    }

    setters! {
        /// Adds an argument.
        fn arg[S: AsRef<OsStr>](arg: S);
        /// Adds arguments.
        fn args[I: IntoIterator<Item = S>, S: AsRef<OsStr>](args: I);
        /// Sets a variable of the child's environment.
        fn env[K: AsRef<OsStr>, V: AsRef<OsStr>](key: K, val: V);
        /// Sets variables of the child's environment.
        fn envs[I: IntoIterator<Item = (K, V)>, K: AsRef<OsStr>, V: AsRef<OsStr>](vars: I);
        /// Leaves a variable out of the child's environment.
        fn env_remove[K: AsRef<OsStr>](key: K);
        /// Leaves all variables out of the child's environment, those set so far too.
        fn env_clear();
        /// Sets the child's working directory.
        fn current_dir[P: AsRef<Path>](dir: P);
    }

    /// Sets the child's standard input. If it is not set, [`output`](Self::output) gives the child
    /// none, the others this process's. Does not block.
    ///
    /// # Examples
    ///
    /// See [`ChildStdin`](crate::process::ChildStdin).
    pub fn stdin<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Self {
        self.chosen.stdin = true;
        self.std.stdin(cfg);
        self
    }

    /// Sets the child's standard output. If it is not set, [`output`](Self::output) takes it, the
    /// others give the child this process's. Does not block.
    ///
    /// # Examples
    ///
    /// See [`ChildStdout`](crate::process::ChildStdout).
    pub fn stdout<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Self {
        self.chosen.stdout = true;
        self.std.stdout(cfg);
        self
    }

    /// Sets the child's standard error. If it is not set, [`output`](Self::output) takes it, the
    /// others give the child this process's. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::{Command, Stdio};
    ///
    /// let status = Command::new("ls").arg("/nowhere").stderr(Stdio::null()).status()?;
    /// assert!(!status.success());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stderr<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Self {
        self.chosen.stderr = true;
        self.std.stderr(cfg);
        self
    }

    /// Starts the process. Blocks the task, not the worker, until the program has been loaded.
    ///
    /// # Errors
    /// `NotFound` if there is no such program, and whatever else the system says.
    ///
    /// # Panics
    /// When a function given to [`pre_exec`](Self::pre_exec) does, in the child.
    ///
    /// # Examples
    ///
    /// See [`Child`].
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.spawn_with(Stdio::inherit, Stdio::inherit)
    }

    /// Starts the process, waits for its end, and gives what it has written to its output and error,
    /// as far as they were not set to go elsewhere. Blocks the task, not the worker.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait_with_output`].
    ///
    /// # Examples
    ///
    /// See [`Command`].
    pub fn output(&mut self) -> io::Result<Output> {
        self.spawn_with(Stdio::null, Stdio::piped)?
            .wait_with_output()
    }

    /// Starts the process and waits for its end. Blocks the task, not the worker.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::Command;
    ///
    /// assert!(!Command::new("false").status()?.success());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts the process with `input` as its standard input, and `output` as its standard output
    /// and error, where none were set.
    fn spawn_with(&mut self, input: fn() -> Stdio, output: fn() -> Stdio) -> io::Result<Child> {
        let Self { std, chosen } = self;
        if !chosen.stdin {
            std.stdin(input());
        }
        if !chosen.stdout {
            std.stdout(output());
        }
        if !chosen.stderr {
            std.stderr(output());
        }
        orphans::look_after();
        // On a thread of the pool the mask is the program's already.
        let child = blocking_operation(|| with_program_mask(|| std.spawn()))?;
        Child::from_std(child)
    }

    /// The program. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(hueless_netpoll::process::Command::new("ls").get_program(), "ls");
    /// ```
    pub fn get_program(&self) -> &OsStr {
        self.std.get_program()
    }

    /// The arguments, without the program's name. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::Command;
    ///
    /// let mut command = Command::new("ls");
    /// assert_eq!(command.args(["-l", "-a"]).get_args().len(), 2);
    /// ```
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.std.get_args()
    }

    /// The variables that were set or left out. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::Command;
    ///
    /// let mut command = Command::new("ls");
    /// assert_eq!(command.env("LANG", "C").get_envs().len(), 1);
    /// ```
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.std.get_envs()
    }

    /// The child's working directory, if it was set. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(hueless_netpoll::process::Command::new("ls").get_current_dir().is_none());
    /// ```
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.std.get_current_dir()
    }

    setters! {
        /// Sets the child's user. As in [`CommandExt`].
        fn uid(id: u32);
        /// Sets the child's group. As in [`CommandExt`].
        fn gid(id: u32);
        /// Sets the first argument, which is the program's name otherwise. As in [`CommandExt`].
        fn arg0[S: AsRef<OsStr>](arg: S);
        /// Sets the child's process group; 0 stands for a new one. As in [`CommandExt`].
        fn process_group(pgroup: i32);
    }

    /// Calls `f` in the child, before the program is loaded. Does not block.
    ///
    /// # Safety
    /// As [`CommandExt::pre_exec`]: the child has one thread, and whatever others were doing stays
    /// half done there, so `f` may allocate nothing, take no lock and use nothing of this crate.
    pub unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Self
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // SAFETY: the caller's promise is the same.
        unsafe { self.std.pre_exec(f) };
        self
    }

    /// Loads the program into this process, which ends all its threads and tasks. Returns only if
    /// that has failed; as std's, it may have changed this process by then: `SIGPIPE` kills it.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = hueless_netpoll::process::Command::new("/no/such/program").exec();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    pub fn exec(&mut self) -> io::Error {
        // Under std's lock of the environment: nobody is to park there.
        no_park(|| with_program_mask(|| self.std.exec()))
    }
}

/// Prints what [`std::process::Command`] prints.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
