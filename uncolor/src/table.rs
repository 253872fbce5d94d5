//! Who waits at which address.
//!
//! The same that the kernel has for futexes, for tasks: buckets, each a lock and a queue, found by the hash of
//! the address. Threads wait in the kernel as ever, so who wakes has to look at both.
//!
//! Protocol:
//! 1. Who waits counts itself, and leaves its stack. Then, in the park's commit, it locks the bucket, compares
//!    the word with what it expects, and queues, or goes on at once.
//! 2. Who wakes has changed the word before. It looks at the count; if nobody waits it goes to the kernel.
//!    Else it locks the bucket, settles the waits of the first ones, releases the lock, and readies them. If it
//!    has not found as many as it is to wake, it goes to the kernel for the rest.
//!
//! No wake-up is lost. Who queues has compared the word under the lock, so who changes it after that finds it
//! in the queue, if the waker looks. And it looks: between counting oneself and looking at the word there is a
//! fence, and between changing the word and looking at the count there is one, so not both miss each other:
//!
//! | who waits | who wakes |
//! | --- | --- |
//! | count += 1 | word = new |
//! | fence | fence |
//! | word == expected? | count == 0? |
//!
//! Who waits in the kernel counts itself, too, in the bucket ([`Table::block`]). A task that was woken may not come to
//! run: its worker's thread may be blocked, or be so before the task's turn, by a neighbour that waits for what only
//! a thread does that waits for the same lock. So a wake of one that finds a task wakes a thread as well, if one is
//! counted. That count is read after the waker's fence, and was written before a fence: who is not counted yet finds the
//! word changed.
//!
//! A wait whose time was up, and that was not settled by the waker for that reason, is not counted as woken: the
//! next one is. One that was settled says that it was woken, also if its time is up by then.
//!
//! Invariants: a bucket's lock is the last one that anybody takes, and its holder allocates nothing and calls
//! nothing. For wakes may come from whoever holds a lock: a migrating runtime wakes threads under that of a
//! timer wheel, under which the commit runs as well. (Hence not as other operations do it, which look under their
//! lock before they leave the stack.) A thread that is inside, holding a bucket's lock, comes in again only in a
//! signal handler, and is turned away there ([`Inside`]).

use std::ptr::NonNull;
use std::time::Instant;

use hueless_runtime::park::{Lock, Outcome, Wait};

use crate::loom::{AtomicUsize, Ordering, fence};
use crate::queue::{Node, Queue};

#[cfg(all(test, loom))]
mod loom_tests;

/// log₂ of the number of buckets. A million tasks at as many addresses then stand in queues of some hundred.
const BUCKET_BITS: u32 = if cfg!(loom) { 1 } else { 12 };

/// Of so many wakes of one task, on average, one lets a task run first that does not [take turns](Table::wait) anyway.
const TURNS: u32 = 16;

/// See the module.
pub(crate) struct Table {
    /// How many wait or are about to.
    waiting: AtomicUsize,
    buckets: [Bucket; 1 << BUCKET_BITS],
}

/// In a cache line of its own.
#[repr(align(64))]
struct Bucket {
    state: Lock<State>,
    /// How many wait in the kernel at an address of the bucket's, or are about to.
    in_kernel: AtomicUsize,
}

/// What a bucket's lock guards.
struct State {
    queue: Queue,
    /// Draws whose turn it is: see [`is_a_turn`](Self::is_a_turn).
    draw: u32,
    /// Whether the next one to be woken that can is to run before its waker.
    owes_run: bool,
}

impl State {
    const fn new() -> Self {
        Self {
            queue: Queue::new(),
            draw: 1,
            owes_run: false,
        }
    }

    /// Whether it is the turn of who is woken now, by Marsaglia's xorshift. By chance, not by counting: tasks that
    /// take a lock in the same order again and again would have every sixteenth wake fall to the same few.
    fn is_a_turn(&mut self) -> bool {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 17;
        self.draw ^= self.draw << 5;
        self.draw.is_multiple_of(TURNS)
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Woken,
    /// The word was another than expected.
    Changed,
    TimedOut,
}

/// What a wake has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wakes {
    /// How many it has woken, or the kernel's error.
    pub(crate) woken: isize,
    /// Whether it is the turn of the one that was woken to run before the caller, on whose thread it goes on.
    pub(crate) lets_run: bool,
}

impl Bucket {
    #[cfg(not(loom))]
    const fn new() -> Self {
        Self {
            state: Lock::new(State::new()),
            in_kernel: AtomicUsize::new(0),
        }
    }

    #[cfg(loom)]
    fn new() -> Self {
        Self {
            state: Lock::new(State::new()),
            in_kernel: AtomicUsize::new(0),
        }
    }
}

