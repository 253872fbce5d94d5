//! RELIABILITY 27, 28: timers that race wake-ups, and deadlines at the edges.

#[macro_use]
mod common;
#[path = "common/mailbox.rs"]
mod mailbox;

use std::hint::spin_loop;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{checkpoint, sleep, sleep_until, spawn, yield_now};
use mailbox::Mailbox;

in_all_modes!(
    a_stale_timer_never_ends_a_later_wait,
    a_stale_timer_never_ends_a_later_wait_beside_an_os_thread,
    a_join_that_races_its_limit_has_one_outcome,
    the_edges_of_time,
    nobody_wakes_early_on_busy_workers,
    cancelled_timers_are_gone,
    a_dropped_runtime_disarms_timers_that_are_firing,
);

/// Far enough away for any machine.
const LONG: Duration = Duration::from_secs(600);

fn two_workers(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn micros(&mut self, below: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros((self.0 >> 33) % below)
    }
}

/// One who asks and one who answers after a while.
#[derive(Clone)]
struct Pair {
    requests: Arc<Mailbox<Option<Duration>>>,
    replies: Arc<Mailbox<usize>>,
}

impl Pair {
    fn new() -> Self {
        Self {
            requests: Arc::new(Mailbox::new()),
            replies: Arc::new(Mailbox::new()),
        }
    }

    /// Answers each request after the time that it names.
    fn answer(&self) {
        let mut number = 0;
        while let Some(time) = self.requests.take() {
            match number % 3 {
                0 => sleep(time),
                1 => (0..time.as_micros() / 8).for_each(|_| yield_now()),
                _ => {
                    let start = Instant::now();
                    while start.elapsed() < time {
                        spin_loop();
                    }
                }
            }
            self.replies.put(number);
            number += 1;
        }
    }

    /// Waits for each answer with a limit of about the time that it takes, and then, if that was too
    /// short, with a long one, which has to outlast the timer of the short one. Gives how often the
    /// answer came first, and how often the deadline.
    fn ask(&self, seed: u64, rounds: usize) -> (usize, usize) {
        /// Lets the one who answers go, whatever happens.
        struct End<'a>(&'a Pair);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.requests.put(None);
            }
        }
        let _end = End(self);
        let mut random = Random::new(seed);
        let mut late = 0;
        for number in 0..rounds {
            self.requests.put(Some(random.micros(300)));
            let deadline = Instant::now() + random.micros(400);
            let answer = self.replies.take_until(Some(deadline)).or_else(|| {
                assert!(Instant::now() >= deadline, "woken early");
                late += 1;
                self.replies.take_until(Some(Instant::now() + LONG))
            });
            assert_eq!(answer, Some(number), "a wait has ended too early");
        }
        (rounds - late, late)
    }
}

fn a_stale_timer_never_ends_a_later_wait(new: fn() -> Builder) {
    two_workers(new).run(|| {
        let asking: Vec<_> = (0..20)
            .map(|seed| {
                let pair = Pair::new();
                let answering = pair.clone();
                spawn(move || answering.answer());
                spawn(move || pair.ask(seed, 200))
            })
            .collect();
        let (mut in_time, mut late) = (0, 0);
        for asking in asking {
            let (i, l) = asking.join().unwrap();
            in_time += i;
            late += l;
        }
        println!("{in_time} in time, {late} late");
        // Both times are random and of about the same size, in each of thousands of rounds.
        assert!(in_time > 0 && late > 0);
    });
}

fn a_stale_timer_never_ends_a_later_wait_beside_an_os_thread(new: fn() -> Builder) {
    let runtime = two_workers(new);
    std::thread::scope(|s| {
        let asking: Vec<_> = (0..4)
            .map(|seed| {
                let pair = Pair::new();
                let answering = pair.clone();
                s.spawn(move || answering.answer());
                runtime.spawn(move || pair.ask(seed, 400))
            })
            .collect();
        for asking in asking {
            asking.join().unwrap();
        }
    });
}

fn a_join_that_races_its_limit_has_one_outcome(new: fn() -> Builder) {
    two_workers(new).run(|| {
        let racing: Vec<_> = (0..20)
            .map(|seed| {
                spawn(move || {
                    let mut random = Random::new(seed);
                    for i in 0..100 {
                        let time = random.micros(500);
                        let task = spawn(move || {
                            sleep(time);
                            i
                        });
                        let start = Instant::now();
                        let limit = random.micros(500);
                        let result = match task.join_timeout(limit) {
                            Ok(result) => result,
                            Err(task) => {
                                assert!(start.elapsed() >= limit, "gave up early");
                                task.join_timeout(LONG).expect("gave up early")
                            }
                        };
                        assert_eq!(result.unwrap(), i);
                        assert!(start.elapsed() + Duration::from_micros(500) >= time);
                    }
                })
            })
            .collect();
        for task in racing {
            task.join().unwrap();
        }
    });
}

