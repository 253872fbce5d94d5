//! The stages of very many tasks that wait at once, each a type, so that no program forgets one:
//! [`Gathering`] until all have begun, [`Settling`] until all surely wait, [`Waking`] until all have
//! ended.

use std::time::{Duration, Instant};

use crate::{Figures, Memory};

/// How long tasks may need from the line before they wait until they do.
const SETTLE: Duration = Duration::from_millis(50);

/// So many tasks.
///
/// ```
/// use hueless_measure::Crowd;
///
/// let gathering = Crowd(1).gather();
/// let (tell, told) = std::sync::mpsc::channel::<()>();
/// let task = std::thread::spawn(move || told.recv());
/// let settling = gathering.gathered();
/// std::thread::sleep(settling.time());
/// let waking = settling.settled();
/// drop(tell);
/// assert!(task.join().unwrap().is_err());
/// let keys = waking.ended().keys();
/// assert_eq!(keys, ["ms", "ns", "up_ms", "wake_ms", "bytes", "rss_b", "pte_b"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Crowd(pub usize);

/// Tasks begin.
#[derive(Debug)]
#[must_use]
pub struct Gathering {
    crowd: Crowd,
    before: Memory,
    start: Instant,
}

/// All have begun, and the last go on to where they wait.
#[derive(Debug)]
#[must_use]
pub struct Settling {
    crowd: Crowd,
    before: Memory,
    start: Instant,
    up: Duration,
}

/// All wait, and are about to be woken.
#[derive(Debug)]
#[must_use]
pub struct Waking {
    crowd: Crowd,
    up: Duration,
    settled: Duration,
    each: Memory,
    start: Instant,
}

impl Crowd {
    /// Starts the clock; the tasks begin now.
    pub fn gather(self) -> Gathering {
        Gathering {
            crowd: self,
            before: Memory::of("self"),
            start: Instant::now(),
        }
    }
}

impl Gathering {
    /// Stops the clock.
    pub fn gathered(self) -> Settling {
        Settling {
            up: self.start.elapsed(),
            start: self.start,
            crowd: self.crowd,
            before: self.before,
        }
    }
}

impl Settling {
    /// How long to sleep, in the way of the program.
    pub fn time(&self) -> Duration {
        SETTLE
    }

    /// Looks at the memory and starts the clock again; the tasks are woken now.
    pub fn settled(self) -> Waking {
        Waking {
            settled: self.start.elapsed(),
            each: Memory::of("self").more_each(self.before, self.crowd.0),
            crowd: self.crowd,
            up: self.up,
            start: Instant::now(),
        }
    }
}

impl Waking {
    /// Milliseconds from the first beginning to the last end; nanoseconds a task of those, without the time
    /// to settle, which is the same for few tasks; both parts of these in milliseconds; the memory of each.
    pub fn ended(self) -> Figures {
        let down = self.start.elapsed();
        let figures = Figures::milliseconds(self.settled + down)
            .with_each(self.crowd.0, self.up + down)
            .with_milliseconds("up_ms", self.up)
            .with_milliseconds("wake_ms", down);
        self.each.figures(figures)
    }
}
