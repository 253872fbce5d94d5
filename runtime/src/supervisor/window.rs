//! How many restarts there were lately.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The restarts of the last `period`, of which there may be `intensity`.
pub(super) struct Window {
    intensity: usize,
    period: Duration,
    /// The oldest first.
    recent: VecDeque<Instant>,
}

impl Window {
    pub(super) fn new(intensity: usize, period: Duration) -> Self {
        Self {
            intensity,
            period,
            recent: VecDeque::new(),
        }
    }

    /// Counts a restart in, if one more is allowed. One that is exactly a period old still counts, as it
    /// does in OTP.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let is_past = |then: &Instant| now.duration_since(*then) > self.period;
        while self.recent.front().is_some_and(is_past) {
            self.recent.pop_front();
        }
        if self.recent.len() == self.intensity {
            return false;
        }
        self.recent.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_older_than_the_period_do_not_count() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut window = Window::new(2, 5 * second);
        assert!(window.admit(start));
        assert!(window.admit(start + 3 * second));
        assert!(!window.admit(start + 4 * second));
        // Exactly a period old: it counts.
        assert!(!window.admit(start + 5 * second));
        assert!(window.admit(start + 5 * second + Duration::from_nanos(1)));
        // Those at 3 and 5 seconds count now.
        assert!(!window.admit(start + 8 * second));
        assert!(window.admit(start + 9 * second));
        assert!(window.admit(start + 100 * second));
        assert_eq!(window.recent.len(), 1);
    }

    #[test]
    fn an_intensity_of_0_admits_none() {
        let mut window = Window::new(0, Duration::MAX);
        assert!(!window.admit(Instant::now()));
    }
}
