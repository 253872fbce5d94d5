//! The part of a channel that does not depend on the type of its messages.
//!
//! Owner: whoever holds the lock around it. The select engine works on gates alone, so it is
//! compiled once and not for every message type.

use std::ops::Deref;
#[cfg(not(loom))]
use std::ptr;
use std::ptr::NonNull;

#[cfg(not(loom))]
use hueless_runtime::park::seeded_number;
use hueless_runtime::park::{Claimed, ClaimedList, Lock, WaitQueue, Waiter};

use crate::exchange::stock::{Glance, Hold, Stock};
use crate::flavors::Memory;
#[cfg(not(loom))]
use crate::loom::{AtomicU64, Ordering};

/// A gate behind its lock.
pub(crate) struct GateLock {
    lock: Lock<Gate>,
    /// Models have to be the same in each execution, which addresses are not.
    #[cfg(loom)]
    number: usize,
}

impl GateLock {
    /// Where the gate begins.
    #[cfg(not(loom))]
    pub(super) const GATE: usize = Lock::<Gate>::VALUE;

    /// The gate of an open, empty channel with `room` slots.
    pub(crate) fn new(room: usize) -> Self {
        #[cfg(loom)]
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        Self {
            lock: Lock::new(Gate::new(room)),
            #[cfg(loom)]
            number: NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// Looks at the counts without the lock.
    #[inline]
    pub(super) fn glance(&self) -> Glance<'_> {
        // SAFETY: the lock owns its value. No reference to the gate is made, and one to the counts' atomics
        // may exist beside the holder's, see `Stock`.
        unsafe { Stock::glance(&raw const (*self.lock.as_ptr()).stock) }
    }

    /// The place of this lock in the order in which locks are taken by whoever takes several.
    #[inline]
    pub(crate) fn rank(&self) -> usize {
        #[cfg(loom)]
        return self.number;
        #[cfg(not(loom))]
        ptr::from_ref(self).addr()
    }
}

impl Deref for GateLock {
    type Target = Lock<Gate>;

    #[inline(always)]
    fn deref(&self) -> &Lock<Gate> {
        &self.lock
    }
}

/// What a channel's lock guards, besides the buffer.
// In this order: what every operation looks at comes last, beside the ends of the buffer, see `layout`.
#[repr(C)]
pub(crate) struct Gate {
    /// Those who want to know when a send becomes possible, but do not wait for a peer.
    send_watchers: WaitQueue,
    /// The same for a receive. Apart, so that those who begin to wait do not wake all who watch for
    /// the same as they.
    receive_watchers: WaitQueue,
    /// State of the generator that selects choose by; zero until first used.
    random: u64,
    /// The last sender is gone, or the channel is closed: no message comes any more.
    pub(crate) senders_gone: bool,
    /// The last receiver is gone, or the channel is closed: no message can be sent any more.
    pub(crate) receivers_gone: bool,
    /// How many messages and free slots there are.
    pub(crate) stock: Stock,
    /// Senders that wait for a slot or a receiver.
    pub(crate) senders: WaitQueue,
    /// Receivers that wait for a message.
    pub(crate) receivers: WaitQueue,
}

/// What somebody watches for: that such an operation becomes possible.
#[derive(Clone, Copy)]
pub(crate) enum Chance {
    Send,
    Receive,
}

impl Chance {
    /// What becomes possible when somebody waits for this.
    #[inline]
    pub(crate) fn of_a_peer(self) -> Self {
        match self {
            Self::Send => Self::Receive,
            Self::Receive => Self::Send,
        }
    }
}

impl Gate {
    fn new(room: usize) -> Self {
        Self {
            senders: WaitQueue::new(),
            receivers: WaitQueue::new(),
            send_watchers: WaitQueue::new(),
            receive_watchers: WaitQueue::new(),
            stock: Stock::new(room),
            senders_gone: false,
            receivers_gone: false,
            random: 0,
        }
    }

    /// Whether a send may be possible: a waiter may turn out to be settled elsewhere.
    #[inline]
    pub(crate) fn may_send(&self) -> bool {
        self.stock.room() != 0 || !self.receivers.is_empty() || self.receivers_gone
    }

