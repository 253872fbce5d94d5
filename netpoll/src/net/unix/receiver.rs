//! How a datagram waits for its receiver.
//!
//! A Unix datagram goes straight into the receiver's queue. When that is full, the system answers
//! `WouldBlock`, as when the sender's own buffer is full. It tells the sender's poller of room only
//! if the sender is *connected* to that receiver; one that names the receiver with each datagram has
//! room itself, as far as its poller knows, and would wait for ever. So another socket waits on its
//! behalf, a *probe*, which is connected to the receiver and sends nothing.
//!
//! Protocol:
//! 1. The sender tries to send.
//! 2. If that would block, it waits until it has room itself. A sender that is connected to a third
//!    socket counts as having none while that one is full; so this wait is short.
//! 3. It waits until the probe has room, or an error, and goes back to 1. If that would block still,
//!    the probe has served: others may have been faster, or the name is another receiver's by now. A
//!    probe whose receiver has gone counts as having room for ever. So the next wait is with a new
//!    one, which is connected to whoever has the name then.
//!
//! Each wait looks at the state, not at the last answer, so what happens between the steps is seen.
//!
//! Rejected: to connect the sender itself for as long as it waits. It would receive from that peer
//! only, and other tasks use it at the same time.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use mio::Interest;

use crate::readiness::Direction;
use crate::socket::Socket;
use crate::sys;

/// How long a sender waits for its own room before it looks at the receiver.
const TURN: Duration = Duration::from_millis(50);

/// Makes `send`, which sends one datagram to a receiver that it names, until there is room.
/// `connect` connects a socket to that receiver.
///
/// A `WouldBlock` is the answer when the write time-out is over.
pub(super) fn send_with_room<R>(
    sender: &Socket<UnixDatagram>,
    mut send: impl FnMut(&UnixDatagram) -> io::Result<R>,
    mut connect: impl FnMut(&UnixDatagram) -> io::Result<()>,
) -> io::Result<R> {
    // The answer at once, whatever it is.
    let mut attempt = || {
        let answer = |socket: &UnixDatagram| match send(socket) {
            Err(error) if is_full(&error) => Ok(Err(error)),
            answer => answer.map(Ok),
        };
        sender.run_until(Direction::Write, answer, None)
    };
    let mut answer = attempt()?;
    if answer.is_ok() || sender.shared().is_nonblocking() {
        return answer;
    }
    let deadline = sender.shared().deadline(Direction::Write);
    loop {
        let turn = Instant::now() + TURN;
        match await_room(sender, Some(deadline.map_or(turn, |d| d.min(turn)))) {
            Err(error) if !is_full(&error) => return Err(error),
            _ => {}
        }
        let probe = match new_probe(sender, &mut connect)? {
            Ok(probe) => probe,
            // The receiver has gone, or takes only what comes from its own peer. If that is the
            // sender by now, its queue takes whatever the sender has room for.
            Err(refused) => return attempt()?.map_err(|_| refused),
        };
        await_room(&probe, deadline)?;
        answer = attempt()?;
        if answer.is_ok() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return answer;
        }
    }
}

/// A socket that is connected to the receiver, or what the system says to that. It ends its waits
/// when the sender is closed.
fn new_probe(
    sender: &Socket<UnixDatagram>,
    connect: impl FnOnce(&UnixDatagram) -> io::Result<()>,
) -> io::Result<io::Result<Socket<UnixDatagram>>> {
    let probe = UnixDatagram::unbound()?;
    probe.set_nonblocking(true)?;
    Ok(connect(&probe).map(|()| sender.with_duplicate(probe, Interest::WRITABLE)))
}

/// Waits until the socket has room for another datagram, as far as it knows.
fn await_room(socket: &Socket<UnixDatagram>, deadline: Option<Instant>) -> io::Result<()> {
    socket.run_until(
        Direction::Write,
        |socket| match sys::is_ready(socket.as_raw_fd(), Direction::Write)? {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EAGAIN)),
        },
        deadline,
    )
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
