//! A pipe in memory, of both directions: two rings.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use crate::io::ends::{End, Ends, Input, Output};
use crate::readiness::Attempt;
use crate::ring::Ring;

/// Makes a pipe in memory with two ends: what is written to one is read from the other, either way.
/// Each direction holds up to `capacity` bytes. Does not block.
///
/// For what wants a stream where there is no socket: tests of protocols, or two parts of a program
/// that talk to each other in bytes. The ends may be used by tasks and OS threads alike.
///
/// # Panics
/// If `capacity` is 0, in which nothing could ever be written.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::io::duplex;
///
/// let (mut client, mut server) = duplex(1024);
/// let task = hueless_runtime::spawn(move || {
///     let mut question = [0; 4];
///     server.read_exact(&mut question)?;
///     server.write_all(b"pong")
/// });
/// client.write_all(b"ping")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "pong");
/// task.join().unwrap()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn duplex(capacity: usize) -> (DuplexStream, DuplexStream) {
    assert!(capacity > 0, "a pipe needs room for a byte at least");
    let rings = [(); 2].map(|()| Arc::new(Ring::new(capacity)));
    let [there, back] = &rings;
    let end = |input: &Arc<Ring>, output: &Arc<Ring>| DuplexStream {
        input: Arc::clone(input),
        output: Arc::clone(output),
    };
    (end(back, there), end(there, back))
}

/// One end of a pipe in memory, made by [`duplex`].
///
/// Reading and writing are independent: one task may read while another writes, through shared
/// references ([`Read`] and [`Write`] are implemented for `&DuplexStream` too). Several may even wait
/// in the same direction; which of them gets which bytes is not said.
///
/// A read or a write copies under a short lock, for which those at the other end may spin: 16 KiB at
/// most at a time, from or to the caller's memory. Memory that has to be fetched from a disk first, a
/// mapped file for example, makes that longer.
///
/// When it is dropped the other end reads what was written before, then the end of the stream, and
/// writing there fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// # Examples
///
/// See [`duplex`].
pub struct DuplexStream {
    input: Arc<Ring>,
    output: Arc<Ring>,
}

impl DuplexStream {
    /// Ends the reading side, the writing side or both. The other end reads the end of the stream
    /// once the writing side has ended, after what was written before; and its writes fail with
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) once the reading side has. Those who wait here go on
    /// likewise. Does not block.
    ///
    /// # Errors
    /// None; it answers a result as a socket does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::Shutdown;
    /// use hueless_netpoll::io::duplex;
    ///
    /// let (near, far) = duplex(16);
    /// (&near).write_all(b"the end")?;
    /// near.shutdown(Shutdown::Write)?;
    /// let mut text = String::new();
    /// (&far).read_to_string(&mut text)?;
    /// assert_eq!(text, "the end");
    /// (&far).write_all(b"not yet")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if matches!(how, Shutdown::Read | Shutdown::Both) {
            self.input.abandon();
        }
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            self.output.end();
        }
        Ok(())
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.input.abandon();
        self.output.end();
    }
}

impl End for DuplexStream {}

impl Input for DuplexStream {
    fn attempt_read(&self, buf: &mut [u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        Ok(self.input.attempt_read(buf))
    }
}

impl Output for DuplexStream {
    fn attempt_write(&self, buf: &[u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        self.output.attempt_write(buf)
    }
}

impl Ends for DuplexStream {
    fn end_output(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Makes attempts until one does not block, and waits in between; others run first if the task's
/// time is up, for it might never have to wait.
fn repeat<'a>(mut attempt: impl FnMut() -> io::Result<Attempt<'a, usize>>) -> io::Result<usize> {
    hueless_runtime::checkpoint();
    loop {
        match attempt()? {
            Attempt::Done(done) => return Ok(done),
            // It does not time out.
            Attempt::Blocked(expected) => drop(expected.wait(None)),
        }
    }
}

/// Reading blocks the task, not the worker, until there is something or the other end has ended
/// (`Ok(0)`).
impl Read for &DuplexStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        repeat(|| self.attempt_read(buf, true))
    }
}

/// As for `&DuplexStream`.
impl Read for DuplexStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
}

/// Writing blocks the task, not the worker, until there is room for something or the other end has
/// gone ([`BrokenPipe`](io::ErrorKind::BrokenPipe)). Flushing does nothing.
impl Write for &DuplexStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        repeat(|| self.attempt_write(buf, true))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As for `&DuplexStream`.
impl Write for DuplexStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream").finish_non_exhaustive()
    }
}
