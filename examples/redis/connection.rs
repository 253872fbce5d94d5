//! One connection: reads requests, runs them, sends the replies.
//!
//! All requests that have arrived are answered with one write, unless the replies are large.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use hueless::net::{Shutdown, TcpStream};

use crate::client::Client;
use crate::commands;
use crate::protocol::Parser;
use crate::reply::{Failure, Replies};
use crate::server::Server;

/// Bytes of a new connection's buffer for input.
const BUFFER: usize = 2 << 10;
/// Bytes of replies that are written at once, and of buffers that are kept.
pub(crate) const BATCH: usize = 64 << 10;
/// How long a client may take none of its replies.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long, and for how many bytes, a client that was sent away is listened to.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 4 << 20);

/// See the module.
pub(crate) struct Connection<'a> {
    server: &'a Server,
    stream: &'a TcpStream,
    client: Client,
    parser: Parser,
    /// Input, of which what lies from `start` to `end` has not been used.
    input: Vec<u8>,
    start: usize,
    end: usize,
    replies: Replies,
    /// Commands that have been run since the last flush.
    ran: u64,
}

/// What becomes of the connection.
#[derive(PartialEq)]
enum Next {
    /// More requests may come.
    Go,
    /// The end, as the client wishes.
    Close,
    /// The end, though the client may still be sending.
    Refuse,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(server: &'a Server, stream: &'a Arc<TcpStream>, number: u64) -> Self {
        Self {
            server,
            stream,
            client: Client::new(number, stream.clone()),
            parser: Parser::default(),
            input: vec![0; BUFFER],
            start: 0,
            end: 0,
            replies: Replies::default(),
            ran: 0,
        }
    }

    /// Serves requests until one side ends the connection.
    pub(crate) fn serve(mut self) -> io::Result<()> {
        let served = self.serve_requests();
        // What lies in the outbox is still sent.
        self.client.leave(&self.server.hub);
        match served? {
            Next::Refuse => self.linger(),
            Next::Go | Next::Close => Ok(()),
        }
    }

    fn serve_requests(&mut self) -> io::Result<Next> {
        self.stream.set_nodelay(true)?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        loop {
            let next = self.run_all()?;
            self.flush()?;
            if next != Next::Go || self.fill()? == 0 {
                return Ok(next);
            }
        }
    }

    /// Runs the requests that are complete.
    fn run_all(&mut self) -> io::Result<Next> {
        while self.start != self.end {
            let input = &self.input[self.start..self.end];
            match self.parser.parse(input) {
                Ok(None) => break,
                Ok(Some(length)) => {
                    let words = self.parser.words(input);
                    if words.len() != 0 {
                        commands::run(words, self.server, &mut self.client, &mut self.replies);
                        self.ran += 1;
                    }
                    self.parser.next();
                    self.start += length;
                }
                Err(violation) => {
                    let failure = Failure::from(format!("ERR Protocol error: {violation}"));
                    self.replies.failure(&failure);
                    return Ok(Next::Refuse);
                }
            }
            if self.client.quits {
                return Ok(Next::Close);
            }
            if self.replies.bytes().len() >= BATCH {
                self.flush()?;
            }
        }
        Ok(Next::Go)
    }

    /// Reads what comes into the buffer, which grows if a request needs it.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.input.len() > BATCH {
                self.input = vec![0; BUFFER];
            }
        }
        if self.end == self.input.len() {
            if self.start != 0 {
                self.input.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                // A request that is too large has been refused.
                self.input.resize(2 * self.input.len(), 0);
            }
        }
        let read = self.stream.read(&mut self.input[self.end..])?;
        self.end += read;
        Ok(read)
    }

    /// Sends the replies that are due.
    fn flush(&mut self) -> io::Result<()> {
        self.server.count(self.ran);
        self.ran = 0;
        if !self.replies.bytes().is_empty() && !self.client.send(&mut self.replies) {
            self.stream.write_all(self.replies.bytes())?;
            self.replies.clear(BATCH);
        }
        Ok(())
    }

    /// Ends a connection whose client may still be sending: if it were closed at once, the client's
    /// system would throw away the last reply.
    fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_read_timeout(Some(LINGER.0))?;
        io::copy(&mut self.stream.take(LINGER.1), &mut io::sink())?;
        Ok(())
    }
}
