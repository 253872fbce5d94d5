//! `splice` on Linux.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::{mem, ptr};

/// How many bytes a pipe is made to hold. The system's own choice, 64 KiB, costs a relay a quarter
/// more processor time for the same bytes; four times this saves no more than another tenth.
const SIZE: usize = 256 * 1024;

/// A pipe that holds what is under way.
#[derive(Debug)]
pub(crate) struct Pipe {
    output: PipeReader,
    input: PipeWriter,
    held: usize,
}

impl Pipe {
    /// An empty pipe.
    ///
    /// # Errors
    /// When there is no descriptor to be had, or when `SIGPIPE` would end the process: `splice` to a
    /// socket whose peer has gone raises it, and knows no flag like the one that sends go with.
    pub(crate) fn new() -> io::Result<Self> {
        if is_sigpipe_deadly()? {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let (output, input) = io::pipe()?;
        let size = libc::c_int::try_from(SIZE).expect("a moderate size");
        // A user who has many pipes may get no larger ones; then it stays as it is.
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        unsafe { libc::fcntl(input.as_raw_fd(), libc::F_SETPIPE_SZ, size) };
        Ok(Self {
            output,
            input,
            held: 0,
        })
    }

    /// How many bytes it holds.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves what `from` has into the pipe, which is empty, and answers how much; 0 is the end.
    ///
    /// # Errors
    /// As reading; besides, those that [`is_refusal`] knows.
    pub(crate) fn fill(&mut self, from: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0, "what it holds would be confused with the end");
        let moved = splice(from, self.input.as_fd(), SIZE)?;
        self.held = moved;
        Ok(moved)
    }

    /// Moves what the pipe holds to `to`, as far as there is room, and answers how much.
    ///
    /// # Errors
    /// As writing; besides, those that [`is_refusal`] knows. The pipe holds what it held then.
    pub(crate) fn drain(&mut self, to: BorrowedFd<'_>) -> io::Result<usize> {
        let moved = splice(self.output.as_fd(), to, self.held)?;
        self.held -= moved;
        Ok(moved)
    }

    /// Takes what the pipe holds into memory.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        let mut taken = vec![0; self.held];
        self.output.read_exact(&mut taken)?;
        self.held = 0;
        Ok(taken)
    }
}

/// Whether the error says that these descriptors cannot be spliced, or that `splice` is not to be
/// had here at all. It is none of the socket's own, so nothing is lost by trying otherwise.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP | libc::EPERM)
    )
}

/// Whether `SIGPIPE` has its default effect. Rust programs begin with ignoring it.
fn is_sigpipe_deadly() -> io::Result<bool> {
    // SAFETY: all zeroes are an action.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a valid structure; nothing is set.
    match unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), &raw mut action) } {
        0 => Ok(action.sa_sigaction == libc::SIG_DFL),
        _ => Err(io::Error::last_os_error()),
    }
}

fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize) -> io::Result<usize> {
    // For the pipe's part; the other one is in non-blocking mode itself.
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
    // SAFETY: both descriptors are open, since they are borrowed, and no offsets are given; the call
    // touches no memory of ours.
    let moved = unsafe { libc::splice(from, ptr::null_mut(), to, ptr::null_mut(), len, flags) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}
