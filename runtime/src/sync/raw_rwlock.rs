//! Several readers or one writer.
//!
//! Writers exclude each other by a [`RawMutex`] first. The word then settles it between one writer and the
//! readers:
//!
//! | bits | meaning | changed by |
//! | --- | --- | --- |
//! | `WRITER` | a writer holds the lock, or waits for the readers to leave | the holder of the writers' mutex |
//! | `QUEUED` | readers wait for the writer | holders of the queues' lock |
//! | the rest | how many readers hold the lock, in units of `READER` | readers; a writer that lets them in |
//!
//! Protocol:
//! 1. A reader counts itself. If there is a `WRITER`, it takes that back and queues.
//! 2. A writer takes the writers' mutex, sets `WRITER`, and waits until the readers have left: new ones do
//!    not get in. The last of them wakes it.
//! 3. A writer that unlocks counts all readers that wait, for they hold the lock from then on, clears
//!    `WRITER` in the same step, and frees the writers' mutex.
//!
//! So whoever waits has its turn: a writer after the readers of the moment, and readers after one writer.
//!
//! Invariants:
//! - Readers are in the queue only while `WRITER` is set, which is cleared under the queues' lock if
//!   `QUEUED` is set.
//! - While `WRITER` is set the count may be too high for a moment, by readers that are about to queue. Who
//!   takes the count to zero wakes the writer, whoever it is.
//!
//! The loom models are in `sync/loom_tests/rwlock.rs`.

use std::ptr;

use crate::loom::{AtomicUsize, Ordering};
use crate::park::{ClaimedList, Lock, Pace, Wait, WaitQueue, look_out};
use crate::sync::entry::{Ended, Place, Withdrawn, wait_in};
use crate::sync::limit::{Expired, Limit};
use crate::sync::raw_mutex::RawMutex;

const WRITER: usize = 1;
const QUEUED: usize = 2;
const READER: usize = 4;

/// See the module.
pub(super) struct RawRwLock {
    writers: RawMutex,
    state: AtomicUsize,
    queues: Lock<Queues>,
}

struct Queues {
    readers: WaitQueue,
    /// The writer that waits for the readers to leave.
    writer: WaitQueue,
}

/// A writer that waits for the readers to leave. Dropped, it gives up.
struct Pending<'a>(&'a RawRwLock);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        // SAFETY: this writer has the writers' mutex and has set `WRITER`.
        unsafe { self.0.unlock_write() };
    }
}

