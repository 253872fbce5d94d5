//! What of a channel shares a cache line.
//!
//! Between two processors an operation takes as long as it takes to fetch the lines that the other one has
//! changed. So what every operation changes lies in one: the counts, the ends of both queues of waiters, the
//! ends of the buffer. The lock lies in the one before, with what hardly ever changes, since contenders
//! look at it while its holder works on the rest.

use std::mem::offset_of;

use crate::counter::{CACHE_LINE, OFFSET};
use crate::exchange::channel::Channel;
use crate::exchange::gate::{Gate, GateLock};
use crate::flavors::Ring;

type Bounded = Channel<Ring<u8>>;

const _: () = {
    let hot = OFFSET + offset_of!(Bounded, gate) + GateLock::GATE + offset_of!(Gate, stock);
    let end = OFFSET + offset_of!(Bounded, buffer) + Ring::<u8>::ENDS;
    assert!(hot.is_multiple_of(CACHE_LINE) && end <= hot + CACHE_LINE);
};
