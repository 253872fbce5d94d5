//! Supervisors: who is restarted, and when it is too much. How they end is in `supervisor/ends.rs`.

use std::mem::forget;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use hueless_runtime::cancel::{Node, run_in, shield};
use hueless_runtime::runtime::Builder;
use hueless_runtime::supervisor::{Restart, Strategy, Supervisor};
use hueless_runtime::{sleep, task, yield_now};

mod child;
#[macro_use]
mod common;
#[path = "supervisor/ends.rs"]
mod ends;
#[path = "supervisor/leaks.rs"]
mod leaks;

in_all_modes!(
    the_strategy_says_who_is_restarted,
    the_kind_says_which_ends_are_followed_by_a_restart,
    a_restart_of_others_starts_transients_again_and_ends_temporaries,
    nobody_to_run_is_no_failure,
    restarts_older_than_the_period_do_not_count,
    no_message_is_lost,
    supervisors_nest,
    children_begin_in_order_under_their_names,
);

const HOUR: Duration = Duration::from_secs(3600);

/// Calls `f` on this thread and in a task.
fn on_thread_and_task(new: fn() -> Builder, f: impl Fn() + Send + Sync) {
    f();
    for workers in [1, 3] {
        new().workers(workers).build().unwrap().run(&f);
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics, and leaves out std's report.
fn fail(message: &'static str) -> ! {
    resume_unwind(Box::new(message))
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        yield_now();
    }
}

/// A crowd of children, who write down in which order they end.
#[derive(Default)]
struct Crowd {
    begun: AtomicUsize,
    is_one_ending: AtomicBool,
    ended: Mutex<Vec<usize>>,
}

impl Crowd {
    /// Runs as child `number` until it is cancelled.
    fn run(&self, number: usize) {
        let _ending = OnDrop(|| {
            assert!(!self.is_one_ending.swap(true, SeqCst), "two end at once");
            // Time for another, if it does not wait.
            (0..20).for_each(|_| yield_now());
            self.ended.lock().unwrap().push(number);
            self.is_one_ending.store(false, SeqCst);
        });
        self.begun.fetch_add(1, SeqCst);
        sleep(Duration::MAX);
    }

    fn await_begun(&self, count: usize) {
        until(|| self.begun.load(SeqCst) == count);
    }

    /// In which order they have ended since the last time.
    fn ended(&self) -> Vec<usize> {
        self.begun.store(0, SeqCst);
        std::mem::take(&mut *self.ended.lock().unwrap())
    }
}

fn the_strategy_says_who_is_restarted(new: fn() -> Builder) {
    for (strategy, runs_expected, ended_expected) in [
        (Strategy::OneForOne, [1, 2, 1, 1], &[][..]),
        (Strategy::OneForAll, [2, 2, 2, 2], &[3, 2, 0][..]),
        (Strategy::RestForOne, [1, 2, 2, 2], &[3, 2][..]),
    ] {
        on_thread_and_task(new, || {
            let runs = [const { AtomicUsize::new(0) }; 4];
            let (is_over, ended) = (AtomicBool::new(false), Mutex::new(Vec::new()));
            let mut supervisor = Supervisor::new(strategy).on_failure(|_| {});
            for number in 0..4 {
                let (runs, is_over, ended) = (&runs, &is_over, &ended);
                let run = move || match (number, runs[number].fetch_add(1, SeqCst)) {
                    (1, 0) => {
                        until(|| runs.iter().all(|runs| runs.load(SeqCst) == 1));
                        fail("the second");
                    }
                    (1, _) => is_over.store(true, SeqCst),
                    _ => {
                        let ending = OnDrop(|| ended.lock().unwrap().push(number));
                        until(|| is_over.load(SeqCst));
                        forget(ending);
                    }
                };
                supervisor = supervisor.child_with(Restart::Transient, number.to_string(), run);
            }
            assert_eq!(supervisor.run(), Ok(()));
            drop(supervisor);
            assert_eq!(ended.into_inner().unwrap(), ended_expected, "{strategy:?}");
            let runs = runs.map(AtomicUsize::into_inner);
            assert_eq!(runs, runs_expected, "{strategy:?}");
        });
    }
}

/// How a child ends, what is said of it, and whether a restart follows, for each kind.
type Ending = (fn() -> Result<(), String>, &'static str, [bool; 3]);

fn the_kind_says_which_ends_are_followed_by_a_restart(new: fn() -> Builder) {
    let ends: [Ending; 4] = [
        (|| Ok(()), "child \"x\" returned", [true, false, false]),
        (
            || Err("no".into()),
            "child \"x\" failed: no",
            [true, true, false],
        ),
        (
            || fail("oh"),
            "child \"x\" panicked: oh",
            [true, true, false],
        ),
        (
            || {
                task::current().cancel();
                yield_now();
                unreachable!("cancelled")
            },
            "child \"x\" was cancelled",
            [true, false, false],
        ),
    ];
    let kinds = [Restart::Permanent, Restart::Transient, Restart::Temporary];
    for (end, message, is_restarted) in ends {
        for (kind, is_restarted) in kinds.into_iter().zip(is_restarted) {
            on_thread_and_task(new, || {
                let (runs, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
                let outcome = Supervisor::new(Strategy::OneForOne)
                    .intensity(2, HOUR)
                    .on_failure(|failure| told.lock().unwrap().push(failure.to_string()))
                    .child_with(kind, "x", || {
                        runs.fetch_add(1, SeqCst);
                        end()
                    })
                    .run();
                if is_restarted {
                    let gave_up = outcome.unwrap_err();
                    assert_eq!(gave_up.failure().to_string(), message);
                    assert_eq!((gave_up.restarts(), gave_up.period()), (2, HOUR));
                } else {
                    assert_eq!(outcome, Ok(()));
                }
                let is_failure = is_restarted || message.contains(": ");
                let count = if is_restarted { 3 } else { 1 };
                assert_eq!(runs.into_inner(), count, "{kind:?} {message}");
                let count = if is_failure { count } else { 0 };
                assert_eq!(told.into_inner().unwrap(), vec![message; count], "{kind:?}");
            });
        }
    }
}

fn a_restart_of_others_starts_transients_again_and_ends_temporaries(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (failing, transient) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (temporary, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let outcome = Supervisor::new(Strategy::OneForAll)
            .on_failure(|_| {})
            .child_with(Restart::Transient, "transient", || {
                transient.fetch_add(1, SeqCst);
            })
            .child_with(Restart::Temporary, "temporary", || {
                let _ended = OnDrop(|| ended.store(true, SeqCst));
                if temporary.fetch_add(1, SeqCst) == 0 {
                    sleep(Duration::MAX);
                }
            })
            .child_with(Restart::Transient, "failing", || {
                if failing.fetch_add(1, SeqCst) == 0 {
                    until(|| temporary.load(SeqCst) == 1 && transient.load(SeqCst) == 1);
                    fail("once");
                }
                assert!(ended.load(SeqCst));
            })
            .run();
        assert_eq!(outcome, Ok(()));
        let runs = [failing, transient, temporary].map(AtomicUsize::into_inner);
        assert_eq!(runs, [2, 2, 1]);
    });
}

fn nobody_to_run_is_no_failure(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let supervisor = Supervisor::new(Strategy::OneForAll);
        assert_eq!(supervisor.run(), Ok(()));
        assert_eq!(supervisor.run(), Ok(()));
    });
}