impl RawRwLock {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self {
            writers: RawMutex::new(),
            state: AtomicUsize::new(0),
            queues: Lock::new(Queues {
                readers: WaitQueue::new(),
                writer: WaitQueue::new(),
            }),
        }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self {
            writers: RawMutex::new(),
            state: AtomicUsize::new(0),
            queues: Lock::new(Queues {
                readers: WaitQueue::new(),
                writer: WaitQueue::new(),
            }),
        }
    }

    /// Whether anybody holds the lock.
    pub(super) fn is_locked(&self) -> bool {
        // Relaxed: advice.
        self.state.load(Ordering::Relaxed) != 0
    }

    /// Counts a reader if there is no writer; else does what `instead` says to the word.
    fn count_or(&self, instead: impl Fn(usize) -> Option<usize>) -> bool {
        // Relaxed: the exchange decides.
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let counts = state & WRITER == 0;
            let next = match counts {
                true => state + READER,
                false => match instead(state) {
                    Some(next) => next,
                    None => return false,
                },
            };
            // Acquire pairs with the Release in `unlock_write`.
            let exchanged =
                self.state
                    .compare_exchange_weak(state, next, Ordering::Acquire, Ordering::Relaxed);
            match exchanged {
                Ok(_) => return counts,
                Err(now) => state = now,
            }
        }
    }

    /// Locks for reading if there is no writer.
    #[inline]
    pub(super) fn try_read(&self) -> bool {
        self.count_or(|_| None)
    }

    /// Locks for reading, waiting for it.
    #[inline]
    pub(super) fn read(&self, limit: Limit) -> Result<(), Expired> {
        // Acquire pairs with the Release in `unlock_write`.
        if self.state.fetch_add(READER, Ordering::Acquire) & WRITER == 0 {
            return Ok(());
        }
        // SAFETY: it was counted just now.
        unsafe { self.unlock_read() };
        self.read_slow(limit)
    }

    #[cold]
    #[inline(never)]
    fn read_slow(&self, limit: Limit) -> Result<(), Expired> {
        if look_out(Pace::Close, || self.try_read()) {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        let wait = Wait::begin();
        let queues = self.queues.lock();
        if self.count_or(|state| Some(state | QUEUED)) {
            return Ok(());
        }
        match wait_in(
            queues,
            |queues| &mut queues.readers,
            Place::Back,
            ptr::null_mut(),
            wait,
            deadline,
            || (),
        ) {
            Ended::Settled => Ok(()),
            Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                if state.readers.is_empty() {
                    // Relaxed: the bit is the lock's, which is held.
                    self.state.fetch_and(!QUEUED, Ordering::Relaxed);
                }
                drop(state);
                Err(cause.leave())
            }
        }
    }

    /// Ends reading.
    ///
    /// # Safety
    /// The caller is counted as a reader.
    #[inline]
    pub(super) unsafe fn unlock_read(&self) {
        // Release pairs with the Acquires in `write`: the writer comes after all readers.
        let before = self.state.fetch_sub(READER, Ordering::Release);
        if before & !QUEUED == READER | WRITER {
            self.readers_left();
        }
    }

    /// Wakes the writer that waits for the readers to leave, if there is one and they have.
    #[cold]
    #[inline(never)]
    fn readers_left(&self) {
        let mut queues = self.queues.lock();
        let mut writer = None;
        // Relaxed: the writer itself acquires. If others are counted again meanwhile, who takes the
        // count to zero comes here after this.
        if self.state.load(Ordering::Relaxed) < READER {
            writer = queues.writer.pop();
        }
        drop(queues);
        drop(writer);
    }

    /// Locks for writing if nobody holds the lock.
    #[inline]
    pub(super) fn try_write(&self) -> bool {
        if self.is_locked() || !self.writers.try_lock() {
            return false;
        }
        // Acquire pairs with the Releases in `unlock_read` and, by the mutex, with the last writer's.
        let exchanged =
            (self.state).compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed);
        if exchanged.is_err() {
            // SAFETY: locked above.
            unsafe { self.writers.unlock() };
        }
        exchanged.is_ok()
    }

    /// Locks for writing, waiting for it.
    #[inline]
    pub(super) fn write(&self, limit: Limit) -> Result<(), Expired> {
        match limit {
            Limit::Never => {
                self.writers.lock();
                self.exclude_readers(limit)
            }
            _ => self.write_within(limit),
        }
    }

    fn write_within(&self, limit: Limit) -> Result<(), Expired> {
        if self.try_write() {
            return Ok(());
        }
        // Once for both waits.
        let limit = match limit.deadline()? {
            Some(deadline) => Limit::At(deadline),
            None => Limit::Never,
        };
        self.writers.lock_within(limit)?;
        self.exclude_readers(limit)
    }

    /// Keeps readers out, and waits for those who are in. The caller has the writers' mutex, which is free
    /// again if that fails.
    #[inline]
    fn exclude_readers(&self, limit: Limit) -> Result<(), Expired> {
        // Acquire pairs with the Release in `unlock_read`.
        match self.state.fetch_or(WRITER, Ordering::Acquire) < READER {
            true => Ok(()),
            false => self.wait_for_readers(limit),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait_for_readers(&self, limit: Limit) -> Result<(), Expired> {
        let pending = Pending(self);
        // Acquire pairs with the Release in `unlock_read`.
        let have_left = || self.state.load(Ordering::Acquire) < READER;
        let wait = |deadline| {
            // Unwinds if the task is cancelled, and gives up by that.
            let wait = Wait::begin();
            let queues = self.queues.lock();
            if have_left() {
                return Ok(());
            }
            match wait_in(
                queues,
                |queues| &mut queues.writer,
                Place::Back,
                ptr::null_mut(),
                wait,
                deadline,
                || (),
            ) {
                // Whoever woke this writer saw only the last reader leave.
                Ended::Settled => {
                    // Acquire, as above.
                    let _ = self.state.load(Ordering::Acquire);
                    Ok(())
                }
                Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                    drop(state);
                    Err(cause.leave())
                }
            }
        };
        if !look_out(Pace::Close, have_left) {
            wait(limit.deadline()?)?;
        }
        std::mem::forget(pending);
        Ok(())
    }

    /// Ends writing: the readers that wait have their turn.
    ///
    /// # Safety
    /// The caller has the writers' mutex and has set `WRITER`.
    #[inline]
    pub(super) unsafe fn unlock_write(&self) {
        // Release pairs with the Acquires of readers and writers.
        let exchanged =
            (self.state).compare_exchange(WRITER, 0, Ordering::Release, Ordering::Relaxed);
        if exchanged.is_err() {
            self.let_readers_in(0);
        }
        // SAFETY: by this function's contract.
        unsafe { self.writers.unlock() };
    }

    /// Ends writing, and goes on as a reader.
    ///
    /// # Safety
    /// The caller has locked for writing.
    pub(super) unsafe fn downgrade(&self) {
        self.let_readers_in(READER);
        // SAFETY: by this function's contract.
        unsafe { self.writers.unlock() };
    }

    /// Clears `WRITER`, and counts all readers that wait and `more`.
    #[cold]
    #[inline(never)]
    fn let_readers_in(&self, more: usize) {
        let mut waiting = ClaimedList::default();
        let mut queues = self.queues.lock();
        let readers = queues.readers.pop_all(&mut waiting);
        // Relaxed: a bit of the lock, which is held.
        let queued = self.state.load(Ordering::Relaxed) & QUEUED;
        let change = (readers * READER + more).wrapping_sub(WRITER + queued);
        // Release pairs with the Acquires of readers and writers.
        self.state.fetch_add(change, Ordering::Release);
        drop(queues);
        drop(waiting);
    }
}
