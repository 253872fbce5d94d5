//! Many tasks that all wait at once: the time until all have waited, and the memory meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::options::Model;

/// So many waits tell how long more of them would take, one after the other.
const FEW: usize = 5;

pub(crate) struct Waits {
    pub(crate) total: Duration,
    /// Bytes of each task while it waits, where the system tells, and there are tasks.
    pub(crate) memory: Option<f64>,
}

pub(crate) fn measure(model: Model, tasks: usize, wait: Duration) -> Waits {
    match model {
        Model::Sync => one_after_the_other(tasks, wait),
        Model::Threads => at_once(tasks, |begun| threads(tasks, wait, begun)),
        Model::Tokio => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            at_once(tasks, |begun| {
                runtime.block_on(tokio_tasks(tasks, wait, begun))
            })
        }
        Model::Hueless => {
            hueless::run(|| ()); // the runtime is there before its memory would count
            at_once(tasks, |begun| hueless_tasks(tasks, wait, begun))
        }
    }
}

fn one_after_the_other(tasks: usize, wait: Duration) -> Waits {
    let few = FEW.min(tasks);
    let start = Instant::now();
    (0..few).for_each(|_| thread::sleep(wait));
    let total = start.elapsed().mul_f64(tasks as f64 / few as f64);
    Waits {
        total,
        memory: None,
    }
}

/// Times `run`, and looks at the memory when all tasks have begun.
fn at_once(tasks: usize, run: impl FnOnce(&Arc<AtomicUsize>)) -> Waits {
    let begun = Arc::new(AtomicUsize::new(0));
    let before = memory();
    thread::scope(|s| {
        let during = s.spawn(|| {
            // Relaxed, here and in the tasks: a count.
            while begun.load(Ordering::Relaxed) < tasks {
                thread::sleep(Duration::from_millis(1));
            }
            memory()
        });
        let start = Instant::now();
        run(&begun);
        let total = start.elapsed();
        let during = during.join().expect("it only reads");
        let of_each = |(before, during): (f64, f64)| (during - before) / tasks as f64;
        Waits {
            total,
            memory: before.zip(during).map(of_each),
        }
    })
}

fn threads(tasks: usize, wait: Duration, begun: &AtomicUsize) {
    thread::scope(|s| {
        for _ in 0..tasks {
            s.spawn(|| {
                begun.fetch_add(1, Ordering::Relaxed);
                thread::sleep(wait);
            });
        }
    });
}

async fn tokio_tasks(tasks: usize, wait: Duration, begun: &Arc<AtomicUsize>) {
    let spawn = |_| {
        let begun = begun.clone(); // async tasks cannot borrow
        tokio::spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        })
    };
    for task in (0..tasks).map(spawn).collect::<Vec<_>>() {
        task.await.expect("it only waits");
    }
}

fn hueless_tasks(tasks: usize, wait: Duration, begun: &AtomicUsize) {
    hueless::scope(|s| {
        for _ in 0..tasks {
            s.spawn(|| {
                begun.fetch_add(1, Ordering::Relaxed);
                hueless::sleep(wait);
            });
        }
    });
}

/// Bytes of this process in memory, page tables among them; not what the kernel keeps for threads.
fn memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let of = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    Some((of("VmRSS:")? + of("VmPTE:")?) * 1024.0)
}
