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
use crate::flavors::{Blocks, Ring};

type Bounded = Channel<Ring<u8>>;
type Unbounded = Channel<Blocks<u8>>;

/// Whether all of it lies in the line that begins with the counts: `gate` and `buffer` are where they begin
/// in the channel, `ends` is how much of the buffer it takes in.
const fn is_in_one_line(gate: usize, buffer: usize, ends: usize) -> bool {
    let begin = OFFSET + gate + GateLock::GATE + offset_of!(Gate, stock);
    begin.is_multiple_of(CACHE_LINE) && OFFSET + buffer + ends <= begin + CACHE_LINE
}

const _: () = assert!(is_in_one_line(
    offset_of!(Bounded, gate),
    offset_of!(Bounded, buffer),
    Ring::<u8>::ENDS,
));
const _: () = assert!(is_in_one_line(
    offset_of!(Unbounded, gate),
    offset_of!(Unbounded, buffer),
    Blocks::<u8>::ENDS,
));
