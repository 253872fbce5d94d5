//! Sockets with [`std::net`]'s names and methods that park the task instead of its OS thread.
//!
//! `use hueless::net` instead of `use std::net` is the port: every crate that is generic over
//! [`Read`](std::io::Read) and [`Write`](std::io::Write) works on these types unchanged.
//!
//! ```
//! use hueless::{go, net::{TcpListener, TcpStream}};
//! use std::io::{Read, Write};
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let addr = listener.local_addr()?;
//! let server = go!(move || {
//!     let (mut stream, _) = listener.accept()?;
//!     stream.write_all(b"hello")
//! });
//! let mut text = String::new();
//! TcpStream::connect(addr)?.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! server.join().unwrap()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Likewise `use hueless::net::unix` instead of `use std::os::unix::net`:
//!
//! ```
//! use hueless::{go, net::unix::UnixDatagram};
//!
//! let (ours, theirs) = UnixDatagram::pair()?;
//! let echo = go!(move || {
//!     let mut buf = [0; 64];
//!     let len = theirs.recv(&mut buf)?;
//!     theirs.send(&buf[..len])
//! });
//! ours.send(b"hello")?;
//! assert_eq!(ours.recv(&mut [0; 64])?, 5);
//! echo.join().unwrap()?;
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(inline)]
pub use hueless_netpoll::net::*;
