//! Runtimes that end: nothing is lost, nothing is left.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{blocking, blocking_operation, run, sleep, spawn, task, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    a_shutdown_that_races_spawns_and_timers_drops_each_local_once,
    what_a_leaked_task_lends_stays_alive,
    parked_tasks_unwind_and_their_joiners_learn_it,
    yielding_tasks_unwind_too,
    tasks_that_have_not_begun_are_dropped,
    a_blocking_job_is_awaited_and_its_frame_kept,
    a_destructor_that_blocks_while_unwinding_is_let_finish,
    destructors_have_the_blocking_pool_to_the_end,
    a_runtime_dropped_by_its_own_task_ends,
    a_task_that_will_not_end_is_left_after_the_timeout,
    who_joins_a_task_that_is_left_behind_gets_an_error,
    joins_and_spawns_between_runtimes_work,
);

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn two_workers(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

fn parked_tasks_unwind_and_their_joiners_learn_it(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = two_workers(new);
    let (started, all_started) = mpsc::channel();
    let handles: Vec<_> = (0..100)
        .map(|_| {
            let (counted, started) = (Counted(drops.clone()), started.clone());
            runtime.spawn(move || {
                let _counted = counted;
                started.send(()).unwrap();
                sleep(Duration::MAX);
            })
        })
        .collect();
    for _ in 0..100 {
        all_started.recv().unwrap();
    }
    drop(runtime);
    assert_eq!(drops.load(Ordering::SeqCst), 100);
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
}

fn yielding_tasks_unwind_too(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let handles: Vec<_> = (0..10)
        .map(|_| {
            runtime.spawn(|| {
                loop {
                    yield_now();
                }
            })
        })
        .collect();
    drop(runtime);
    for handle in handles {
        let error: hueless_runtime::task::JoinError = handle.join().unwrap_err();
        assert!(error.is_cancelled());
    }
}

fn tasks_that_have_not_begun_are_dropped(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = new().workers(1).build().unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    // Keeps the only worker busy until the stop has begun.
    let holder = runtime.spawn(move || {
        began.send(()).unwrap();
        let _ = held.recv();
    });
    has_begun.recv().unwrap();
    let handles: Vec<_> = (0..100)
        .map(|_| {
            let counted = Counted(drops.clone());
            runtime.spawn(move || drop(counted))
        })
        .collect();
    let stop = std::thread::spawn(move || drop(runtime));
    drop(hold);
    stop.join().unwrap();
    assert!(holder.is_finished());
    assert_eq!(drops.load(Ordering::SeqCst), 100);
    for handle in handles {
        assert!(handle.is_finished());
    }
}

fn a_blocking_job_is_awaited_and_its_frame_kept(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (release, released) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        let mut local = [0u8; 64];
        let frame = &mut local;
        blocking_operation(move || {
            began.send(()).unwrap();
            let _ = released.recv();
            frame[63] = 1;
        });
        local[63]
    });
    has_begun.recv().unwrap();
    let stop = std::thread::spawn(move || drop(runtime));
    drop(release);
    stop.join().unwrap();
    assert_eq!(handle.join().unwrap(), 1);
}

fn a_destructor_that_blocks_while_unwinding_is_let_finish(new: fn() -> Builder) {
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            sleep(Duration::from_millis(2));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let done = Arc::new(AtomicUsize::new(0));
    let runtime = two_workers(new);
    let (started, all_started) = mpsc::channel();
    for _ in 0..20 {
        let (slow, started) = (Slow(done.clone()), started.clone());
        runtime.spawn(move || {
            let _slow = slow;
            started.send(()).unwrap();
            sleep(Duration::MAX);
        });
    }
    for _ in 0..20 {
        all_started.recv().unwrap();
    }
    drop(runtime);
    assert_eq!(done.load(Ordering::SeqCst), 20);
}

