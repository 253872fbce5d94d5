//! A non-blocking descriptor whose operations wait by parking.
//!
//! Ownership: a [`Socket`] owns the descriptor (inside its `io`) and is the only one that registers
//! it. Operations borrow the socket, so nobody waits any more when it is dropped or taken apart;
//! its [`Handle`] then ends the registration before the descriptor is closed or given away.
//!
//! Invariant: the descriptor is in non-blocking mode, as long as nobody changes that behind our
//! back; then operations block the OS thread.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Instant;

use mio::Interest;

use crate::closed::closed;
use crate::readiness::{Attempt, Direction, Tick, Waited};
use crate::shared::Shared;
use crate::source::Source;
use crate::sys;

mod attempt;
mod bytes;

pub(crate) use bytes::Bytes;

/// A descriptor and its readiness.
pub(crate) struct Socket<T> {
    // Before `io`, to be dropped before it.
    handle: Handle,
    io: T,
    shared: Arc<Shared>,
}

/// The one user of a source that may end its registration; does so when dropped.
struct Handle(Arc<Source>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.deregister();
    }
}

/// Lets [`Socket`] types print as what they hold.
impl<T: fmt::Debug> fmt::Debug for Socket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl<T: AsFd> Socket<T> {
    /// Takes over `io`, which is in non-blocking mode and will be waited for by `interest`.
    pub(crate) fn new(io: T, interest: Interest) -> Self {
        Self::with_shared(io, interest, Arc::default())
    }

    /// Another handle of this socket, by a duplicate of its descriptor; or a descriptor that waits
    /// on the socket's behalf, with its settings and until its end.
    pub(crate) fn with_duplicate(&self, io: T, interest: Interest) -> Self {
        let added = Self::with_shared(io, interest, Arc::clone(&self.shared));
        self.shared.add_handle(&self.handle.0, &added.handle.0);
        added
    }

    fn with_shared(io: T, interest: Interest, shared: Arc<Shared>) -> Self {
        let source = Source::new(io.as_fd().as_raw_fd(), interest);
        Self {
            handle: Handle(source),
            io,
            shared,
        }
    }

    /// The std or mio object.
    #[inline]
    pub(crate) fn io(&self) -> &T {
        &self.io
    }

    /// Gives up the std or mio object, no longer watched.
    pub(crate) fn into_io(self) -> T {
        let Self { handle, io, .. } = self;
        drop(handle);
        io
    }

