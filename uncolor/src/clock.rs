//! The system's times as deadlines.

use std::time::{Duration, Instant};

use libc::{clockid_t, timespec};

/// A length of time; `None` if it is none.
pub(crate) fn duration(time: &timespec) -> Option<Duration> {
    let seconds = time.tv_sec.try_into().ok()?;
    match time.tv_nsec {
        nanos @ 0..1_000_000_000 => Some(Duration::new(seconds, nanos as u32)),
        _ => None,
    }
}

/// How long it is until `time` by `clock`; `None` if there is no such clock, or the time is none.
///
/// If somebody sets the clock meanwhile, the length stays as it was.
pub(crate) fn until(clock: clockid_t, time: &timespec) -> Option<Duration> {
    let mut now = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is there to be written.
    if unsafe { libc::clock_gettime(clock, &raw mut now) } != 0 {
        return None;
    }
    Some(duration(time)?.saturating_sub(duration(&now)?))
}

/// The instant after `time`; what lies beyond the clock's range never comes.
pub(crate) fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}
