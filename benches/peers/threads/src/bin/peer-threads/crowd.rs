//! Very many threads at once.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hueless_measure::{Crowd, Figures, naps};

/// `n` threads wait for one gate, which is then opened.
pub(crate) fn parked(n: usize) -> Result<Figures, String> {
    #[derive(Default)]
    struct Gate {
        // How many have come, and whether it is open.
        state: Mutex<(usize, bool)>,
        changed: Condvar,
        all_here: Condvar,
    }
    let gate = Arc::new(Gate::default());
    let gathering = Crowd(n).gather();
    let threads = start(n, |_| {
        let gate = gate.clone();
        move || {
            let mut state = gate.state.lock().unwrap();
            state.0 += 1;
            if state.0 == n {
                gate.all_here.notify_one();
            }
            drop(gate.changed.wait_while(state, |state| !state.1).unwrap());
        }
    })?;
    let state = gate.state.lock().unwrap();
    drop(
        gate.all_here
            .wait_while(state, |state| state.0 < n)
            .unwrap(),
    );
    let settling = gathering.gathered();
    thread::sleep(settling.time());
    let waking = settling.settled();
    gate.state.lock().unwrap().1 = true;
    gate.changed.notify_all();
    join(threads);
    Ok(waking.ended())
}

/// `n` threads sleep three times, each time for a pseudo-random part of a second.
pub(crate) fn sleepers(n: usize) -> Result<Duration, String> {
    let begin = Instant::now();
    join(start(n, |i| move || naps(i).for_each(thread::sleep))?);
    Ok(begin.elapsed())
}

/// Starts `n` threads, as far as the system has so many.
fn start<F: FnOnce() + Send + 'static>(
    n: usize,
    new: impl Fn(usize) -> F,
) -> Result<Vec<JoinHandle<()>>, String> {
    let start = |i| {
        let thread = thread::Builder::new().spawn(new(i));
        thread.map_err(|error| format!("thread {i} does not start: {error}"))
    };
    (0..n).map(start).collect()
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}
