//! Sets of tasks that come home one by one.

#[macro_use]
mod common;

use std::time::Duration;

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::JoinSet;
use hueless_runtime::{sleep, spawn, timeout, yield_now};

in_all_modes!(
    tasks_come_home_in_the_order_of_their_ends,
    a_set_that_is_dropped_cancels,
);

/// Calls `f` on this thread and in a task.
fn in_both(new: fn() -> Builder, f: impl Fn() + Send + Sync) {
    f();
    for workers in [1, 3] {
        let runtime = new().workers(workers).build().unwrap();
        runtime.run(&f);
    }
}

fn tasks_come_home_in_the_order_of_their_ends(new: fn() -> Builder) {
    in_both(new, || {
        let mut set = JoinSet::new();
        assert!(set.join_next().is_none() && set.try_join_next().is_none());
        let (release, released) = crossbeam_channel::bounded::<()>(1);
        set.spawn(move || {
            while released.try_recv().is_err() {
                yield_now();
            }
            1
        });
        set.spawn(|| 2);
        assert_eq!(set.len(), 2);
        assert_eq!(set.join_next().unwrap().unwrap(), 2);
        assert!(set.try_join_next().is_none());
        release.send(()).unwrap();
        assert_eq!(set.join_next().unwrap().unwrap(), 1);
        assert!(set.join_next().is_none() && set.is_empty());
        set.spawn(|| panic!("in the set"));
        assert!(set.join_next().unwrap().unwrap_err().is_panic());
        set.spawn(|| {
            sleep(Duration::MAX);
            0
        });
        set.cancel_all();
        assert!(set.join_next().unwrap().unwrap_err().is_cancelled());
        // Whom a cancellation interrupts loses no result.
        let (release, released) = crossbeam_channel::bounded::<()>(1);
        set.spawn(move || {
            while released.try_recv().is_err() {
                yield_now();
            }
            3
        });
        assert!(timeout(Duration::from_millis(1), || set.join_next().is_some()).is_err());
        release.send(()).unwrap();
        assert_eq!(set.join_next().unwrap().unwrap(), 3);
    });
}

fn a_set_that_is_dropped_cancels(new: fn() -> Builder) {
    in_both(new, || {
        let (tell, told) = crossbeam_channel::bounded::<()>(1);
        let kept = tell.clone();
        let mut set = JoinSet::new();
        set.spawn(move || {
            let _kept = tell;
            sleep(Duration::MAX);
        });
        drop(kept);
        drop(set);
        while told.try_recv() != Err(crossbeam_channel::TryRecvError::Disconnected) {
            yield_now();
        }
        let mut set = JoinSet::new();
        let (tell, told) = crossbeam_channel::bounded(1);
        set.spawn(move || tell.send(7).unwrap());
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        let waits = spawn(move || {
            loop {
                match told.try_recv() {
                    Ok(number) => return number,
                    Err(_) => yield_now(),
                }
            }
        });
        assert_eq!(waits.join().unwrap(), 7);
    });
}