impl Table {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            buckets: [const { Bucket::new() }; 1 << BUCKET_BITS],
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            buckets: std::array::from_fn(|_| Bucket::new()),
        }
    }

    fn bucket(&self, address: usize) -> &Bucket {
        // Fibonacci hashing; words are four bytes apart at least.
        let hash = (address as u64 >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &self.buckets[(hash >> (64 - BUCKET_BITS)) as usize]
    }

    /// Waits at `address` until woken or until `deadline`, if the word there is as expected. One who
    /// `takes_turns` runs before whoever wakes it alone, if it goes on on the same thread.
    pub(crate) fn wait(
        &self,
        wait: Wait,
        address: usize,
        takes_turns: bool,
        is_as_expected: impl FnOnce() -> bool,
        deadline: Option<Instant>,
    ) -> Waited {
        // Relaxed: the fence orders it, and it is no more than a hint whether to look.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Against "the waker sees no count, and the waiter the old word"; its counterpart is in `wake`. Loom:
        // `nobody_sleeps_through_a_wake`.
        fence(Ordering::SeqCst);
        let node = Node::new(address, wait.ticket(), takes_turns);
        let waited = self.wait_counted(wait, &node, is_as_expected, deadline);
        // Relaxed: a waker that still sees it looks in vain.
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        waited
    }

    fn wait_counted(
        &self,
        wait: Wait,
        node: &Node,
        is_as_expected: impl FnOnce() -> bool,
        deadline: Option<Instant>,
    ) -> Waited {
        let bucket = &self.bucket(node.address()).state;
        let node = NonNull::from(node);
        let outcome = wait.park(deadline, move || {
            let _inside = Inside::enter();
            let mut state = bucket.lock();
            let waits = is_as_expected();
            if waits {
                // SAFETY: the node is new, and its frame stays until it has been claimed and readied, or is
                // removed below.
                unsafe { state.queue.push(node) };
            }
            waits
        });
        match outcome {
            Outcome::Settled(_) => return Waited::Woken,
            Outcome::Declined => return Waited::Changed,
            Outcome::Deadline | Outcome::Cancelled => {}
        }
        let _inside = Inside::enter();
        let mut state = bucket.lock();
        // SAFETY: if the node is linked, then in this queue.
        unsafe { state.queue.remove(node) };
        drop(state);
        Waited::TimedOut
    }

    /// Called before somebody waits at `address` in the kernel; who does so as long as what is returned lives.
    pub(crate) fn block(&self, address: usize) -> Blocking<'_> {
        let in_kernel = &self.bucket(address).in_kernel;
        // Relaxed: the fence orders it.
        in_kernel.fetch_add(1, Ordering::Relaxed);
        // Against "the waker sees nobody in the kernel, and the kernel the old word"; its counterpart is in `wake`.
        // Loom: `a_thread_is_woken_beside_a_task_that_cannot_go_on`.
        fence(Ordering::SeqCst);
        Blocking(in_kernel)
    }

    /// Wakes up to `most` who wait at `address`: those in the table, then by `kernel`, which is told how many
    /// are left and says how many it has woken.
    #[inline]
    pub(crate) fn wake(
        &self,
        address: usize,
        most: u32,
        kernel: impl FnOnce(u32) -> isize,
    ) -> Wakes {
        // See `wait`.
        fence(Ordering::SeqCst);
        // Relaxed: the fence orders it.
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return Wakes {
                woken: kernel(most),
                lets_run: false,
            };
        }
        self.wake_slow(address, most, kernel)
    }

    #[cold]
    fn wake_slow(&self, address: usize, most: u32, kernel: impl FnOnce(u32) -> isize) -> Wakes {
        let inside = Inside::enter();
        let bucket = self.bucket(address);
        let mut state = bucket.state.lock();
        let chain = state.queue.claim(address, most);
        let mut lets_run = false;
        if most == 1 && chain.len() == 1 {
            state.owes_run |= state.is_a_turn();
            // For one that goes on elsewhere the caller would yield in vain.
            lets_run = (state.owes_run || chain.takes_turns()) && chain.goes_on_here();
            state.owes_run &= !lets_run;
        }
        drop(state);
        drop(inside);
        let woken = chain.len();
        chain.ready();
        // Relaxed: the fence in `wake` orders it, against the one in `block`.
        let has_threads = bucket.in_kernel.load(Ordering::Relaxed) != 0;
        let left = (most - woken).max(has_threads.into());
        if left == 0 {
            return Wakes {
                woken: woken as isize,
                lets_run,
            };
        }
        let by_kernel = kernel(left);
        Wakes {
            woken: match by_kernel {
                error if error < 0 && woken == 0 => error,
                more => woken as isize + more.max(0),
            },
            lets_run,
        }
    }
}

/// See [`Table::block`].
pub(crate) struct Blocking<'a>(&'a AtomicUsize);

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        // Relaxed: a waker that still sees it wakes a thread in vain.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// This thread is in the table: from before it takes a bucket's lock until it has released it.
pub(crate) struct Inside(());

#[cfg(not(loom))]
mod inside {
    use super::Inside;
    use std::cell::Cell;

    thread_local! {
        static INSIDE: Cell<bool> = const { Cell::new(false) };
    }

    // Never inlined: a task's next call may be on another thread.
    impl Inside {
        #[inline(never)]
        pub(super) fn enter() -> Self {
            INSIDE.set(true);
            Self(())
        }

        /// Whether this thread is.
        #[inline(never)]
        pub(crate) fn is_inside() -> bool {
            INSIDE.get()
        }
    }

    impl Drop for Inside {
        #[inline(never)]
        fn drop(&mut self) {
            INSIDE.set(false);
        }
    }
}

/// Models have neither signals nor a scheduler that wakes threads.
#[cfg(loom)]
impl Inside {
    fn enter() -> Self {
        Self(())
    }
}
