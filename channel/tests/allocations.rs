//! Operations allocate nothing, once their channels are there: in tasks of both modes, where all that
//! happens on the one worker is counted, and on OS threads.

mod common;
#[path = "common/counting.rs"]
mod counting;

use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::{Flavor, Migrating, NEVER, Tasks, Threads, World, modes};
use counting::count;
use hueless_channel::{
    Receiver, Select, Sender, after, at, bounded, never, select, select_biased, tick, unbounded,
};

const ROUNDS: usize = 1_000;

/// Makes a test of each function, which counts for itself, in tasks of each mode and on a thread.
macro_rules! in_all_worlds {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() {
            run_on_threads(counted::$name::<Threads>);
            run_in_tasks(counted::$name::<Tasks>, counted::$name::<Migrating>);
        })*
    };
}

in_all_worlds!(
    alone_on_each_flavor,
    with_a_peer_on_each_flavor,
    selects_that_are_ready,
    selects_that_wait,
    selects_that_give_up,
    lists_that_are_ready,
    lists_that_wait,
    lists_that_give_up,
    watching,
    timers_in_selects,
    making_timers,
    batches,
);

fn run_on_threads(test: fn()) {
    thread::spawn(test).join().unwrap();
}

fn run_in_tasks(pinned: fn(), migrating: fn()) {
    for ((mode, new), test) in modes().into_iter().zip([pinned, migrating]) {
        println!("in mode {mode}");
        new().workers(1).build().unwrap().run(test);
    }
}

/// A thread's parker comes with its first wait.
fn wait_once() {
    assert!(never::<()>().recv_timeout(Duration::from_nanos(1)).is_err());
}

/// What `f` allocates when it is run again and again.
///
/// A queue of the runtime's grows when it is first needed, which a busy machine may put off until now:
/// that happens once, and what is counted after it is the steady state.
fn steady(mut f: impl FnMut()) -> (usize, isize) {
    wait_once();
    // Parkers, stacks, wheels and queues of the runtime come once.
    (0..ROUNDS / 10).for_each(|_| f());
    let mut counted = (usize::MAX, isize::MAX);
    for _ in 0..5 {
        counted = count(|| (0..ROUNDS).for_each(|_| f()));
        if counted.0 == 0 {
            break;
        }
    }
    counted
}

/// What was freed meanwhile may be from before.
fn assert_nothing((allocations, bytes): (usize, isize)) {
    assert_eq!(allocations, 0);
    assert!(bytes <= 0);
}

/// As above, for two channels of this flavor with a peer. A chain of blocks may come to need its second
/// one at any time: when both sides happen to be at the first one's end.
fn assert_no_more_than_blocks(flavor: Flavor, (allocations, bytes): (usize, isize)) {
    println!("{flavor:?}");
    if flavor == Flavor::List {
        assert!(allocations <= 2, "{allocations} allocations");
    } else {
        assert_nothing((allocations, bytes));
    }
}

/// Someone who sends back what it gets, until the channel is disconnected.
struct Echo {
    to: Sender<usize>,
    from: Receiver<usize>,
    /// The thread, and what was allocated on it meanwhile.
    end: common::Handle<(ThreadId, usize)>,
    /// Blocks of a chain: see `assert_no_more_than_blocks`.
    most: usize,
}

impl Echo {
    fn start<W: World>(flavor: Flavor) -> Self {
        let ((to, r), (s, from)) = (flavor.make(), flavor.make());
        let end = W::spawn(move || {
            wait_once();
            let echo = || r.recv().map(|msg: usize| s.send(msg)).is_ok();
            // And a chain of blocks with its first message.
            assert!(echo());
            let (allocations, _) = count(|| while echo() {});
            (thread::current().id(), allocations)
        });
        let most = usize::from(flavor == Flavor::List);
        Self {
            to,
            from,
            end,
            most,
        }
    }

    /// Ends it and checks that it has allocated nothing. A task's allocations were counted with all
    /// others of its worker.
    fn stop(self) {
        drop(self.to);
        let (thread, allocations) = self.end.join();
        if thread != thread::current().id() {
            assert!(allocations <= self.most, "{allocations} allocations");
        }
    }
}

mod counted {
    use super::*;

    pub(super) fn alone_on_each_flavor<W: World>() {
        for flavor in [Flavor::Array(1), Flavor::Array(10), Flavor::List] {
            let (s, r) = flavor.make();
            let none = steady(|| {
                s.send(1).unwrap();
                assert_eq!(r.recv(), Ok(1));
                s.try_send(2).unwrap();
                assert_eq!(r.try_recv(), Ok(2));
                s.send_timeout(3, NEVER).unwrap();
                assert_eq!(r.recv_timeout(NEVER), Ok(3));
                assert!(r.try_recv().is_err());
            });
            println!("{flavor:?}");
            assert_nothing(none);
        }
    }

