//! A crowd that does the same at once, in tasks or in threads.

use std::error::Error;
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use hueless::runtime::{Builder, Runtime, Stall};

use crate::at::{At, Outcome};

/// How the members of a crowd are made.
pub(crate) enum Crowd {
    Threads,
    Tasks(Runtime),
}

impl Crowd {
    /// Tasks, on so many workers. The hook is told of workers that are blocked.
    pub(crate) fn in_tasks(
        workers: usize,
        on_stall: impl Fn(&Stall) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Ok(Self::Tasks(
            Builder::new().workers(workers).on_stall(on_stall).build()?,
        ))
    }

    /// Has everybody do it, all at once, and tells how long that took.
    pub(crate) fn all(
        &self,
        at: &At,
        work: fn(&At) -> Outcome,
    ) -> Result<Duration, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Threads => in_threads(at, work),
            Self::Tasks(runtime) => runtime.run(|| in_tasks(at, work)),
        }
    }
}

fn members(at: &At) -> impl Iterator<Item = At> {
    (0..at.crowd).map(|number| At {
        number,
        ..at.clone()
    })
}

/// When the first of them went on: who waits for their end may come to look at the clock much later.
type Begun = OnceLock<Instant>;

fn in_threads(at: &At, work: fn(&At) -> Outcome) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let ready = Arc::new((Barrier::new(at.crowd), Begun::new()));
    let mut threads = Vec::new();
    for at in members(at) {
        let ready = ready.clone();
        threads.push(thread::Builder::new().spawn(move || {
            ready.0.wait();
            ready.1.get_or_init(Instant::now);
            work(&at)
        })?);
    }
    let ends: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
    let took = ready.1.get().expect("all have begun").elapsed();
    for end in ends {
        end.map_err(|_| "a thread has panicked")??;
    }
    Ok(took)
}

/// All have begun, and so belong to their workers, before any goes on: else a worker that is blocked would be
/// helped out by spare threads.
fn in_tasks(at: &At, work: fn(&At) -> Outcome) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let ready = Arc::new((hueless::sync::Barrier::new(at.crowd), Begun::new()));
    let tasks: Vec<_> = members(at)
        .map(|at| {
            let ready = ready.clone();
            hueless::go!(move || {
                ready.0.wait();
                ready.1.get_or_init(Instant::now);
                work(&at)
            })
        })
        .collect();
    let ends: Vec<_> = tasks.into_iter().map(|task| task.join()).collect();
    let took = ready.1.get().expect("all have begun").elapsed();
    for end in ends {
        end.map_err(|failure| failure.to_string())??;
    }
    Ok(took)
}