fn the_edges_of_time(new: fn() -> Builder) {
    let runtime = two_workers(new);
    runtime.run(|| {
        sleep(Duration::ZERO);
        let now = Instant::now();
        sleep_until(now);
        sleep_until(now.checked_sub(LONG).unwrap_or(now));

        let gate = Arc::new(Mailbox::new());
        assert_eq!(gate.take_until(Some(now)), None);
        assert_eq!(
            gate.take_until(Some(now.checked_sub(LONG).unwrap_or(now))),
            None
        );
        let opened = gate.clone();
        let waiting = spawn(move || opened.take());
        let waiting = waiting.join_timeout(Duration::ZERO).unwrap_err();
        gate.put(1);
        // `MAX` is beyond what an `Instant` can hold, the other just within.
        let far = Duration::from_secs(1 << 62);
        assert_eq!(waiting.join_timeout(far).unwrap().unwrap(), 1);
        let opened = gate.clone();
        let waiting = spawn(move || opened.take_until(Instant::now().checked_add(far)));
        gate.put(2);
        assert_eq!(
            waiting.join_timeout(Duration::MAX).unwrap().unwrap(),
            Some(2)
        );
        let ended = spawn(|| 3);
        while !ended.is_finished() {
            yield_now();
        }
        assert_eq!(ended.join_timeout(Duration::ZERO).unwrap().unwrap(), 3);
    });
    let begun = Arc::new(AtomicBool::new(false));
    let begins = begun.clone();
    let for_ever = runtime.spawn(move || {
        begins.store(true, Ordering::SeqCst);
        sleep(Duration::MAX);
    });
    while !begun.load(Ordering::SeqCst) || runtime.metrics().parked != 1 {
        std::thread::yield_now();
    }
    assert_eq!(runtime.metrics().timers, 0, "no end, no timer");
    drop(runtime);
    assert!(for_ever.join().unwrap_err().is_cancelled());
}

fn nobody_wakes_early_on_busy_workers(new: fn() -> Builder) {
    let stop = Arc::new(AtomicBool::new(false));
    two_workers(new).run(|| {
        for _ in 0..3 {
            let stop = stop.clone();
            spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    checkpoint();
                }
            });
        }
        let sleepers: Vec<_> = (0..300)
            .map(|seed| {
                spawn(move || {
                    let mut random = Random::new(seed);
                    for _ in 0..10 {
                        let time = random.micros(20_000);
                        let start = Instant::now();
                        sleep(time);
                        assert!(start.elapsed() >= time);
                    }
                })
            })
            .collect();
        for sleeper in sleepers {
            sleeper.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

fn join_many_in_time(runtime: &Runtime, count: usize) {
    runtime.run(|| {
        for i in 0..count {
            assert_eq!(spawn(move || i).join_timeout(LONG).unwrap().unwrap(), i);
        }
    });
}

fn cancelled_timers_are_gone(new: fn() -> Builder) {
    let runtime = two_workers(new);
    join_many_in_time(&runtime, 10_000);
    assert_eq!(runtime.metrics().timers, 0);
}

/// In a child of its own, because it looks at the memory of the process.
#[cfg(target_os = "linux")]
#[test]
fn cancelled_timers_leave_no_memory() {
    const CHILD: &str = "HUELESS_TEST_TIMERS";
    fn resident_kib() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }
    if std::env::var_os(CHILD).is_none() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["cancelled_timers_leave_no_memory", "--exact"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        return;
    }
    for (mode, new) in common::modes() {
        let runtime = two_workers(new);
        join_many_in_time(&runtime, 20_000);
        let before = resident_kib();
        join_many_in_time(&runtime, 100_000);
        let after = resident_kib();
        assert_eq!(runtime.metrics().timers, 0, "{mode}");
        // 10^5 entries of the least possible size, two words, would take 1,600 KiB.
        assert!(after < before + 1024, "{mode}: {before} {after}");
    }
}

/// Tasks whose deadlines pass while their runtime ends: each ends once, one way or the other.
fn a_dropped_runtime_disarms_timers_that_are_firing(new: fn() -> Builder) {
    for seed in 0..30 {
        let runtime = two_workers(new);
        let mut random = Random::new(seed);
        let sleepers: Vec<_> = (0..200)
            .map(|_| {
                let time = random.micros(2000);
                runtime.spawn(move || sleep(time))
            })
            .collect();
        let start = Instant::now();
        let time = random.micros(2000);
        while start.elapsed() < time {
            spin_loop();
        }
        drop(runtime);
        for sleeper in sleepers {
            if let Err(error) = sleeper.join() {
                assert!(error.is_cancelled(), "{error}");
            }
        }
    }
}
