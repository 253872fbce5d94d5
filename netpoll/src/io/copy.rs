//! Copying from one end to another, until the first ends.

use std::io::{self, Read, Write};

use crate::io::ends::{Input, Output};
use crate::io::flow::{Flow, LARGE, SMALL, Turn};
use crate::io::known;

/// Copies all that `reader` has to `writer`, until `reader` ends, and answers how many bytes that
/// were; [`std::io::copy`] for tasks. Blocks the task, not the worker, if reading and writing do.
///
/// Between sockets and pipes ([`TcpStream`](crate::net::TcpStream), or the ends of a
/// [`std::io::pipe`] in a [`Pollable`](crate::net::Pollable)) Linux moves large amounts without
/// copying them to this process and back, which halves what they cost. With others, a buffer of up
/// to 64 KiB is used; it does not lie on the task's stack.
///
/// # Errors
/// That of the first read or write that fails, other than by
/// [`Interrupted`](io::ErrorKind::Interrupted): such a call is made again. What was copied before is
/// written then, and what was read last may be lost; so too if the task is cancelled.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::io;
///
/// let mut text = Vec::new();
/// assert_eq!(io::copy(&mut &b"some bytes"[..], &mut text)?, 10);
/// assert_eq!(text, b"some bytes");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: Read + ?Sized,
    W: Write + ?Sized,
{
    match (known::input(reader), known::output(writer)) {
        (Some(input), Some(output)) => flow(input, output),
        _ => by_buffer(reader, writer),
    }
}

/// Between ends that can be asked without waiting.
fn flow(input: &dyn Input, output: &dyn Output) -> io::Result<u64> {
    let mut flow = Flow::new(input, output);
    loop {
        hueless_runtime::checkpoint();
        match flow.turn()? {
            Turn::Moved => {}
            Turn::Blocked(blocked) => blocked.wait(),
            Turn::Ended => return Ok(flow.copied()),
        }
    }
}

fn by_buffer<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: Read + ?Sized,
    W: Write + ?Sized,
{
    let mut copied = 0;
    let mut buffer = vec![0; SMALL];
    loop {
        // Neither may ever have to wait.
        hueless_runtime::checkpoint();
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        writer.write_all(&buffer[..read])?;
        copied += read as u64;
        if read == buffer.len() {
            buffer.resize(LARGE, 0);
        }
    }
}