    /// Whether a receive may be possible: a waiter may turn out to be settled elsewhere.
    #[inline]
    pub(crate) fn may_receive(&self) -> bool {
        self.stock.len() != 0 || !self.senders.is_empty() || self.senders_gone
    }

    fn watchers(&mut self, chance: Chance) -> &mut WaitQueue {
        match chance {
            Chance::Send => &mut self.send_watchers,
            Chance::Receive => &mut self.receive_watchers,
        }
    }

    /// Links somebody who watches for a chance.
    ///
    /// # Safety
    /// As for [`WaitQueue::push`].
    pub(crate) unsafe fn watch(&mut self, chance: Chance, waiter: NonNull<Waiter>) {
        // SAFETY: by this function's contract.
        unsafe { self.watchers(chance).push(waiter) };
        self.stock.hold(Hold::Watched);
    }

    /// Unlinks somebody who watches, if it is linked.
    ///
    /// # Safety
    /// As for [`WaitQueue::remove`], with the queue of `watch` for this chance.
    pub(crate) unsafe fn unwatch(&mut self, chance: Chance, waiter: NonNull<Waiter>) {
        // SAFETY: by this function's contract.
        unsafe { self.watchers(chance).remove(waiter) };
        self.release_if_unwatched();
    }

    /// Whether anybody watches.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.stock.is_held(Hold::Watched)
    }

    /// Has those who watch for it told that there is a chance: a message or a slot has come, or somebody
    /// begins to wait. Needless on fast paths, which are not taken when somebody watches.
    #[inline]
    pub(crate) fn changed(&mut self, chance: Chance, watchers: &mut ClaimedList) {
        if self.is_watched() {
            self.tell_watchers(chance, watchers);
        }
    }

    /// Has all who watch told: a side has ended.
    pub(super) fn ended(&mut self, watchers: &mut ClaimedList) {
        self.changed(Chance::Send, watchers);
        self.changed(Chance::Receive, watchers);
    }

    #[cold]
    fn tell_watchers(&mut self, chance: Chance, watchers: &mut ClaimedList) {
        self.watchers(chance).pop_all(watchers);
        self.release_if_unwatched();
    }

    fn release_if_unwatched(&mut self) {
        if self.send_watchers.is_empty() && self.receive_watchers.is_empty() {
            self.stock.release(Hold::Watched);
        }
    }

    /// A random number below `bound`, good enough to choose fairly.
    ///
    /// It is drawn from a state in the gate, which is locked anyway: a thread-local would cost
    /// more, and must not be held on to by tasks.
    pub(crate) fn random_below(&mut self, bound: u32) -> u32 {
        if self.random == 0 {
            // Any odd number will do, but not the same one for each channel that comes to lie where
            // one was before. A model has to draw the same numbers in each execution.
            #[cfg(loom)]
            let seed = 1u64;
            #[cfg(not(loom))]
            let seed = some_number();
            self.random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        }
        // Marsaglia's xorshift64: never comes to zero.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // Multiplying a number below 2^32 with the bound puts the result's upper half below it.
        (((self.random >> 32) * u64::from(bound)) >> 32) as u32
    }
}

/// A number that differs from call to call, and is spread evenly: drawn from the runtime's seed, if it
/// has one.
#[cfg(not(loom))]
pub(crate) fn some_number() -> u64 {
    if let Some(number) = seeded_number() {
        return number;
    }
    /// Steele, Lea and Flood's SplitMix64: a counter, and a mixing of its bits.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    // Relaxed: any order of the numbers will do.
    let mut mixed = COUNTER.fetch_add(STEP, Ordering::Relaxed);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// What an operation owes once it has released the lock; dropping it pays.
#[derive(Default)]
pub(crate) struct After {
    /// Those who watched for what the operation has done. The first to be readied: the others may be
    /// futures, whose wakers are the program's code.
    pub(crate) watchers: ClaimedList,
    /// A sender whose wait is over.
    pub(crate) sender: Option<Claimed>,
    /// A receiver whose wait is over.
    pub(crate) receiver: Option<Claimed>,
    /// Memory that the channel has no use for.
    pub(crate) memory: Option<Memory>,
}

impl After {
    /// Whether nothing is owed.
    pub(super) fn is_empty(&self) -> bool {
        self.sender.is_none()
            && self.receiver.is_none()
            && self.memory.is_none()
            && self.watchers.is_empty()
    }
}
