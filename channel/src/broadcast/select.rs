//! Receiving as a case of a `select!`.

use std::time::Duration;

use crate::broadcast::ring::Found;
use crate::broadcast::{Receiver, RecvError, RecvTimeoutError, TryRecvError};
use crate::exchange::{After, Gate, Packet, Receive, Received};
use crate::select::internal::{RecvCase, Source, Supplier};

/// What a case has received, before it is cloned.
#[doc(hidden)]
pub struct Taken<T>(Found<T>);

impl<T: Clone> Receiver<T> {
    /// A case of a select that receives from here. For the macro.
    #[doc(hidden)]
    #[inline]
    pub fn receive_in_select(&self) -> RecvCase<'_, Self> {
        RecvCase::new(self)
    }
}

impl<T> Receive for Receiver<T> {
    unsafe fn may_receive(&self, gate: &Gate) -> bool {
        // SAFETY: by this function's contract, and the reference ends here.
        let synced = unsafe { self.channel.look(gate) };
        synced.has_something(&self.cursor)
    }

    unsafe fn receive(&self, gate: &mut Gate, slot: *mut (), _: &mut After) -> Received {
        // SAFETY: by this function's contract.
        unsafe {
            match self.channel.synced(gate).take(&self.cursor) {
                Some(found) => Packet::of(slot).deliver(Taken(found)),
                None => return Received::Empty,
            }
        }
        Received::Settled
    }
}

impl<T: Clone> Source for Receiver<T> {
    type Message = Taken<T>;
    type Output = Result<T, RecvError>;

    fn supplier(&self) -> Supplier<'_> {
        Supplier::source(self.channel.gate(), self)
    }

    fn output(&self, received: Option<Taken<T>>) -> Result<T, RecvError> {
        match received {
            Some(Taken(found)) => self.finish(found),
            None => Err(RecvError::Disconnected),
        }
    }

    fn receive(&self) -> Result<T, RecvError> {
        self.recv()
    }

    fn receive_now(&self) -> Option<Result<T, RecvError>> {
        match self.try_recv() {
            Ok(msg) => Some(Ok(msg)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
            Err(TryRecvError::Disconnected) => Some(Err(RecvError::Disconnected)),
            Err(TryRecvError::Empty) => None,
        }
    }

    fn receive_within(&self, timeout: Duration) -> Option<Result<T, RecvError>> {
        match self.recv_timeout(timeout) {
            Ok(msg) => Some(Ok(msg)),
            Err(RecvTimeoutError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
            Err(RecvTimeoutError::Disconnected) => Some(Err(RecvError::Disconnected)),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }
}
