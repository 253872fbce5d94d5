//! Sockets for the tests of Unix streams and datagrams.

use std::io::{self, ErrorKind};

use hueless_netpoll::net::{UnixDatagram, UnixListener, UnixStream};

use super::SocketPath;

/// A listener at a path.
pub(crate) fn listener() -> (UnixListener, SocketPath) {
    let path = SocketPath::new();
    (UnixListener::bind(&path).unwrap(), path)
}

/// Both ends of a new stream.
pub(crate) fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// A socket at a path.
pub(crate) fn bound() -> (UnixDatagram, SocketPath) {
    let path = SocketPath::new();
    (UnixDatagram::bind(&path).unwrap(), path)
}

/// Fills what is full at some point.
pub(crate) fn fill(mut send: impl FnMut() -> io::Result<usize>) -> usize {
    for sent in 0..100_000 {
        match send() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
                return sent;
            }
        }
    }
    panic!("it never fills");
}
