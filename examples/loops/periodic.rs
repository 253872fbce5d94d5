//! A periodic job that does not drift, and ends when it is told to.
//!
//! ```sh
//! cargo run --example periodic
//! ```
//!
//! Prints when each run was due and when it began: the delays do not add up, though the job takes its
//! time. Go's `time.Ticker`, Java's `scheduleAtFixedRate` (this) and `scheduleWithFixedDelay` (`sleep`
//! in a loop), cron.

use std::time::{Duration, Instant};

use hueless::cancel::CancelToken;
use hueless::channel::at;
use hueless::{go, now, select_biased, sleep};

/// Runs `job` one `period` after the begin, then at whole periods after that, until `stop` is
/// cancelled. What is missed, since the job took too long, is left out.
///
/// [`tick`](hueless::channel::tick) is shorter, but counts from when a tick was taken if that was late.
fn every(period: Duration, stop: &CancelToken, mut job: impl FnMut(Instant)) {
    let mut due = now() + period;
    loop {
        // Biased: who is told to stop does not run once more because it is due, too.
        select_biased! {
            recv(stop.done()) -> _ => break,
            recv(at(due)) -> _ => job(due),
        }
        while due <= now() {
            due += period;
        }
    }
}

/// When each of some runs was due, since the first one, and how late it began.
fn runs(period: Duration, count: usize) -> Vec<(Duration, Duration)> {
    let stop = CancelToken::new();
    let job = go!(name = "job", move || {
        let (mut first, mut runs) = (None, Vec::new());
        every(period, &stop, |due| {
            runs.push((due - *first.get_or_insert(due), now() - due));
            sleep(period / 3);
            if runs.len() == count {
                stop.cancel(); // anybody could: tokens are shared by cloning
            }
        });
        runs
    });
    job.join().unwrap()
}

fn main() {
    for (due, late) in runs(Duration::from_millis(30), 6) {
        println!("due at {:3} ms, {late:.0?} late", due.as_millis());
    }
}

#[test]
fn due_at_whole_periods() {
    // So short that the next run is due by the time that it is looked at.
    for _ in 0..100 {
        let runs = runs(Duration::from_micros(1), 1);
        assert_eq!(runs.len(), 1, "none after the cancel");
    }
    let period = Duration::from_millis(5);
    let runs = runs(period, 6);
    assert_eq!(runs.len(), 6);
    for pair in runs.windows(2) {
        let pause = (pair[1].0 - pair[0].0).as_nanos();
        assert!(
            pause > 0 && pause.is_multiple_of(period.as_nanos()),
            "{runs:?}"
        );
    }
    main();
}