/// Each waits on the pool for what the other does next: if one blocked the worker, neither went on.
fn destructors_have_the_blocking_pool_to_the_end(new: fn() -> Builder) {
    const ROUNDS: usize = 100;
    struct Converses {
        says: mpsc::Sender<usize>,
        hears: Mutex<mpsc::Receiver<usize>>,
        ended: Arc<AtomicUsize>,
    }
    impl Drop for Converses {
        fn drop(&mut self) {
            let Self { says, hears, ended } = &*self;
            for round in 0..ROUNDS {
                says.send(round).unwrap();
                assert_eq!(blocking(|| hears.lock().unwrap().recv()), Ok(round));
            }
            ended.fetch_add(1, Ordering::SeqCst);
        }
    }
    let runtime = new().workers(1).build().unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let (to_first, first) = mpsc::channel();
    let (to_second, second) = mpsc::channel();
    let tasks = [(to_first, second), (to_second, first)].map(|(says, hears)| {
        let ended = ended.clone();
        let hears = Mutex::new(hears);
        let converses = Converses { says, hears, ended };
        let (begun, has_begun) = mpsc::channel();
        let task = runtime.spawn(move || {
            let _converses = converses;
            begun.send(()).unwrap();
            task::park();
        });
        has_begun.recv().unwrap();
        task
    });
    drop(runtime);
    assert_eq!(ended.load(Ordering::SeqCst), 2);
    for task in tasks {
        assert!(task.join().unwrap_err().is_cancelled());
    }
}

fn a_runtime_dropped_by_its_own_task_ends(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (put, take) = mpsc::channel::<Runtime>();
    let handle = runtime.spawn(move || drop(take.recv().unwrap()));
    put.send(runtime).unwrap();
    let _ = handle.join();
}

fn a_task_that_will_not_end_is_left_after_the_timeout(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (release, released) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        began.send(()).unwrap();
        // Blocks the worker itself: no cancellation reaches it.
        let _ = released.recv();
        5
    });
    has_begun.recv().unwrap();
    let start = Instant::now();
    runtime.shutdown_timeout(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
    drop(release);
    assert_eq!(handle.join().unwrap(), 5);
}

/// A task waits for a blocking call that does not end; its runtime gives up, and so do its joiners,
/// those who wait already and those who come later. The task itself goes on and ends.
fn who_joins_a_task_that_is_left_behind_gets_an_error(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (ended, has_ended) = mpsc::channel();
    let (began, has_begun) = mpsc::channel();
    let (releases, mut handles): (Vec<_>, Vec<_>) = (0..2)
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let (began, ended) = (began.clone(), ended.clone());
            let handle = runtime.spawn(move || {
                blocking_operation(move || {
                    began.send(()).unwrap();
                    let _ = released.recv();
                });
                ended.send(()).unwrap();
            });
            (release, handle)
        })
        .unzip();
    has_begun.recv().unwrap();
    has_begun.recv().unwrap();
    let (first, second) = (handles.pop().unwrap(), handles.pop().unwrap());
    let joiner = std::thread::spawn(move || first.join().unwrap_err());
    let second = second.join_timeout(Duration::from_millis(1)).unwrap_err();
    runtime.shutdown_timeout(Duration::from_millis(20));
    for error in [joiner.join().unwrap(), second.join().unwrap_err()] {
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("left behind"), "{error}");
    }
    drop(releases);
    has_ended.recv().unwrap();
    has_ended.recv().unwrap();
}

fn joins_and_spawns_between_runtimes_work(new: fn() -> Builder) {
    let (first, second) = (two_workers(new), two_workers(new));
    let sum: usize = first.run(|| {
        (0..100)
            .map(|i| {
                let there = second.spawn(move || {
                    spawn(move || {
                        yield_now();
                        i
                    })
                    .join()
                    .unwrap()
                });
                there.join().unwrap()
            })
            .sum()
    });
    assert_eq!(sum, 4950);
}