    pub(super) fn with_a_peer_on_each_flavor<W: World>() {
        for flavor in Flavor::ALL {
            let echo = Echo::start::<W>(flavor);
            let none = steady(|| {
                echo.to.send(1).unwrap();
                assert_eq!(echo.from.recv(), Ok(1));
                echo.to.send_timeout(2, NEVER).unwrap();
                assert_eq!(echo.from.recv_timeout(NEVER), Ok(2));
            });
            assert_no_more_than_blocks(flavor, none);
            echo.stop();
        }
    }

    pub(super) fn selects_that_are_ready<W: World>() {
        let (s, r) = bounded(1);
        let (s2, r2) = unbounded();
        let (_s3, nothing) = bounded::<usize>(0);
        let none = steady(|| {
            select! {
                recv(nothing) -> _ => unreachable!(),
                send(s, 1) -> res => res.unwrap(),
            }
            select! {
                send(s2, 2) -> res => res.unwrap(),
                default => unreachable!(),
            }
            for _ in 0..2 {
                select! {
                    recv(nothing) -> _ => unreachable!(),
                    recv(r) -> msg => assert_eq!(msg, Ok(1)),
                    recv(nothing) -> _ => unreachable!(),
                    recv(r2) -> msg => assert_eq!(msg, Ok(2)),
                    recv(nothing) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                    recv(never::<usize>()) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                    default(NEVER) => unreachable!(),
                }
            }
        });
        assert_nothing(none);
    }

    pub(super) fn selects_that_wait<W: World>() {
        for flavor in Flavor::ALL {
            let echo = Echo::start::<W>(flavor);
            let (to, from) = (&echo.to, &echo.from);
            let (_s3, nothing) = bounded::<usize>(0);
            let none = steady(|| {
                select! {
                    send(to, 1) -> res => res.unwrap(),
                    recv(nothing) -> _ => unreachable!(),
                }
                select! {
                    recv(nothing) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                    recv(from) -> msg => assert_eq!(msg, Ok(1)),
                    recv(from) -> msg => assert_eq!(msg, Ok(1)),
                    recv(nothing) -> _ => unreachable!(),
                    recv(nothing) -> _ => unreachable!(),
                }
                to.send(2).unwrap();
                select_biased! {
                    recv(nothing) -> _ => unreachable!(),
                    recv(from) -> msg => assert_eq!(msg, Ok(2)),
                    default(NEVER) => unreachable!(),
                }
            });
            assert_no_more_than_blocks(flavor, none);
            echo.stop();
        }
    }

    pub(super) fn selects_that_give_up<W: World>() {
        let (s, r) = bounded::<usize>(0);
        let none = steady(|| {
            select! {
                recv(r) -> _ => unreachable!(),
                send(s, 1) -> _ => unreachable!(),
                recv(r) -> _ => unreachable!(),
                recv(r) -> _ => unreachable!(),
                recv(r) -> _ => unreachable!(),
                send(s, 1) -> _ => unreachable!(),
                recv(r) -> _ => unreachable!(),
                send(s, 1) -> _ => unreachable!(),
                default(Duration::from_nanos(1)) => {}
            }
        });
        assert_nothing(none);
    }

    pub(super) fn lists_that_are_ready<W: World>() {
        let (s, r) = bounded::<[u64; 9]>(1);
        let (_s3, nothing) = bounded::<[u64; 9]>(0);
        let none = steady(|| {
            let mut list = Select::new();
            for _ in 0..7 {
                list.recv(&nothing);
            }
            assert!(list.try_select().is_err() && list.try_ready().is_err());
            list.send(&s);
            assert_eq!(list.ready(), 7);
            list.select().send(&s, [1; 9]).unwrap();
            list.remove(7);
            list.recv(&r);
            assert_eq!(list.clone().try_select().unwrap().recv(&r), Ok([1; 9]));
        });
        assert_nothing(none);
    }

    pub(super) fn lists_that_wait<W: World>() {
        for flavor in Flavor::ALL {
            let echo = Echo::start::<W>(flavor);
            let (_s3, nothing) = bounded::<usize>(0);
            let none = steady(|| {
                let mut list = Select::new();
                list.send(&echo.to);
                list.select().send(&echo.to, 1).unwrap();
                let mut list = Select::new();
                (0..7).for_each(|_| {
                    list.recv(&nothing);
                });
                list.recv(&echo.from);
                let operation = list.select_timeout(NEVER).unwrap();
                assert_eq!(operation.recv(&echo.from), Ok(1));
            });
            assert_no_more_than_blocks(flavor, none);
            echo.stop();
        }
    }

