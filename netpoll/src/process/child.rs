//! `Child`.

use std::io::{self, Read};
use std::process::{self, ExitStatus, Output};

use crate::process::exit::Process;
use crate::process::output::read_both;
use crate::process::pipes::{ChildStderr, ChildStdin, ChildStdout};

/// A child process; [`std::process::Child`] for tasks. Made by [`Command::spawn`].
///
/// Dropping it neither ends the child nor waits for it; see the [module](crate::process) for what
/// becomes of such a child.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::process::Command;
///
/// let mut child = Command::new("true").spawn()?;
/// assert!(child.wait()?.success());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`Command::spawn`]: crate::process::Command::spawn
#[derive(Debug)]
pub struct Child {
    /// The writing end of its standard input, if that is piped. Take it to close it.
    pub stdin: Option<ChildStdin>,
    /// The reading end of its standard output, if that is piped.
    pub stdout: Option<ChildStdout>,
    /// The reading end of its standard error, if that is piped.
    pub stderr: Option<ChildStderr>,
    process: Process,
}

impl Child {
    pub(super) fn from_std(mut child: process::Child) -> io::Result<Self> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // First, so that an error below loses no process.
        let process = Process::new(child);
        Ok(Self {
            stdin: stdin.map(ChildStdin::from_std).transpose()?,
            stdout: stdout.map(ChildStdout::from_std).transpose()?,
            stderr: stderr.map(ChildStderr::from_std).transpose()?,
            process,
        })
    }

    /// The number of the process. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::Command;
    ///
    /// let mut child = Command::new("true").spawn()?;
    /// assert_ne!(child.id(), std::process::id());
    /// child.wait()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends the child by `SIGKILL`. Does not block: [`wait`](Self::wait) for the end. A child that
    /// has been waited for is left alone.
    ///
    /// # Errors
    /// When the system does not permit it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::process::ExitStatusExt;
    /// use hueless_netpoll::process::Command;
    ///
    /// let mut child = Command::new("sleep").arg("60").spawn()?;
    /// child.kill()?;
    /// assert_eq!(child.wait()?.signal(), Some(9));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.child().kill()
    }

    /// Waits until the child has ended and says how. Its standard input is closed first, if this
    /// process still has the other end. Blocks the task, not the worker.
    ///
    /// A child that writes to a pipe which nobody reads may never end:
    /// [`wait_with_output`](Self::wait_with_output) reads.
    ///
    /// A cancelled task unwinds and leaves the child as it is.
    ///
    /// # Errors
    /// When somebody else has waited for the child, or the system cannot watch it.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::Command;
    ///
    /// let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn()?;
    /// assert_eq!(child.wait()?.code(), Some(7));
    /// assert_eq!(child.wait()?.code(), Some(7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.process.wait()
    }

    /// How the child has ended, or `None` if it has not. Does not block, and closes nothing.
    ///
    /// # Errors
    /// When somebody else has waited for the child.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::{Command, Stdio};
    ///
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// assert!(child.try_wait()?.is_none());
    /// child.wait()?;
    /// assert!(child.try_wait()?.is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.child().try_wait()
    }

    /// Reads what the child writes to its piped output and error, both at once, to the end, and
    /// waits for the child. Its standard input is closed first, if this process still has the other
    /// end. Blocks the task, not the worker.
    ///
    /// A cancelled task unwinds; the child then runs on, with nobody to read from it.
    ///
    /// # Errors
    /// As reading, and as [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::process::{Command, Stdio};
    ///
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// let output = child.wait_with_output()?;
    /// assert_eq!(output.stdout, b"hello\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        match (self.stdout.take(), self.stderr.take()) {
            (None, None) => {}
            (Some(mut stdout), None) => drop(stdout.read_to_end(&mut out)?),
            (None, Some(mut stderr)) => drop(stderr.read_to_end(&mut err)?),
            (Some(stdout), Some(stderr)) => (out, err) = read_both(stdout, stderr)?,
        }
        Ok(Output {
            status: self.wait()?,
            stdout: out,
            stderr: err,
        })
    }
}