/// Tasks that go on spawning, sleeping, joining and parking while their runtime is dropped at some
/// point: it ends, and everything that was made has been dropped once.
fn a_shutdown_that_races_spawns_and_timers_drops_each_local_once(new: fn() -> Builder) {
    #[derive(Default)]
    struct Counts {
        made: AtomicUsize,
        dropped: AtomicUsize,
    }
    struct Local(Arc<Counts>);
    impl Local {
        fn new(counts: &Arc<Counts>) -> Self {
            counts.made.fetch_add(1, Ordering::SeqCst);
            Self(counts.clone())
        }
    }
    impl Drop for Local {
        fn drop(&mut self) {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn work(captured: Local, depth: u64) -> Local {
        let counts = captured.0.clone();
        let mut children = Vec::new();
        for n in 0.. {
            let (on_stack, given) = (Local::new(&counts), Local::new(&counts));
            match (depth + n) % 4 {
                0 => sleep(Duration::from_micros(n % 50)),
                1 => task::park_timeout(Duration::from_micros(20)),
                2 => yield_now(),
                _ => drop(on_stack),
            }
            if depth < 3 {
                children.push(spawn(move || work(given, depth + 1)));
            } else if n == 20 {
                break;
            }
            if n % 8 == 7 {
                // Some are joined, some are dropped with their results.
                let _ = children.pop().map(|child| child.join());
            }
            if children.len() > 3 {
                children.remove(0);
            }
        }
        captured
    }

    for round in 0..20 {
        let runtime = two_workers(new);
        let counts = Arc::new(Counts::default());
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let local = Local::new(&counts);
                runtime.spawn(move || work(local, 0))
            })
            .collect();
        // Not an order, but a different moment each time.
        while counts.made.load(Ordering::SeqCst) < round * 40 {
            std::thread::yield_now();
        }
        drop(runtime);
        for handle in handles {
            assert!(handle.join().is_err_and(|error| error.is_cancelled()));
        }
        let made = counts.made.load(Ordering::SeqCst);
        assert_eq!(counts.dropped.load(Ordering::SeqCst), made);
    }
}

/// Rule: no frame is freed while it is live. A parent lends its frame to a child that is stuck when
/// the runtime is dropped: frame and thread-locals stay until the child has ended, however long after.
fn what_a_leaked_task_lends_stays_alive(new: fn() -> Builder) {
    /// A thread-local that tells when it goes.
    struct Local(RefCell<Option<(Vec<u64>, Arc<AtomicUsize>)>>);
    impl Drop for Local {
        fn drop(&mut self) {
            if let Some((_, drops)) = self.0.take() {
                drops.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    thread_local! {
        static LOCAL: Local = const { Local(RefCell::new(None)) };
    }

    /// How the parent lends its frame.
    type Lend = fn(&mut (dyn FnMut() + Send));
    let ways: [Lend; 2] = [|child| run(child), |child| blocking(child)];
    for lend in ways {
        let runtime = two_workers(new);
        let drops = Arc::new(AtomicUsize::new(0));
        let (release, released) = mpsc::channel::<()>();
        let (began, has_begun) = mpsc::channel();
        let (there, frame_goes) = (drops.clone(), Counted(drops.clone()));
        let parent = runtime.spawn(move || {
            let _frame_goes = frame_goes;
            LOCAL.with(|local| local.0.replace(Some((vec![7; 1000], there))));
            let home = thread::current().id();
            let mut frame = vec![1_u64; 1000];
            let (on_stack, mut sum) = ([3_u64; 64], 0);
            let (heap, array, total) = (&mut frame, &on_stack, &mut sum);
            lend(&mut move || {
                began.send(()).unwrap();
                // Stuck: no cancellation reaches it.
                let _ = released.recv();
                // Works in the parent's frame, and in what it owns.
                heap.iter_mut().for_each(|n| *n += 1);
                *total = heap.iter().chain(array).sum();
            });
            // The end of what was lent is no point of cancellation, so this is reached.
            if thread::current().id() == home {
                let kept = LOCAL.with(|local| local.0.borrow().as_ref().map(|(v, _)| v[999]));
                assert_eq!(kept, Some(7));
            }
            sum
        });
        has_begun.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(20));
        assert_eq!(
            drops.load(Ordering::SeqCst),
            0,
            "something has gone too early"
        );
        assert!(!parent.is_finished());
        drop(release);
        // With the cancellation it has been told of, or, as no point was left, its result.
        match parent.join() {
            Ok(sum) => assert_eq!(sum, 2000 + 192),
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
        // The frame at once, the thread-local when the worker's thread ends.
        while drops.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    }
}