fn restarts_older_than_the_period_do_not_count(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let runs = AtomicUsize::new(0);
        let period = Duration::from_millis(4);
        let outcome = Supervisor::new(Strategy::OneForOne)
            .intensity(1, period)
            .on_failure(|_| {})
            .child_with(Restart::Transient, "seldom", || {
                // However long this takes in truth, the last restart is past when it has.
                sleep(period + Duration::from_millis(1));
                match runs.fetch_add(1, SeqCst) {
                    5 => Ok(()),
                    _ => Err("now and then"),
                }
            })
            .run();
        assert_eq!((outcome, runs.into_inner()), (Ok(()), 6));
    });
}

fn no_message_is_lost(new: fn() -> Builder) {
    const MESSAGES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        on_thread_and_task(new, || {
            let (begun, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
            let mut supervisor = Supervisor::new(strategy)
                .intensity(0, HOUR)
                .on_failure(|failure| told.lock().unwrap().push(failure.message().to_owned()));
            for message in MESSAGES {
                let begun = &begun;
                supervisor = supervisor.child_with(Restart::Transient, message, move || {
                    begun.fetch_add(1, SeqCst);
                    // All fail at once, some of them while they are being ended.
                    shield(|| until(|| begun.load(SeqCst) == MESSAGES.len()));
                    fail(message)
                });
            }
            let gave_up = supervisor.run().unwrap_err();
            drop(supervisor);
            let mut told = told.into_inner().unwrap();
            assert_eq!(gave_up.failure().message(), told[0]);
            told.sort();
            assert_eq!(told, MESSAGES);
        });
    }
}

