//! Rendezvous channels: no buffer at all.
//!
//! Its gate has no room ever, so a message goes from a sender's frame to a receiver's, and each
//! waits for the other: see [`exchange`](crate::exchange).

use std::marker::PhantomData;

use crate::flavors::{Buffer, Memory};

/// A buffer of capacity zero.
pub(crate) struct Rendezvous<T>(PhantomData<T>);

impl<T> Buffer for Rendezvous<T> {
    type Message = T;

    const BOUNDED: bool = true;

    #[inline(always)]
    fn vacant() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    unsafe fn push(&mut self, _msg: T) -> Result<(), T> {
        unreachable!("there is no room in a rendezvous channel")
    }

    #[inline(always)]
    unsafe fn pop(&mut self, _unused: &mut Option<Memory>) -> T {
        unreachable!("there is no message in a rendezvous channel")
    }
}
