//! Copying both ways between two ends, until both have ended.
//!
//! One task sees to both flows, since none of their turns waits: it waits for the first of what they
//! wait for. So nothing is shared with a second task, and a caller that is cancelled or gets an error
//! leaves nobody behind who uses the streams.

use std::io;
use std::sync::Arc;

use crate::io::DuplexStream;
use crate::io::ends::Ends;
use crate::io::flow::{Blocked, Flow, Turn};
use crate::net::{TcpStream, UnixStream};
use crate::readiness::{Case, wait_any};

/// Copies what comes from `a` to `b` and what comes from `b` to `a`, until both have ended, and
/// answers how many bytes went from `a` to `b`, and from `b` to `a`. Blocks the task, not the worker.
///
/// When one of them ends what it sends, the other is told, by a
/// [`shutdown`](TcpStream::shutdown) of its writing side, once it has got everything; the other
/// direction goes on. Streams may be given by value or by reference.
///
/// As [`copy`](crate::io::copy) does, it lets Linux move large amounts between sockets, and uses
/// buffers otherwise. Connections on which nothing moves hold neither. The streams' time-outs hold
/// for each direction by itself.
///
/// # Errors
/// That of the first read, write or shutdown that fails, which ends both directions; what was on its
/// way is lost. The streams themselves are left as they are: drop them to end the connections. So too
/// if the task is cancelled.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::io::{copy_bidirectional, duplex};
/// use hueless_netpoll::net::{Shutdown, TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let addr = listener.local_addr()?;
/// let (client, relayed) = duplex(1024);
/// let relay = hueless_runtime::spawn(move || {
///     copy_bidirectional(relayed, TcpStream::connect(addr)?)
/// });
/// let (mut server, _) = listener.accept()?;
///
/// (&client).write_all(b"question")?;
/// client.shutdown(Shutdown::Write)?;
/// let mut text = String::new();
/// server.read_to_string(&mut text)?;
/// assert_eq!(text, "question");
/// server.write_all(b"answer")?;
/// drop(server);
/// assert_eq!(relay.join().unwrap()?, (8, 6));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn copy_bidirectional<A: Stream, B: Stream>(a: A, b: B) -> io::Result<(u64, u64)> {
    relay(a.view().0, b.view().0)
}

fn relay(a: &dyn Ends, b: &dyn Ends) -> io::Result<(u64, u64)> {
    let mut there = Half::new(a, b);
    let mut back = Half::new(b, a);
    loop {
        hueless_runtime::checkpoint();
        match (there.turn()?, back.turn()?) {
            (Turn::Ended, Turn::Ended) => return Ok((there.flow.copied(), back.flow.copied())),
            (Turn::Moved, _) | (_, Turn::Moved) => {}
            (Turn::Blocked(blocked), Turn::Ended) | (Turn::Ended, Turn::Blocked(blocked)) => {
                blocked.wait();
            }
            (Turn::Blocked(there), Turn::Blocked(back)) => wait_for_either(there, back),
        }
    }
}

fn wait_for_either(one: Blocked<'_>, other: Blocked<'_>) {
    let until = one.until.into_iter().chain(other.until).min();
    // The next turns see what has come of it.
    let _ = wait_any(
        &mut [one, other].map(|blocked| Case::from(blocked.expected)),
        until,
    );
}

/// A flow, whose end is passed on.
struct Half<'a> {
    flow: Flow<'a>,
    output: &'a dyn Ends,
    is_passed_on: bool,
}

impl<'a> Half<'a> {
    fn new(input: &'a dyn Ends, output: &'a dyn Ends) -> Self {
        Self {
            flow: Flow::new(input, output),
            output,
            is_passed_on: false,
        }
    }

    fn turn(&mut self) -> io::Result<Turn<'a>> {
        let turn = self.flow.turn()?;
        if matches!(turn, Turn::Ended) && !self.is_passed_on {
            self.is_passed_on = true;
            match self.output.end_output() {
                // The connection has ended altogether, which the other flow sees as well.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                ended => ended?,
            }
        }
        Ok(turn)
    }
}

/// What [`copy_bidirectional`] copies between: [`TcpStream`], [`DuplexStream`], and references and
/// the like to them. It cannot be implemented elsewhere.
pub trait Stream: sealed::Sealed {}

mod sealed {
    use crate::io::ends::Ends;

    /// What this crate alone can look into.
    pub struct View<'a>(pub(crate) &'a dyn Ends);

    pub trait Sealed {
        fn view(&self) -> View<'_>;
    }
}

impl Stream for TcpStream {}
impl sealed::Sealed for TcpStream {
    fn view(&self) -> sealed::View<'_> {
        sealed::View(self.socket())
    }
}

impl Stream for UnixStream {}
impl sealed::Sealed for UnixStream {
    fn view(&self) -> sealed::View<'_> {
        sealed::View(self.socket())
    }
}

impl Stream for DuplexStream {}
impl sealed::Sealed for DuplexStream {
    fn view(&self) -> sealed::View<'_> {
        sealed::View(self)
    }
}

/// Implements `Stream` for what points to one.
macro_rules! pointers {
    ($($pointer:ty),*) => {
        $(
            impl<S: Stream + ?Sized> Stream for $pointer {}
            impl<S: Stream + ?Sized> sealed::Sealed for $pointer {
                fn view(&self) -> sealed::View<'_> {
                    (**self).view()
                }
            }
        )*
    };
}

pointers!(&S, &mut S, Box<S>, Arc<S>);
