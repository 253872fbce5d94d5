//! Moving bytes between streams by tasks, a pipe in memory, and the standard input.
//!
//! What implements [`Read`](std::io::Read) and [`Write`](std::io::Write) here works with all of
//! [`std::io`]; these are for where the std function would block, or keep a buffer on the task's
//! stack.
//!
//! ```
//! use hueless::{go, io, net::{TcpListener, TcpStream}};
//! use std::io::Write;
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let addr = listener.local_addr()?;
//! let sender = go!(move || TcpStream::connect(addr)?.write_all(b"hello"));
//! let mut text = Vec::new();
//! let (mut stream, _) = listener.accept()?;
//! assert_eq!(io::copy(&mut stream, &mut text)?, 5);
//! sender.join().unwrap()?;
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(inline)]
pub use hueless_netpoll::io::*;
#[doc(inline)]
pub use hueless_netpoll::stdin::{Stdin, StdinLock, stdin};
