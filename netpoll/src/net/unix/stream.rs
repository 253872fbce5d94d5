//! `UnixStream`.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::net::methods::{BOTH, handle_methods, stream_io, timeout_methods};
use crate::net::unix::connect::connect;
use crate::readiness::Direction;
use crate::socket::Socket;

/// A connection between processes of one machine; [`std::os::unix::net::UnixStream`] for tasks.
///
/// Reading and writing are independent: one task may read while another writes, through shared
/// references (`Read` and `Write` are implemented for `&UnixStream` too) or through
/// [`try_clone`](Self::try_clone). Several tasks may even wait in the same direction; which of them
/// gets which bytes is not said.
///
/// Dropping it closes the connection, unless there are clones. [`close`](Self::close) ends it while
/// others use it.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::net::{Shutdown, UnixStream};
///
/// let (mut a, mut b) = UnixStream::pair()?;
/// a.write_all(b"good morning")?;
/// a.shutdown(Shutdown::Write)?;
///
/// let mut text = String::new();
/// b.read_to_string(&mut text)?;
/// assert_eq!(text, "good morning");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixStream {
    socket: Socket<net::UnixStream>,
}

handle_methods!(
    UnixStream(net::UnixStream),
    BOTH,
    SocketAddr,
    r#"use hueless_netpoll::net::UnixStream;

let (socket, peer) = UnixStream::pair()?;"#
);
timeout_methods!(
    UnixStream(net::UnixStream),
    r#"use hueless_netpoll::net::UnixStream;

let (socket, peer) = UnixStream::pair()?;"#
);
stream_io!(UnixStream);

impl UnixStream {
    /// Connects to the listener at `path`. Blocks the task, not the worker, while more connections
    /// wait to be accepted there than the listener lets wait.
    ///
    /// What waits then is a thread of the blocking pool. At most four wait at a time, for 50 ms each,
    /// and the tasks take turns. So with many tasks that wait, for whichever listener, each has a turn
    /// every 50 ms times a quarter of their number: a thousand that wait in vain for one listener
    /// delay a task that waits for another by up to 12.5 s. A task that is cancelled during its turn
    /// ends up to 50 ms later. OS threads wait by themselves. On some systems the answer is
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) instead.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) if nothing lies at `path`,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if nobody listens there any more,
    /// `InvalidInput` for a path that is too long or holds a zero byte, or what the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{UnixListener, UnixStream};
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path)?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// For what moves bytes between streams.
    pub(crate) fn socket(&self) -> &Socket<net::UnixStream> {
        &self.socket
    }

    /// Connects to the listener at `socket_addr`, a path or, on Linux, an abstract name. Blocks as
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{UnixListener, UnixStream};
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect_addr(&listener.local_addr()?)?;
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect_addr(socket_addr: &SocketAddr) -> io::Result<Self> {
        Self::nonblocking(connect(socket_addr)?)
    }

    /// Makes two sockets that are connected to each other. Does not block.
    ///
    /// # Errors
    /// When there are no descriptors to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::net::UnixStream;
    ///
    /// let (mut a, mut b) = UnixStream::pair()?;
    /// a.write_all(b"x")?;
    /// b.read_exact(&mut [0])?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = net::UnixStream::pair()?;
        Ok((Self::nonblocking(a)?, Self::nonblocking(b)?))
    }

    /// The address of the other end; unnamed unless that end was bound to a path or a name, as that
    /// of a listener. Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixStream;
    ///
    /// let (a, b) = UnixStream::pair()?;
    /// assert!(a.peer_addr()?.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().peer_addr()
    }

    /// Ends the reading side, the writing side or both. The peer sees the end of the stream once
    /// the writing side has ended. Those who wait go on: readers with the end of the stream,
    /// writers with [`BrokenPipe`](io::ErrorKind::BrokenPipe). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use hueless_netpoll::net::{Shutdown, UnixStream};
    ///
    /// let (mut a, b) = UnixStream::pair()?;
    /// b.shutdown(Shutdown::Both)?;
    /// assert_eq!(a.read(&mut [0])?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.io().shutdown(how)
    }

    /// Closes the connection for all its handles: whoever waits to read or write, and whoever tries
    /// later, gets an error that [`is_closed`](crate::net::is_closed) recognises. Does not block.
    ///
    /// The peer can still read what has been written. The descriptor is closed when the last handle
    /// is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use hueless_netpoll::net::{self, UnixStream};
    ///
    /// let (mut a, b) = UnixStream::pair()?;
    /// a.close();
    /// assert!(net::is_closed(&a.read(&mut [0]).unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }
}
