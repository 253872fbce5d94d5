//! What the tests of generators share.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hueless_runtime::cancel::{is_cancelled, shield};
use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{Generator, Yielder, generator, run, sleep, timeout, yield_now};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const MOMENT: Duration = Duration::from_millis(2);

pub(crate) fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

/// In a task and on an OS thread.
pub(crate) fn everywhere(f: fn()) {
    f();
    run(f);
    Builder::new().workers(1).build().unwrap().run(f);
}

/// In a task of that mode and on an OS thread.
pub(crate) fn in_both(new: fn() -> Builder, f: fn()) {
    f();
    runtime(new).run(f);
}

pub(crate) fn count(n: u32) -> Generator<u32> {
    generator(move |y| (0..n).for_each(|i| y.yield_(i)))
}

/// Counts its drops.
pub(crate) struct Dropped(pub(crate) Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Lets `at` pass, as code that may be cancelled.
pub(crate) fn wait_until(at: Instant) {
    while Instant::now() <= at {
        sleep(MOMENT);
    }
}

/// Nothing around the code that calls is cancelled, nor keeps cancellation out.
#[track_caller]
pub(crate) fn assert_undisturbed() {
    assert!(!is_cancelled());
    yield_now();
    sleep(Duration::from_micros(10));
    assert!(timeout(Duration::ZERO, || sleep(HOUR)).is_err());
}

/// Numbers, each in a call of its own within the first's.
pub(crate) fn deeper(n: u32) -> Generator<u32> {
    fn down(n: u32, y: &mut Yielder<u32>) {
        if n > 0 {
            let answer = timeout(HOUR, || {
                y.yield_(n);
                sleep(Duration::from_micros(1));
                shield(|| down(n - 1, y));
                y.yield_(n);
            });
            assert!(answer.is_ok());
        }
    }
    generator(move |y| down(n, y))
}
