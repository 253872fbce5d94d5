//! A process, from its start to its end.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};

use hueless_runtime::blocking_operation;
use mio::Interest;

use crate::process::{orphans, sys};
use crate::readiness::Direction;
use crate::socket::Socket;

/// A process that this one has started. Dropped before it was waited for, it becomes an
/// [orphan](orphans).
#[derive(Debug)]
pub(super) struct Process {
    /// Taken when dropped, not before.
    child: Option<Child>,
    /// Readable once the process has ended; made by the first wait that has to wait.
    end: Option<Socket<OwnedFd>>,
}

impl Process {
    /// The process of `child`, whose pipes have been taken.
    pub(super) fn new(child: Child) -> Self {
        Self {
            child: Some(child),
            end: None,
        }
    }

    pub(super) fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("taken by drop only")
    }

    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().expect("taken by drop only").id()
    }

    /// Waits for the end. Unwinds if the task is cancelled, and may be called again after that.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        let Self { child, end } = self;
        let child = child.as_mut().expect("taken by drop only");
        let status = match child.try_wait()? {
            Some(status) => status,
            None => {
                if end.is_none() {
                    // An error says that there is another way to go.
                    *end = sys::end_of(child.id())
                        .ok()
                        .map(|end| Socket::new(end, Interest::READABLE));
                }
                match end {
                    Some(end) => end.run(Direction::Read, |_| match child.try_wait()? {
                        Some(status) => Ok(status),
                        None => Err(io::ErrorKind::WouldBlock.into()),
                    })?,
                    None => blocking_operation(|| child.wait())?,
                }
            }
        };
        *end = None;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            orphans::adopt(child);
        }
    }
}
