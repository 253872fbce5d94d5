//! Methods that sockets of several types have, written once.
//!
//! Each macro is called beside its type, a struct with the field `socket`, and gets the lines of an
//! example that make one.

use mio::Interest;

/// What is waited for on a socket that sends and receives.
pub(in crate::net) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Handles, the mode and the system's error; `Debug` and `AsFd`.
macro_rules! handle_methods {
    ($ours:ident($stds:ty), $interest:expr, $addr:ty, $example:literal) => {
        impl $ours {
            /// Takes over a socket of std's that has no settings yet.
            pub(in crate::net) fn nonblocking(socket: $stds) -> io::Result<Self> {
                socket.set_nonblocking(true)?;
                Ok(Self {
                    socket: Socket::new(socket, $interest),
                })
            }

            /// The address that the socket is bound to. Does not block.
            ///
            /// # Errors
            /// When the system refuses to tell.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $example]
            /// println!("{:?}", socket.local_addr()?);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn local_addr(&self) -> io::Result<$addr> {
                self.socket.io().local_addr()
            }

            /// Makes another handle of the same socket. Does not block.
            ///
            /// The clone has its own descriptor and is waited on by itself. The settings are the
            /// socket's, so they hold for all handles, and so does [`close`](Self::close).
            ///
            /// # Errors
            /// When there is no descriptor to be had.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $example]
            /// let clone = socket.try_clone()?;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn try_clone(&self) -> io::Result<Self> {
                let duplicate = self.socket.io().try_clone()?;
                Ok(Self {
                    socket: self.socket.with_duplicate(duplicate, $interest),
                })
            }

            /// Makes operations fail with [`WouldBlock`](io::ErrorKind::WouldBlock) where they would
            /// wait, for all handles. Holds for operations that begin later. Does not block.
            ///
            /// The system's mode is not touched: the descriptor is in non-blocking mode always.
            ///
            /// # Errors
            /// None; the `Result` is std's.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $example]
            /// socket.set_nonblocking(true)?;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                self.socket.shared().set_nonblocking(nonblocking);
                Ok(())
            }

            /// Takes the error that the system has noted for this socket (`SO_ERROR`), and clears
            /// it. Does not block.
            ///
            /// # Errors
            /// When the system refuses to tell.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $example]
            /// assert!(socket.take_error()?.is_none());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.socket.io().take_error()
            }
        }

        /// Prints what std's type prints.
        impl std::fmt::Debug for $ours {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.socket.fmt(f)
            }
        }

        impl std::os::fd::AsFd for $ours {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.socket.io().as_fd()
            }
        }
    };
}
pub(in crate::net) use handle_methods;

/// Time-outs; and what keeps them when std's type becomes ours and the other way round.
macro_rules! timeout_methods {
    ($ours:ident($stds:ty), $example:literal) => {
        impl $ours {
            pub(in crate::net) fn from_std(socket: $stds) -> io::Result<Self> {
                let (read, write) = (socket.read_timeout()?, socket.write_timeout()?);
                let socket = Self::nonblocking(socket)?;
                socket.set_read_timeout(read)?;
                socket.set_write_timeout(write)?;
                Ok(socket)
            }

            pub(in crate::net) fn into_std(self) -> io::Result<$stds> {
                let (read, write) = (self.read_timeout()?, self.write_timeout()?);
                let socket = self.socket.into_io();
                socket.set_read_timeout(read)?;
                socket.set_write_timeout(write)?;
                socket.set_nonblocking(false)?;
                Ok(socket)
            }

            /// Limits how long an operation that reads or receives waits: after `timeout` it fails
            /// with [`WouldBlock`](io::ErrorKind::WouldBlock), as with std on Unix. `None`, the
            /// initial state, is no limit. Holds for operations that begin to wait later. Does not
            /// block.
            ///
            /// # Errors
            /// `InvalidInput` for a time-out of zero.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = $example]
            /// socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            /// assert_eq!(socket.read_timeout()?, Some(Duration::from_secs(5)));
            /// assert!(socket.set_read_timeout(Some(Duration::ZERO)).is_err());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.socket.shared().set_timeout(Direction::Read, timeout)
            }

            /// Limits how long an operation that writes or sends waits: after `timeout` it fails
            /// with [`WouldBlock`](io::ErrorKind::WouldBlock), as with std on Unix. `None`, the
            /// initial state, is no limit. Holds for operations that begin to wait later. Does not
            /// block.
            ///
            /// # Errors
            /// `InvalidInput` for a time-out of zero.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = $example]
            /// socket.set_write_timeout(Some(Duration::from_secs(5)))?;
            /// assert_eq!(socket.write_timeout()?, Some(Duration::from_secs(5)));
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.socket.shared().set_timeout(Direction::Write, timeout)
            }

            /// How long an operation that reads or receives waits at most; see
            /// [`set_read_timeout`](Self::set_read_timeout). Does not block.
            ///
            /// # Errors
            /// None; the `Result` is std's.
            ///
            /// # Examples
            ///
            /// See [`set_read_timeout`](Self::set_read_timeout).
            pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.socket.shared().timeout(Direction::Read))
            }

            /// How long an operation that writes or sends waits at most; see
            /// [`set_write_timeout`](Self::set_write_timeout). Does not block.
            ///
            /// # Errors
            /// None; the `Result` is std's.
            ///
            /// # Examples
            ///
            /// See [`set_write_timeout`](Self::set_write_timeout).
            pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.socket.shared().timeout(Direction::Write))
            }
        }
    };
}
pub(in crate::net) use timeout_methods;

/// `Read` and `Write` of a stream, for the type and for references to it.
macro_rules! stream_io {
    ($ours:ident) => {
        /// Reading blocks the task, not the worker, until there is something, the peer has ended
        /// its side (`Ok(0)`), or the read time-out is over (`WouldBlock`).
        impl Read for &$ours {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.socket.read(buf.len(), |mut stream| stream.read(buf))
            }

            #[inline]
            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let len = bufs.iter().map(|buf| buf.len()).sum();
                self.socket
                    .read(len, |mut stream| stream.read_vectored(bufs))
            }
        }

        /// As for a reference.
        impl Read for $ours {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buf)
            }

            #[inline]
            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(bufs)
            }
        }

        /// Writing blocks the task, not the worker, until there is room for something, the
        /// connection has ended (`BrokenPipe`), or the write time-out is over (`WouldBlock`).
        /// Flushing does nothing.
        impl Write for &$ours {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.socket
                    .transfer(Direction::Write, buf.len(), |mut stream| stream.write(buf))
            }

            #[inline]
            fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                let len = bufs.iter().map(|buf| buf.len()).sum();
                self.socket.transfer(Direction::Write, len, |mut stream| {
                    stream.write_vectored(bufs)
                })
            }

            #[inline]
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        /// As for a reference.
        impl Write for $ours {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                (&*self).write(buf)
            }

            #[inline]
            fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                (&*self).write_vectored(bufs)
            }

            #[inline]
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}
pub(in crate::net) use stream_io;
