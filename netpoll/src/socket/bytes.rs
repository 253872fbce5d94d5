//! What a short transfer says of the next one, by the type of the descriptor.

use std::net;
use std::os::fd::OwnedFd;
use std::os::unix;

use mio::unix::pipe::{Receiver, Sender};

/// What carries bytes, in the mode of a stream.
pub(crate) trait Bytes {
    /// Whether a transfer of less than there was room for means that the next would block, until
    /// something else is told.
    const SHORT_EXHAUSTS: bool;
}

/// What ends a read before all that has come, urgent data, is told as a special event.
impl Bytes for net::TcpStream {
    const SHORT_EXHAUSTS: bool = true;
}

/// A read may be short though more has come: it ends behind bytes that a descriptor was sent with,
/// which it drops, and where the peer's credentials change. No event tells of what is left.
impl Bytes for unix::net::UnixStream {
    const SHORT_EXHAUSTS: bool = false;
}

/// A read from a terminal ends behind a line, one from a pipe in packet mode behind a packet. That may
/// have been handed to us, and whoever has the other end of our own pipe may set its mode.
impl Bytes for Receiver {
    const SHORT_EXHAUSTS: bool = false;
}

/// As for `Receiver`, and a pipe in packet mode takes whole packets.
impl Bytes for Sender {
    const SHORT_EXHAUSTS: bool = false;
}

/// It may be anything.
impl Bytes for OwnedFd {
    const SHORT_EXHAUSTS: bool = false;
}
