//! The loop of a call that may have to wait.

use std::os::fd::RawFd;
use std::time::Instant;

use hueless_netpoll::foreign::{Direction, Refused, Waited, Watch};
use hueless_runtime::park::Wait;

use crate::caller;
use crate::sockets::options;
use crate::sys::Errno;

/// What the kernel says of a call that would have to wait.
pub(super) const WOULD_BLOCK: isize = -(libc::EAGAIN as isize);

/// What the kernel says of a call on something that is no socket.
pub(super) const NO_SOCKET: isize = -(libc::ENOTSOCK as isize);

/// Whether a call on `fd` is to be tried without waiting, since who makes it may be parked. If so, if its time is up,
/// and if the call may wait, others run first: it might never have to. Not on a socket that is not in blocking mode:
/// who has such a one, as tokio under its `block_on`, counts on that nobody runs here meanwhile. Nor on what
/// is no socket: a signal handler writes to its pipe, and who wakes a poller may hold locks that neighbours take.
///
/// The standard streams are left alone, whatever they are: `println!` writes while it holds what is its thread's.
#[inline]
pub(super) fn parks(fd: RawFd) -> bool {
    if fd <= libc::STDERR_FILENO || !Wait::may_park_for_std() || !caller::is_served() {
        return false;
    }
    let mut kept = None;
    Wait::checkpoint_for_std(|| {
        let may_wait = options::blocks(fd) && options::kind(fd).is_some();
        kept = may_wait.then(Errno::keep);
        may_wait
    });
    true
}

/// One call on a socket, to the program; several to the kernel.
pub(super) struct Waiting {
    fd: RawFd,
    direction: Direction,
    /// Until when it waits, once that has been asked for.
    deadline: Option<Option<Instant>>,
    /// Once it has come to wait.
    watch: Option<Watch>,
}

impl Waiting {
    pub(super) fn new(fd: RawFd, direction: Direction) -> Self {
        Self {
            fd,
            direction,
            deadline: None,
            watch: None,
        }
    }

    /// One whose time runs from now on, also if it does not come to wait yet.
    pub(super) fn begun(fd: RawFd, direction: Direction) -> Self {
        Self {
            deadline: Some(options::deadline(fd, direction)),
            ..Self::new(fd, direction)
        }
    }

    /// Makes `attempt`, which answers as the kernel does and does not wait, until it answers anything but that it
    /// would have to, and waits in between. That is the answer, too, if the socket is not in blocking mode or the
    /// time is up. `None` if the kernel has to wait.
    pub(super) fn run(&mut self, mut attempt: impl FnMut() -> isize) -> Option<isize> {
        loop {
            match attempt() {
                WOULD_BLOCK => {}
                answer => return Some(answer),
            }
            match self.wait() {
                Ok(Waited::Retry) => {}
                // What came too late to be told of.
                Ok(Waited::TimedOut) => return Some(attempt()),
                Err(answer) => return answer,
            }
        }
    }

    /// Waits after an attempt that could not be made. An error is the call's answer.
    #[cold]
    fn wait(&mut self) -> Result<Waited, Option<isize>> {
        if !caller::parks() {
            return Err(None);
        }
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            None if !options::blocks(self.fd) => return Err(Some(WOULD_BLOCK)),
            None => *self
                .deadline
                .insert(options::deadline(self.fd, self.direction)),
        };
        if self.watch.is_none() {
            self.watch = Watch::new(self.fd, self.direction);
        }
        let watch = self.watch.as_mut().ok_or(None)?;
        let _errno = Errno::keep();
        watch.wait(deadline).map_err(|refused| match refused {
            Refused::Kernel => None,
            Refused::Closed => Some(-(libc::EBADF as isize)),
        })
    }

    /// Waits until the socket is ready, whoever makes use of it: `Ok(true)`, or `Ok(false)` if the time is up before.
    pub(super) fn until_ready(&mut self) -> Result<bool, Option<isize>> {
        while !options::is_ready(self.fd, self.direction) {
            if self.wait()? == Waited::TimedOut {
                return Ok(options::is_ready(self.fd, self.direction));
            }
        }
        Ok(true)
    }
}