    pub(super) fn lists_that_give_up<W: World>() {
        let (s, r) = bounded::<usize>(0);
        let mut list = Select::new();
        for _ in 0..4 {
            list.recv(&r);
            list.send(&s);
        }
        let none = steady(|| {
            assert!(list.select_timeout(Duration::from_nanos(1)).is_err());
            assert!(list.ready_timeout(Duration::from_nanos(1)).is_err());
        });
        assert_nothing(none);
    }

    pub(super) fn watching<W: World>() {
        for flavor in Flavor::ALL {
            let echo = Echo::start::<W>(flavor);
            let mut list = Select::new();
            list.recv(&echo.from);
            let none = steady(|| {
                echo.to.send(1).unwrap();
                loop {
                    list.ready();
                    if let Ok(msg) = echo.from.try_recv() {
                        assert_eq!(msg, 1);
                        break;
                    }
                }
            });
            assert_no_more_than_blocks(flavor, none);
            echo.stop();
        }
    }

    pub(super) fn timers_in_selects<W: World>() {
        let (_s, nothing) = bounded::<usize>(0);
        let ticks = tick(Duration::from_nanos(100));
        let late = at(Instant::now() + NEVER);
        let mut list = Select::new();
        list.recv(&nothing);
        list.recv(&late);
        list.recv(&ticks);
        let none = steady(|| {
            ticks.recv().unwrap();
            select! {
                recv(nothing) -> _ => unreachable!(),
                recv(late) -> _ => unreachable!(),
                recv(ticks) -> msg => assert!(msg.is_ok()),
            }
            list.select().recv(&ticks).unwrap();
            assert_eq!(list.ready(), 2);
            assert!(late.recv_timeout(Duration::from_nanos(1)).is_err());
        });
        assert_nothing(none);
    }

    /// Each timer is one allocation, which is gone with it.
    pub(super) fn making_timers<W: World>() {
        let (_s, nothing) = bounded::<usize>(0);
        let each = steady(|| {
            select! {
                recv(nothing) -> _ => unreachable!(),
                recv(after(Duration::from_nanos(1))) -> _ => {}
                recv(never::<usize>()) -> _ => unreachable!(),
                recv(after(Duration::MAX)) -> _ => unreachable!(),
            }
        });
        assert_eq!(each.0, ROUNDS);
        assert!(each.1 <= 0);
    }

    pub(super) fn batches<W: World>() {
        for flavor in [Flavor::Array(8), Flavor::List] {
            let (s, r) = flavor.make();
            let mut batch = Vec::with_capacity(8);
            let none = steady(|| {
                (0..8).for_each(|i| s.send(i).unwrap());
                assert_eq!(r.recv_many(&mut batch, 5), 5);
                assert_eq!(r.recv_many(&mut batch, 3), 3);
                batch.clear();
            });
            println!("{flavor:?}");
            assert_nothing(none);
        }
        // With senders that wait.
        let echo = Echo::start::<W>(Flavor::Array(1));
        let mut batch = Vec::with_capacity(8);
        let none = steady(|| {
            echo.to.send(1).unwrap();
            echo.to.send(2).unwrap();
            while batch.len() < 2 {
                echo.from.recv_many(&mut batch, 2);
            }
            batch.clear();
        });
        assert_nothing(none);
        echo.stop();
    }
}

/// 10^5 selects with a timer that time out leave nothing in the queues, nor in memory.
#[test]
fn selects_that_time_out_leave_nothing() {
    const SELECTS: usize = 100_000;
    fn time_out() {
        let (s, r) = bounded::<u8>(0);
        let (s2, r2) = bounded::<u8>(1);
        s2.send(0).unwrap();
        let mut list = Select::new();
        list.recv(&r);
        list.send(&s2);
        let mut round = |i: usize| {
            let wait = Duration::from_nanos(1);
            match i % 4 {
                0 => select! {
                    recv(r) -> _ => unreachable!(),
                    send(s2, 1) -> _ => unreachable!(),
                    recv(after(wait)) -> _ => {}
                },
                1 => select! {
                    recv(r) -> _ => unreachable!(),
                    send(s2, 1) -> _ => unreachable!(),
                    default(wait) => {}
                },
                2 => assert!(list.select_timeout(wait).is_err()),
                _ => assert!(list.ready_timeout(wait).is_err()),
            }
        };
        (0..100).for_each(&mut round);
        let (_, bytes) = count(|| (0..SELECTS).for_each(&mut round));
        assert!(bytes < 1_000, "{bytes} bytes more");
        // Nobody is found waiting.
        assert!(s.try_send(1).is_err() && r.try_recv().is_err());
        assert_eq!((r2.try_recv(), r2.len()), (Ok(0), 0));
    }
    run_on_threads(time_out);
    run_in_tasks(time_out, time_out);
}
