//! Tasks that talk to each other are left together.
//!
//! In a migrating runtime ready tasks may be stolen. Most of the time a queue of them is no load: of
//! tasks that hand each other messages one or two are always ready, each for a moment, and a thief that
//! took one would put the group on two processors, where each message costs ten times as much. So
//! what counts is not that somebody is queued but how fast the queue is served:
//!
//! A worker's tasks are *chatting* if they run for [`CHAT`] at a time or less, on the average, and the
//! worker comes round its queue within [`ROUND`]. Thieves leave those alone.
//!
//! States of a worker's [`Temper`]:
//!
//! | state | meaning | set by |
//! | --- | --- | --- |
//! | `Unknown` | a thief has to watch first | the monitor, a tick after it was anything else |
//! | `Busy` | a thief has seen that its tasks wait, and takes some | a thief, for the moment |
//! | `Chatting` | there is nothing to steal | a thief; kept up by the monitor as long as it is so |
//! | `Probed` | the same, but one task may be taken | the monitor, now and then |
//!
//! A probe finds out whether the tasks belong together. Of a group one comes back at once: whoever
//! wakes a task has it run on his own worker. Of several groups one is taken away for good.
//!
//! All of this is advice: nothing depends on it but time. A worker that stops chatting is seen by the
//! monitor at its next look, within a millisecond.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::scheduler::remote::Remote;
use crate::scheduler::shared::Shared;

/// Tasks that chat run for so long at a time, or less.
const CHAT: Duration = Duration::from_micros(4);
/// Within so much time each of them has its turn.
const ROUND: Duration = Duration::from_micros(100);
/// So many looks of the monitor after a probe there is another.
const PROBE_PERIOD: u32 = 16;

/// What is known of a worker's tasks; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Temper {
    Unknown,
    Busy,
    Chatting,
    Probed,
}

/// A worker's [`Temper`], for all to see.
pub(super) struct SharedTemper(AtomicU8);

impl SharedTemper {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(Temper::Unknown as u8))
    }

    #[inline]
    pub(super) fn get(&self) -> Temper {
        // Relaxed: advice.
        match self.0.load(Ordering::Relaxed) {
            0 => Temper::Unknown,
            1 => Temper::Busy,
            2 => Temper::Chatting,
            _ => Temper::Probed,
        }
    }

    /// A thief has taken what it had come for. What is left may be another matter.
    pub(super) fn has_been_stolen_from(&self) {
        self.set(match self.get() {
            Temper::Probed => Temper::Chatting,
            _ => Temper::Unknown,
        });
    }

    fn set(&self, temper: Temper) {
        // Relaxed: advice. Written only when it changes: its worker reads it often.
        if self.get() != temper {
            self.0.store(temper as u8, Ordering::Relaxed);
        }
    }
}

/// One worker, watched for a while.
#[derive(Clone, Copy)]
struct Watched {
    switches: u64,
    /// Looks since the last probe, for the monitor.
    looks: u32,
}

/// All workers, watched since a certain time.
pub(super) struct Watch {
    since: Instant,
    workers: Vec<Watched>,
}

impl Watch {
    pub(super) fn new(seats: usize) -> Self {
        let watched = Watched {
            switches: 0,
            looks: 0,
        };
        Self {
            since: Instant::now(),
            workers: vec![watched; seats],
        }
    }

    /// Begins to watch.
    pub(super) fn begin(&mut self, shared: &Shared, now: Instant) {
        self.since = now;
        for (watched, remote) in self.workers.iter_mut().zip(shared.taken()) {
            watched.switches = switches(remote);
        }
    }

    /// A thief's judgement of the workers it has watched until `now`: whether there is anything to
    /// steal.
    pub(super) fn judge(&self, shared: &Shared, thief: usize, now: Instant) -> bool {
        let mut any = false;
        for (index, remote) in shared.taken().iter().enumerate() {
            let queued = shared.movable_stealers[index].len();
            if index == thief || remote.temper.get() == Temper::Probed {
                any |= index != thief && queued != 0;
                continue;
            }
            let chats = self.chats(index, remote, queued, now);
            any |= !chats && queued != 0;
            remote.temper.set(match (chats, queued) {
                (true, _) => Temper::Chatting,
                (false, 0) => Temper::Unknown,
                (false, _) => Temper::Busy,
            });
        }
        any
    }

    /// A look of the monitor's: forgets what may not be so any more, and watches on.
    pub(super) fn look(&mut self, shared: &Shared, now: Instant) {
        for (index, remote) in shared.taken().iter().enumerate() {
            let temper = remote.temper.get();
            let queued = shared.movable_stealers[index].len();
            let chats = temper == Temper::Chatting && self.chats(index, remote, queued, now);
            let looks = &mut self.workers[index].looks;
            *looks = if chats { *looks + 1 } else { 0 };
            if *looks == PROBE_PERIOD {
                *looks = 0;
                remote.temper.set(Temper::Probed);
            } else if !chats {
                remote.temper.set(Temper::Unknown);
            }
        }
        self.begin(shared, now);
    }

    /// Whether the tasks of a worker, of which so many are queued, have been chatting.
    fn chats(&self, index: usize, remote: &Remote, queued: usize, now: Instant) -> bool {
        let ran = switches(remote) - self.workers[index].switches;
        let Ok(ran) = u32::try_from(ran) else {
            return true;
        };
        let each = (now - self.since).checked_div(ran).unwrap_or(Duration::MAX);
        each <= CHAT && each.saturating_mul(queued as u32) <= ROUND
    }
}

fn switches(remote: &Remote) -> u64 {
    // Relaxed: a figure.
    remote.switches.load(Ordering::Relaxed)
}
