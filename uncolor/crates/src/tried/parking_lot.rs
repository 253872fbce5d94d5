//! A lock that is held across a sleep, of `parking_lot`'s or of std's.

use std::sync;
use std::thread;
use std::time::Duration;

use crate::at::{At, Outcome};

static COUNT: parking_lot::Mutex<usize> = parking_lot::Mutex::new(0);

pub(crate) fn work(at: &At) -> Outcome {
    for _ in 0..at.requests {
        add_slowly(&mut COUNT.lock());
    }
    Ok(())
}

static OF_STD: sync::Mutex<usize> = sync::Mutex::new(0);

pub(crate) fn of_std(at: &At) -> Outcome {
    for _ in 0..at.requests {
        let mut count = OF_STD.lock().map_err(|poisoned| poisoned.to_string())?;
        add_slowly(&mut count);
    }
    Ok(())
}

fn add_slowly(count: &mut usize) {
    thread::sleep(Duration::from_micros(10));
    *count += 1;
}
