//! Starting a runtime's threads.

use std::any::Any;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use crossbeam_deque as deque;
use crossbeam_utils::sync::Parker;

use crate::scheduler::monitor;
use crate::scheduler::shared::{Settings, Shared};
use crate::scheduler::worker::Worker;
use crate::stack::overflow;
use crate::sys::signal;
use crate::task::{Described, TaskPtr, panic_text};

/// Starts the workers and the monitor of a runtime.
///
/// # Errors
/// When the system refuses a thread or its signal stack; what had been started is stopped again.
pub(crate) fn start(settings: Settings) -> io::Result<Arc<Shared>> {
    overflow::install(describe_owner);
    let deques: Vec<_> = (0..settings.workers)
        .map(|_| deque::Worker::new_lifo())
        .collect();
    let parkers: Vec<_> = (0..settings.workers).map(|_| Parker::new()).collect();
    let unparkers = parkers.iter().map(|p| p.unparker().clone()).collect();
    let stealers = deques.iter().map(deque::Worker::stealer).collect();
    let shared = Shared::new(settings, unparkers, stealers);

    let started = (|| {
        for (index, (deque, parker)) in deques.into_iter().zip(parkers).enumerate() {
            start_worker(&shared, index, deque, parker)?;
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

fn start_worker(
    shared: &Arc<Shared>,
    index: usize,
    deque: deque::Worker<TaskPtr>,
    parker: Parker,
) -> io::Result<()> {
    let (report, reported) = std::sync::mpsc::channel();
    let shared_there = shared.clone();
    let threads = shared.threads.clone();
    shared.threads.starts();
    let spawned = std::thread::Builder::new()
        .name(format!("hueless-{index}"))
        .spawn(move || {
            let ready = signal::block_asynchronous().and_then(|()| overflow::AltStack::install());
            match ready {
                Ok(_alternate) => {
                    let _ = report.send(Ok(()));
                    worker_main(shared_there, index, deque, parker);
                }
                Err(error) => {
                    drop(shared_there);
                    let _ = report.send(Err(error));
                }
            }
            threads.ends();
        });
    match spawned {
        Ok(_) => reported.recv().expect("a worker reports its start"),
        Err(error) => {
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

fn worker_main(shared: Arc<Shared>, index: usize, deque: deque::Worker<TaskPtr>, parker: Parker) {
    let worker = Worker::new(shared, index, deque, parker);
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| worker.work())) {
        abort_after_panic(&*payload);
    }
}

/// Ends the process after a panic on the worker's own stack, outside any task, which would leave its
/// tasks without a worker.
fn abort_after_panic(payload: &(dyn Any + Send)) -> ! {
    // Not by `eprintln!`: tests capture that, and what is captured is lost now.
    let _ = writeln!(
        io::stderr(),
        "hueless: a worker panicked outside its tasks; this is a bug in hueless: {}",
        panic_text(payload)
    );
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
