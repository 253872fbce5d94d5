//! Starting a runtime's threads.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::report::report;
use crate::scheduler::monitor;
use crate::scheduler::seat::Seat;
use crate::scheduler::shared::{Settings, Shared};
use crate::scheduler::worker::Worker;
use crate::stack::overflow;
#[cfg(target_os = "linux")]
use crate::sys;
use crate::sys::{barrier, signal};
use crate::task::{Described, TaskPtr, panic_text};

/// Starts the workers and the monitor of a runtime.
///
/// # Errors
/// When the system refuses a thread or its signal stack; what had been started is stopped again.
pub(crate) fn start(settings: Settings) -> io::Result<Arc<Shared>> {
    if settings.overflow_handler {
        overflow::install(describe_owner);
    }
    barrier::prepare();
    // The deques' garbage collector is made at first use, under a lock of std's. That must not be in a task,
    // half-way through an operation on its worker's deque: hueless-uncolor would park it there.
    let _ = crossbeam_epoch::default_collector();
    #[cfg(target_os = "linux")]
    sys::std_waits::prepare();
    let (shared, seats) = Shared::new(settings);
    let started = (|| {
        for seat in seats {
            start_worker(&shared, seat)?;
        }
        monitor::start(&shared)
    })();
    match started {
        Ok(()) => Ok(shared),
        Err(error) => {
            shared.stop();
            shared.wait_for_end(None);
            Err(error)
        }
    }
}

/// Starts a spare, if a seat is free.
///
/// # Errors
/// As [`start`].
pub(super) fn start_spare(shared: &Arc<Shared>) -> io::Result<()> {
    match shared.seats.take() {
        Some(seat) => {
            // Relaxed: a figure.
            shared.remotes[seat.index]
                .live
                .store(true, Ordering::Relaxed);
            start_worker(shared, seat)
        }
        None => Ok(()),
    }
}

fn start_worker(shared: &Arc<Shared>, seat: Seat) -> io::Result<()> {
    let index = seat.index;
    let (report, reported) = std::sync::mpsc::channel();
    let shared_there = shared.clone();
    let threads = shared.threads.clone();
    shared.threads.starts();
    let name = match shared.remotes[index].is_spare {
        false => format!("hueless-{index}"),
        true => format!("hueless-spare-{index}"),
    };
    // Handed over once there is a thread: else it is to be given back.
    let (give, given) = std::sync::mpsc::channel();
    let spawned = std::thread::Builder::new().name(name).spawn(move || {
        let seat = given.recv().expect("given below");
        let ready = signal::block_asynchronous().and_then(|()| overflow::AltStack::install());
        match ready {
            Ok(_alternate) => {
                let _ = report.send(Ok(()));
                worker_main(shared_there, seat);
            }
            Err(error) => {
                leave(&shared_there, seat);
                drop(shared_there);
                let _ = report.send(Err(error));
            }
        }
        threads.ends();
    });
    match spawned {
        Ok(_) => {
            give.send(seat).expect("the thread waits for it");
            reported.recv().expect("a worker reports its start")
        }
        Err(error) => {
            leave(shared, seat);
            shared.threads.ends();
            Err(io::Error::new(
                error.kind(),
                format!(
                    "cannot start worker {index}: {error}; raise the limit of threads \
                     (ulimit -u) or ask for fewer workers"
                ),
            ))
        }
    }
}

fn worker_main(shared: Arc<Shared>, seat: Seat) {
    #[cfg(target_os = "linux")]
    sys::std_waits::prepare_worker();
    let worker = Worker::new(shared, seat);
    match catch_unwind(AssertUnwindSafe(|| worker.work())) {
        Ok((shared, seat)) => {
            leave(&shared, seat);
            if shared.is_stopping() {
                // It waits for the last worker.
                shared.unpark_monitor();
            }
        }
        Err(payload) => abort_after_panic(&*payload),
    }
}

/// A seat is empty again; a spare's is given back.
fn leave(shared: &Shared, seat: Seat) {
    let remote = &shared.remotes[seat.index];
    // Relaxed: figures.
    remote.live.store(false, Ordering::Relaxed);
    remote.stuck.store(false, Ordering::Relaxed);
    if remote.is_spare {
        shared.seats.give_back(seat);
    }
}

/// Ends the process after a panic on the worker's own stack, outside any task, which would leave its
/// tasks without a worker.
fn abort_after_panic(payload: &(dyn Any + Send)) -> ! {
    report(format_args!(
        "hueless: a worker panicked outside its tasks; this is a bug in hueless: {}",
        panic_text(payload)
    ));
    std::process::abort();
}

/// Names the task whose stack has overflowed.
fn describe_owner(owner: *const (), out: &mut dyn std::fmt::Write) {
    if owner.is_null() {
        let _ = out.write_str("a task");
        return;
    }
    let header = NonNull::new(owner.cast_mut().cast()).expect("not null");
    // SAFETY: the word at the top of a live stack is its task's header, put there by `start`.
    let header = unsafe { TaskPtr::new(header).get() };
    let _ = write!(out, "{}", Described::of(header));
}
