//! Tasks of two workers contend for a lock of std's while each worker has others that can run. Watched by strace:
//! neither worker is to wait in the kernel between `begin` and `end`, which this writes.

use std::collections::BTreeMap;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hueless::runtime::Builder;
use hueless::yield_now;

/// Of each kind.
const TASKS: usize = 50;
const ROUNDS: usize = 20;
const HELD: Duration = Duration::from_micros(50);

/// What the tasks share.
#[derive(Default)]
struct Shared {
    /// How many tasks of each kind the workers' threads have: those that contend, and those that can run.
    workers: hueless::sync::Mutex<BTreeMap<i32, [usize; 2]>>,
    begins: AtomicBool,
    done: AtomicUsize,
    ends: AtomicBool,
    lock: Mutex<usize>,
}

impl Shared {
    /// Comes to a thread, where it stays, and begins with all others.
    fn arrive(&self, kind: usize) {
        // SAFETY: it has no arguments.
        let thread = unsafe { libc::gettid() };
        self.workers.lock().entry(thread).or_default()[kind] += 1;
        while !self.begins.load(Ordering::Relaxed) {
            yield_now();
        }
    }

    /// Takes the lock some times, and holds it while it computes.
    fn contend(&self) {
        self.arrive(0);
        for _ in 0..ROUNDS {
            let mut count = self.lock.lock().unwrap();
            let end = Instant::now() + HELD;
            while Instant::now() < end {
                spin_loop();
            }
            *count += 1;
            drop(count);
            yield_now();
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Can always run.
    fn run(&self) {
        self.arrive(1);
        while !self.ends.load(Ordering::Relaxed) {
            yield_now();
        }
    }
}

/// Whether the tasks came to lie as they are to: if the system keeps a worker's thread from running, a spare one takes
/// some. If they did, all has been written.
fn is_done() -> bool {
    let runtime = Builder::new().workers(2).build().unwrap();
    let shared = Arc::new(Shared::default());
    let tasks: Vec<_> = (0..2 * TASKS)
        .map(|number| {
            let shared = shared.clone();
            runtime.spawn(move || match number % 2 {
                0 => shared.contend(),
                _ => shared.run(),
            })
        })
        .collect();
    let is_done = runtime.run(|| {
        let all = || shared.workers.lock().values().flatten().sum::<usize>();
        while all() < 2 * TASKS {
            yield_now();
        }
        let workers = std::mem::take(&mut *shared.workers.lock());
        let lie_well = workers.len() == 2 && workers.values().flatten().all(|count| *count > 0);
        if lie_well {
            println!("workers {:?}", Vec::from_iter(workers.keys()));
            println!("begin");
        }
        shared.begins.store(true, Ordering::Relaxed);
        while shared.done.load(Ordering::Relaxed) < TASKS {
            yield_now();
        }
        if lie_well {
            println!("end");
        }
        shared.ends.store(true, Ordering::Relaxed);
        lie_well
    });
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*shared.lock.lock().unwrap(), TASKS * ROUNDS);
    is_done
}

fn main() {
    assert!(
        (0..20).any(|_| is_done()),
        "a spare thread had some of the tasks, each time"
    );
}
