//! The standard input: lines and bytes, without blocking a worker.
//!
//! [`stdin`] has the names and methods of [`std::io::stdin`]. A task that reads where there is nothing
//! yet is parked until there is; outside a task the thread waits.
//!
//! ```
//! for line in hueless_netpoll::stdin::stdin().lines() {
//!     println!("{}", line?.to_uppercase());
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How it waits
//!
//! The descriptor stays in blocking mode: the mode belongs to the terminal or pipe, which other
//! processes, the parent shell first of all, read in the belief that it blocks. So a read first waits
//! for readiness as a socket does, where the system's poller takes the descriptor (terminals, pipes,
//! sockets), and then reads on a thread of the blocking pool. That returns at once, unless another
//! process has been faster; then that thread waits, no worker. Files, which are always ready, and what
//! the poller does not take, are read on the pool alone.
//!
//! A task that is cancelled while it waits for readiness unwinds, and nothing of the input is lost.
//!
//! # Buffer
//!
//! There is one buffer, shared by all of the program's tasks and threads. It is not the one of
//! [`std::io::stdin`], so use one of the two. Each handed-over read costs 5 to 10 µs, for up to 8 KiB.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, IoSliceMut, Lines, Read};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, RawFd};

use hueless_channel::{Receiver, Sender, bounded};
use hueless_runtime::bare::OnceLock;
use hueless_runtime::blocking_operation;
use mio::Interest;

use crate::readiness::Direction;
use crate::socket::Socket;
use crate::sys;

/// How many bytes the buffer holds.
const CAPACITY: usize = 8 * 1024;

/// What was read and not taken yet. Whoever has it may read.
struct Buffer {
    bytes: Box<[u8]>,
    /// The part that was not taken.
    start: usize,
    end: usize,
}

/// Where the buffer is while nobody reads: in a channel, so that taking it parks those who have to
/// wait for it, in the order they came.
struct Place {
    give: Sender<Buffer>,
    take: Receiver<Buffer>,
}

fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let (give, take) = bounded(1);
        let buffer = Buffer {
            bytes: vec![0; CAPACITY].into(),
            start: 0,
            end: 0,
        };
        give.try_send(buffer)
            .unwrap_or_else(|_| unreachable!("the channel is new"));
        Place { give, take }
    })
}

/// The standard input of the process; [`std::io::Stdin`] for tasks. Made by [`stdin`].
///
/// Each method takes the buffer for as long as it reads; [`lock`](Self::lock) takes it for longer.
#[derive(Debug)]
pub struct Stdin {
    _private: (),
}

/// The standard input. Does not block.
///
/// # Examples
///
/// ```
/// let mut line = String::new();
/// hueless_netpoll::stdin::stdin().read_line(&mut line)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stdin() -> Stdin {
    Stdin { _private: () }
}

impl Stdin {
    /// Takes the buffer, for several reads in a row that nobody else comes between. Blocks the task,
    /// not the worker, until nobody else has it; for ever, if this task has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{BufRead, Read};
    ///
    /// let mut input = hueless_netpoll::stdin::stdin().lock();
    /// let mut header = String::new();
    /// input.read_line(&mut header)?;
    /// let mut body = Vec::new();
    /// input.read_to_end(&mut body)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn lock(&self) -> StdinLock<'static> {
        let buffer = place().take.recv();
        StdinLock {
            buffer: Some(buffer.expect("the channel's other end is beside it")),
            _lifetime: PhantomData,
        }
    }

    /// Reads a line, with its end, and appends it to `buf`; gives its length, 0 at the end of the
    /// input. Blocks the task, not the worker.
    ///
    /// # Errors
    /// `InvalidData` if it is no UTF-8, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`stdin`].
    pub fn read_line(&self, buf: &mut String) -> io::Result<usize> {
        self.lock().read_line(buf)
    }

    /// Iterates over the lines, without their ends. Takes the buffer as [`lock`](Self::lock) does, and
    /// keeps it. Each step blocks the task, not the worker.
    ///
    /// # Examples
    ///
    /// See the [module](crate::stdin).
    pub fn lines(self) -> Lines<StdinLock<'static>> {
        self.lock().lines()
    }
}

/// The standard input and its buffer; [`std::io::StdinLock`] for tasks. Made by [`Stdin::lock`].
pub struct StdinLock<'a> {
    /// Taken when dropped, not before.
    buffer: Option<Buffer>,
    _lifetime: PhantomData<&'a ()>,
}

impl Drop for StdinLock<'_> {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            // There is room: there is one buffer. It does not wait.
            let _ = place().give.try_send(buffer);
        }
    }
}

impl StdinLock<'_> {
    fn buffer(&mut self) -> &mut Buffer {
        self.buffer.as_mut().expect("taken by drop only")
    }
}

impl Buffer {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// Blocks the task, not the worker, until there is something, or the input has ended.
impl BufRead for StdinLock<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.buffer();
        if buffer.start == buffer.end {
            let read = read(&mut buffer.bytes)?;
            (buffer.start, buffer.end) = (0, read);
        }
        Ok(buffer.rest())
    }

    fn consume(&mut self, amount: usize) {
        let buffer = self.buffer();
        buffer.start = (buffer.start + amount).min(buffer.end);
    }
}

/// Reading blocks the task, not the worker, until there is something, or the input has ended.
impl Read for StdinLock<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.buffer().rest().is_empty() && buf.len() >= CAPACITY {
            return read(buf);
        }
        let read = self.fill_buf()?.read(buf)?;
        self.consume(read);
        Ok(read)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let read = self.fill_buf()?.read_vectored(bufs)?;
        self.consume(read);
        Ok(read)
    }
}

/// As for [`StdinLock`]; each call takes the buffer once.
impl Read for &Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.lock().read_vectored(bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.lock().read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.lock().read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.lock().read_exact(buf)
    }
}

/// As for `&Stdin`.
impl Read for Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        (&*self).read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        (&*self).read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        (&*self).read_exact(buf)
    }
}

impl fmt::Debug for StdinLock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdinLock").finish_non_exhaustive()
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the standard input is open for as long as the process runs, as std takes for granted.
        unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) }
    }
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        libc::STDIN_FILENO
    }
}

impl AsFd for StdinLock<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: as above.
        unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) }
    }
}

impl AsRawFd for StdinLock<'_> {
    fn as_raw_fd(&self) -> RawFd {
        libc::STDIN_FILENO
    }
}

/// Reads what there is, once there is something, past the buffer, for whoever has it. An input that was
/// closed has ended, as with std.
fn read(buf: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the descriptor is not closed by this file, which is never dropped.
    let input = ManuallyDrop::new(unsafe { File::from_raw_fd(libc::STDIN_FILENO) });
    loop {
        let waited = wait();
        match blocking_operation(|| (&*input).read(buf)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody else has made it non-blocking, and somebody has been faster.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited.is_ok() => {}
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => return Ok(0),
            answer => return answer,
        }
    }
}

/// Waits until there is something to read, or the end.
///
/// The registration is made for this wait and ends with it: which file the number stands for may be
/// changed by the program at any other time.
///
/// # Errors
/// When there is nothing now and the system cannot watch the descriptor.
fn wait() -> io::Result<()> {
    let check = |input: &Stdin| match sys::is_ready(input.as_raw_fd(), Direction::Read)? {
        true => Ok(()),
        false => Err(io::Error::from(io::ErrorKind::WouldBlock)),
    };
    check(&stdin())
        .or_else(|_| Socket::new(stdin(), Interest::READABLE).run(Direction::Read, check))
}
