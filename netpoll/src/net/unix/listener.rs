//! `UnixListener`.

use std::io;
use std::iter::FusedIterator;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use mio::Interest;

use crate::closed::is_closed;
use crate::net::UnixStream;
use crate::net::methods::handle_methods;
use crate::net::shortage::{self, Patience};
use crate::socket::Socket;

/// A Unix socket that listens for connections; [`std::os::unix::net::UnixListener`] for tasks.
///
/// Several tasks may accept from one listener at a time, through a shared reference or through
/// [`try_clone`](Self::try_clone).
///
/// Dropping it closes the socket, unless there are clones; as with std, the socket's path stays.
/// [`close`](Self::close) ends it while others use it.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::net::{UnixListener, UnixStream};
///
/// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let mut client = UnixStream::connect(&path)?;
/// # std::fs::remove_file(&path)?;
/// let (mut server, _) = listener.accept()?;
///
/// client.write_all(b"hello")?;
/// let mut bytes = [0; 5];
/// server.read_exact(&mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixListener {
    socket: Socket<net::UnixListener>,
}

handle_methods!(
    UnixListener(net::UnixListener),
    Interest::READABLE,
    SocketAddr,
    r#"use hueless_netpoll::net::UnixListener;

let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
let socket = UnixListener::bind(&path)?;
# std::fs::remove_file(&path)?;"#
);

impl UnixListener {
    pub(in crate::net) fn from_std(listener: net::UnixListener) -> io::Result<Self> {
        Self::nonblocking(listener)
    }

    pub(in crate::net) fn into_std(self) -> io::Result<net::UnixListener> {
        let listener = self.socket.into_io();
        listener.set_nonblocking(false)?;
        Ok(listener)
    }

    /// Binds a listener to `path`, where nothing may lie yet. Does not wait for anything but the
    /// file system.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if something lies there, be it the path of a socket
    /// that is long gone; `InvalidInput` for a path that is too long or holds a zero byte; or what
    /// the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use hueless_netpoll::net::UnixListener;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// drop(listener);
    /// assert_eq!(UnixListener::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::nonblocking(net::UnixListener::bind(path)?)
    }

    /// Binds a listener to `socket_addr`, a path or, on Linux, an abstract name. Does not wait for
    /// anything but the file system.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    /// use hueless_netpoll::net::unix::{SocketAddr, UnixListener, UnixStream};
    ///
    /// let name = format!("example-{}", std::process::id());
    /// let addr = SocketAddr::from_abstract_name(&name)?;
    /// let listener = UnixListener::bind_addr(&addr)?;
    /// let client = UnixStream::connect_addr(&addr)?;
    /// assert_eq!(client.peer_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<Self> {
        Self::nonblocking(net::UnixListener::bind_addr(socket_addr)?)
    }

    /// Accepts a connection and says whom it comes from. Blocks the task, not the worker, until
    /// there is one.
    ///
    /// While the process or the system has no descriptor or no memory left, it tries again after
    /// pauses of up to 100 ms, and says so on stderr the first time; the connections go on to wait.
    /// After a second it gives up: the caller may hold what can be closed. [`incoming`](Self::incoming)
    /// goes on.
    ///
    /// # Errors
    /// When there is no descriptor or no memory for longer than that, or at once in
    /// [non-blocking mode](Self::set_nonblocking). After [`close`](Self::close), one that
    /// [`is_closed`] recognises.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{UnixListener, UnixStream};
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let client = UnixStream::connect(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// let (server, from) = listener.accept()?;
    /// assert!(from.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.accept_with(shortage::A_SECOND)
    }

    fn accept_with(&self, patience: Patience) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, from) = shortage::accept(
            &self.socket,
            patience,
            || (self.local_addr()).map_or_else(|_| "a listener".into(), |addr| format!("{addr:?}")),
            net::UnixListener::accept,
        )?;
        Ok((UnixStream::nonblocking(stream)?, from))
    }

    /// Iterates over the connections, as by [`accept`](Self::accept). Each step blocks the task,
    /// not the worker.
    ///
    /// The iteration ends when the listener is [closed](Self::close). A shortage of descriptors or of
    /// memory is waited out, however long it lasts; other errors are items.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{UnixListener, UnixStream};
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let _client = UnixStream::connect(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// for connection in listener.incoming() {
    ///     println!("{:?}", connection?);
    ///     listener.close();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Closes the listener for all its handles: whoever waits in [`accept`](Self::accept), and
    /// whoever calls it later, gets an error that [`is_closed`] recognises. Does not block.
    ///
    /// On Linux new connections are refused from then on. Those not accepted yet end when the last
    /// handle is dropped, with the descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{self, UnixListener};
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// listener.close();
    /// assert!(net::is_closed(&listener.accept().unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }
}

/// The connections of a [`UnixListener`]; see [`UnixListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.listener.accept_with(Patience::Endless) {
            Ok((stream, _)) => Some(Ok(stream)),
            Err(error) if is_closed(&error) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl FusedIterator for Incoming<'_> {}

/// By [`UnixListener::incoming`].
impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = Incoming<'a>;

    fn into_iter(self) -> Incoming<'a> {
        self.incoming()
    }
}