    /// What all handles of this socket have in common.
    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Makes `call` until it answers something other than that it would block, and waits for
    /// `direction` in between, up to the direction's time-out. When that is over, the answer is the
    /// last `WouldBlock` error.
    ///
    /// Unwinds if the task is cancelled.
    #[inline]
    pub(crate) fn run<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.repeat(
            direction,
            false,
            |io, _| call(io),
            || self.shared().deadline(direction),
        )
    }

    /// [`run`](Self::run) with a deadline of the caller's own.
    pub(crate) fn run_until<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
        deadline: Option<Instant>,
    ) -> io::Result<R> {
        self.repeat(direction, false, |io, _| call(io), || deadline)
    }

    /// [`run`](Self::run) for calls that transfer up to `len` bytes of a stream and answer how
    /// many: if there were fewer, the next such call is spared where it would block, which the
    /// [type](Bytes) says. With a `len` of 0 no call is spared, now or next.
    #[inline]
    pub(crate) fn transfer(
        &self,
        direction: Direction,
        len: usize,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize>
    where
        T: Bytes,
    {
        self.repeat(
            direction,
            len > 0,
            self.noting(direction, len, call),
            || self.shared().deadline(direction),
        )
    }

    /// `call`, which transfers up to `len` bytes, and a note if there were fewer and that says
    /// something.
    #[inline]
    fn noting(
        &self,
        direction: Direction,
        len: usize,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> impl FnMut(&T, Tick) -> io::Result<usize>
    where
        T: Bytes,
    {
        move |io, seen| {
            let done = call(io)?;
            if T::SHORT_EXHAUSTS && 0 < done && done < len {
                self.handle.0.note_exhausted(direction, seen);
            }
            Ok(done)
        }
    }

    /// The loop of every operation, which lets others run first if the task's time is up, for it
    /// might never have to wait. If `may_spare`, a call that is known to block is not made.
    /// `call` gets the tick that was read before it; `deadline` is asked once, when the first wait
    /// comes.
    #[inline]
    fn repeat<R>(
        &self,
        direction: Direction,
        may_spare: bool,
        mut call: impl FnMut(&T, Tick) -> io::Result<R>,
        deadline: impl Fn() -> Option<Instant>,
    ) -> io::Result<R> {
        hueless_runtime::checkpoint();
        let mut until = None;
        // Whether this is the last call: after a time-out it may still find what came too late to
        // be told of.
        let mut last = self.shared().is_nonblocking();
        loop {
            match self.turn(direction, may_spare && !last, &mut call)? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Blocked(_) if last => {
                    return Err(io::Error::from_raw_os_error(libc::EAGAIN));
                }
                Attempt::Blocked(expected) => {
                    let until = *until.get_or_insert_with(&deadline);
                    self.ensure_told()?;
                    match expected.wait(until) {
                        Waited::Retry => {}
                        Waited::TimedOut => last = true,
                    }
                }
            }
        }
    }

    /// One turn of every operation: makes `call` until a signal does not interrupt it, or spares it
    /// if it `may_spare` a call that is known to block. `call` gets the tick that was read before it.
    #[inline]
    fn turn<R>(
        &self,
        direction: Direction,
        may_spare: bool,
        mut call: impl FnMut(&T, Tick) -> io::Result<R>,
    ) -> io::Result<Attempt<'_, R>> {
        loop {
            // First the tick, then the mark: `close` does it the other way round, so whoever
            // misses the mark is woken.
            let expected = self.expect_more(direction);
            let seen = expected.seen();
            if self.shared().is_closed() {
                return Err(closed());
            }
            if may_spare && self.handle.0.is_exhausted(direction, seen) {
                return Ok(Attempt::Blocked(expected));
            }
            match call(&self.io, seen) {
                Ok(answer) => return Ok(Attempt::Done(answer)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(Attempt::Blocked(expected)),
                    io::ErrorKind::Interrupted => {}
                    _ if self.shared().is_closed() => return Err(closed()),
                    _ => return Err(error),
                },
            }
        }
    }

    /// [`transfer`](Self::transfer) of what is read, where 0 says that the stream has ended: after
    /// a `close`, that end is none of the peer's.
    #[inline]
    pub(crate) fn read(
        &self,
        len: usize,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize>
    where
        T: Bytes,
    {
        match self.transfer(Direction::Read, len, call)? {
            0 if self.shared().is_closed() => Err(closed()),
            read => Ok(read),
        }
    }

    /// [`run`](Self::run) of a call that receives one datagram and answers its length and its
    /// sender. An empty one is what a `close` makes of the call on some sockets.
    ///
    /// What a datagram leaves room for says nothing about the next: no call is spared.
    #[inline]
    pub(crate) fn receive<A>(
        &self,
        call: impl FnMut(&T) -> io::Result<(usize, A)>,
    ) -> io::Result<(usize, A)> {
        match self.run(Direction::Read, call)? {
            (0, _) if self.shared().is_closed() => Err(closed()),
            received => Ok(received),
        }
    }

    /// Closes the socket for all its handles: operations that wait, and all later ones, answer with
    /// the error of [`closed`].
    pub(crate) fn close(&self) {
        self.shared().close();
        // For the peer, and for those who use the socket by a descriptor that is none of ours. It
        // fails for a socket that has no peer, on some systems.
        let _ = sys::shutdown(self.io.as_fd());
        // After the mark: see `repeat`.
        self.handle.0.wake_all();
        self.shared().wake_handles();
    }
}
