//! One connection: reads requests, writes answers.
//!
//! All requests that have arrived are answered with one write. The buffers are small, because there
//! may be many connections, and grow only for a client that needs it.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use hueless::net::{Shutdown, TcpStream};

use crate::request::{MAX_HEAD, Request};
use crate::response::{self, Refusal};
use crate::server::Server;

/// Bytes of a new connection's buffer for input.
const BUFFER: usize = 2 << 10;
/// How long, and for how many bytes, input is read behind a refusal.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 4 << 20);

/// See the module.
pub(crate) struct Connection<'a> {
    server: &'a Server,
    stream: &'a TcpStream,
    /// Input, of which the first `have` bytes are read and not yet used.
    input: Vec<u8>,
    have: usize,
    output: Vec<u8>,
    /// Requests whose answers are in `output`.
    answered: u64,
}

/// What becomes of the connection.
enum Next {
    /// More requests may come.
    Go,
    /// The end, after what is in `output`.
    Close,
    /// The same, though the client may still be sending.
    Refuse,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(server: &'a Server, stream: &'a TcpStream) -> Self {
        Self {
            server,
            stream,
            input: vec![0; BUFFER],
            have: 0,
            output: Vec::new(),
            answered: 0,
        }
    }

    /// Serves requests until one side ends the connection.
    pub(crate) fn serve(&mut self) -> io::Result<()> {
        let timeout = self.server.config.timeout;
        self.stream.set_nodelay(true)?;
        self.stream.set_write_timeout(Some(timeout))?;
        // When the request of which a part is there must be complete, in however many pieces.
        let mut deadline = None;
        loop {
            let next = match self.fill(deadline) {
                Ok(0) => return Ok(()),
                Ok(_) => self.answer_all()?,
                Err(error) if timed_out(&error) && self.have != 0 => self.refuse(Refusal::TimedOut),
                // It was idle for too long.
                Err(error) if timed_out(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            let answered = self.flush()?;
            match next {
                Next::Go if self.have == 0 => deadline = None,
                Next::Go if deadline.is_some() && !answered => {}
                Next::Go => deadline = Some(Instant::now() + timeout),
                Next::Close => return Ok(()),
                Next::Refuse => return self.linger(),
            }
        }
    }

    /// Answers the requests that are complete.
    fn answer_all(&mut self) -> io::Result<Next> {
        let mut used = 0;
        let next = loop {
            if used == self.have {
                break Next::Go;
            }
            let request = match Request::parse(&self.input[used..self.have]) {
                Ok(Some(request)) => request,
                Ok(None) => break Next::Go,
                Err(refusal) => break self.refuse(refusal),
            };
            used += request.head;
            let there = request.body.min((self.have - used) as u64);
            used += there as usize;
            if there < request.body {
                // The body is longer than what has come, so the buffer holds nothing else.
                (used, self.have) = (0, 0);
                match self.skip(request.body - there, request.expects && there == 0) {
                    Ok(true) => {}
                    Ok(false) => break Next::Close,
                    Err(error) if timed_out(&error) => break self.refuse(Refusal::TimedOut),
                    Err(error) => return Err(error),
                }
            }
            response::write(&request, &mut self.output);
            self.answered += 1;
            if !request.keep_alive {
                // A client that has sent more than it should finds out by the refusal's way.
                break if used < self.have {
                    Next::Refuse
                } else {
                    Next::Close
                };
            }
        };
        self.input.copy_within(used..self.have, 0);
        self.have -= used;
        Ok(next)
    }

    /// Reads a body of which nobody wants to know; false if it ends too early.
    fn skip(&mut self, mut left: u64, expected: bool) -> io::Result<bool> {
        if expected {
            self.output
                .extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.flush()?;
        let deadline = Instant::now() + self.server.config.timeout;
        while left != 0 {
            let room = (self.input.len() as u64).min(left) as usize;
            self.stream.set_read_timeout(Some(time_until(deadline)?))?;
            match self.stream.read(&mut self.input[..room])? {
                0 => return Ok(false),
                read => left -= read as u64,
            }
        }
        Ok(true)
    }

    /// Appends a refusal to the output.
    fn refuse(&mut self, refusal: Refusal) -> Next {
        refusal.write(&mut self.output);
        self.answered += 1;
        Next::Refuse
    }

    /// Reads what comes into the buffer, which grows if it is full. Waits until `deadline`, for the
    /// time-out where there is none.
    fn fill(&mut self, deadline: Option<Instant>) -> io::Result<usize> {
        if self.have == self.input.len() {
            // A head that fills the largest buffer has been refused.
            self.input.resize((2 * self.input.len()).min(MAX_HEAD), 0);
        }
        let patience = match deadline {
            Some(deadline) => time_until(deadline)?,
            None => self.server.config.timeout,
        };
        self.stream.set_read_timeout(Some(patience))?;
        let read = self.stream.read(&mut self.input[self.have..])?;
        self.have += read;
        Ok(read)
    }

    /// Writes the answers that are due; false if there are none.
    fn flush(&mut self) -> io::Result<bool> {
        if self.output.is_empty() {
            return Ok(false);
        }
        self.stream.write_all(&self.output)?;
        self.output.clear();
        self.server.count(self.answered);
        self.answered = 0;
        Ok(true)
    }

    /// Ends a connection whose client may still be sending: if it were closed at once, the client's
    /// system would throw away the refusal as soon as its next bytes are turned down.
    fn linger(&mut self) -> io::Result<()> {
        let (time, mut left) = LINGER;
        self.stream.shutdown(Shutdown::Write)?;
        let deadline = Instant::now() + time;
        while left != 0 {
            self.stream.set_read_timeout(Some(time_until(deadline)?))?;
            match self.stream.read(&mut self.input)? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        Ok(())
    }
}

/// The time that is left, or the error that it is up.
fn time_until(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// Whether a read has taken too long; as in std, the system's word for it is `WouldBlock`.
fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