fn supervisors_nest(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (crowd, deep) = (Crowd::default(), AtomicUsize::new(0));
        let inner = Supervisor::new(Strategy::OneForAll)
            .on_failure(|_| {})
            .child("1", || crowd.run(1))
            .child("deep", || {
                deep.fetch_add(1, SeqCst);
                until(|| crowd.begun.load(SeqCst) >= 1);
                crowd.begun.fetch_sub(1, SeqCst);
                fail("deep down")
            });
        let gave_up = Supervisor::new(Strategy::OneForOne)
            .on_failure(|_| {})
            .child("inner", || inner.run())
            .run()
            .unwrap_err();
        let message = "gave up, as 1 restart in 5s is allowed: child \"inner\" failed: \
                       gave up, as 1 restart in 5s is allowed: child \"deep\" panicked: deep down";
        assert_eq!(gave_up.to_string(), message);
        assert_eq!(deep.load(SeqCst), 4);
        assert_eq!(crowd.ended(), [1; 4]);
        // What cancels the outer one ends the inner one's in between.
        let node = Node::new();
        let inner = Supervisor::new(Strategy::OneForAll)
            .child("1", || crowd.run(1))
            .child("2", || crowd.run(2));
        let outer = Supervisor::new(Strategy::OneForOne)
            .child("0", || crowd.run(0))
            .child("inner", || inner.run())
            .child("3", || crowd.run(3))
            .child("canceller", || {
                crowd.await_begun(4);
                node.cancel();
            });
        assert!(run_in(node.clone(), || outer.run()).is_err());
        assert_eq!(crowd.ended(), [3, 2, 1, 0]);
    });
}

fn children_begin_in_order_under_their_names(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let begun = Mutex::new(Vec::new());
        let begin = || {
            let task = task::current();
            let name = task.name().unwrap().to_owned();
            begun.lock().unwrap().push((task.id(), name));
        };
        let outcome = Supervisor::new(Strategy::OneForOne)
            .on_failure(|_| {})
            .child_with(Restart::Temporary, "a", begin)
            .child_with(Restart::Temporary, "b", || {
                begin();
                Ok::<_, std::io::Error>(())
            })
            .child_with(Restart::Temporary, "c", || {
                // What never returns has a type of its own.
                begin();
                fail("the last")
            })
            .run();
        assert_eq!(outcome, Ok(()));
        let mut begun = begun.into_inner().unwrap();
        // Tasks are numbered as they are started.
        begun.sort_by_key(|(id, _)| id.to_string().parse::<u64>().unwrap());
        let names: Vec<_> = begun.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    });
}
