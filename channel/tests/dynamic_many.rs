//! `Select`: lists of many cases, and many lists at once.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Flavor, Random, Tally, World, join_all, rounds};
use hueless_channel::{
    Receiver, RecvError, Select, SelectedOperation, Sender, TryRecvError, bounded, select,
    unbounded,
};

tests_in_all_worlds!(
    many_cases_that_are_ready,
    many_cases_that_wait,
    many_cases_that_wait_to_send,
    many_cases_on_one_channel,
    removed_cases_leave_the_others_their_indices,
    removed_cases_leave_the_order,
    clones_are_lists_of_their_own,
    chosen_at_random,
    exactly_one_of_many_commits,
    nothing_is_lost_by_those_who_change_their_minds,
);

/// So many that they fit in place, and so many that they do not.
const COUNTS: [usize; 10] = [1, 7, 8, 9, 15, 16, 17, 18, 100, 1_000];

fn channels(count: usize, capacity: usize) -> (Vec<Sender<usize>>, Vec<Receiver<usize>>) {
    (0..count).map(|_| bounded(capacity)).unzip()
}

fn many_cases_that_are_ready<W: World>() {
    for count in COUNTS {
        let (senders, receivers) = channels(count, 1);
        let mut list = Select::new();
        for (i, r) in receivers.iter().enumerate() {
            assert_eq!(list.recv(r), i);
        }
        assert!(list.try_select().is_err() && list.try_ready().is_err());
        for i in [0, count / 2, count - 1, count / 3] {
            senders[i].send(i).unwrap();
            assert_eq!(list.try_ready(), Ok(i));
            assert_eq!(list.ready(), i);
            let operation = list.try_select().unwrap();
            assert_eq!(operation.index(), i);
            assert_eq!(operation.recv(&receivers[i]), Ok(i));
        }
        senders
            .iter()
            .enumerate()
            .for_each(|(i, s)| s.send(i).unwrap());
        let tally = Tally::new(count);
        for _ in 0..count {
            let operation = list.select();
            let index = operation.index();
            assert_eq!(operation.recv(&receivers[index]), Ok(index));
            tally.count(index);
        }
        assert!(list.try_select().is_err());
    }
}

fn many_cases_that_wait<W: World>() {
    for count in COUNTS {
        for capacity in [0, 1] {
            let (senders, receivers) = channels(count, capacity);
            let mut list = Select::new();
            receivers.iter().for_each(|r| {
                list.recv(r);
            });
            assert!(list.select_timeout(Duration::from_nanos(1)).is_err());
            assert!(list.ready_timeout(Duration::from_nanos(1)).is_err());
            for i in [0, count / 2, count - 1] {
                let s = senders[i].clone();
                let sender = W::spawn(move || s.send(i));
                if i % 2 == 0 {
                    assert_eq!(list.ready(), i);
                }
                let operation = list.select();
                assert_eq!(operation.index(), i);
                assert_eq!(operation.recv(&receivers[i]), Ok(i));
                sender.join().unwrap();
            }
            drop(senders);
            let operation = list.select();
            let index = operation.index();
            assert_eq!(operation.recv(&receivers[index]), Err(RecvError));
            // No waiter is left anywhere.
            drop(list);
            drop(receivers);
        }
    }
}

fn many_cases_that_wait_to_send<W: World>() {
    for count in COUNTS {
        for capacity in [0, 1] {
            let (senders, receivers) = channels(count, capacity);
            for s in &senders {
                let _ = s.try_send(count);
            }
            let mut list = Select::new();
            senders.iter().for_each(|s| {
                list.send(s);
            });
            for i in [0, count / 2, count - 1] {
                let r = receivers[i].clone();
                let receiver = W::spawn(move || {
                    let got = [
                        r.recv().unwrap(),
                        if capacity == 0 { i } else { r.recv().unwrap() },
                    ];
                    // As it was.
                    (capacity == 1, got)
                });
                let operation = list.select();
                assert_eq!(operation.index(), i);
                operation.send(&senders[i], i).unwrap();
                let (fill, got) = receiver.join();
                assert_eq!(got[1], i);
                if fill {
                    senders[i].try_send(count).unwrap();
                }
            }
            assert!(list.try_select().is_err());
        }
    }
}

fn many_cases_on_one_channel<W: World>() {
    for count in COUNTS {
        let (s, r) = bounded(0);
        let sender = W::spawn(move || (0..4).for_each(|i| s.send(i).unwrap()));
        let mut list = Select::new();
        (0..count).for_each(|_| {
            list.recv(&r);
        });
        for i in 0..4 {
            assert_eq!(list.select().recv(&r), Ok(i));
        }
        sender.join();
        assert_eq!(list.select().recv(&r), Err(RecvError));
    }
    // More than can be told apart.
    let (_s, r) = unbounded::<()>();
    let mut list = Select::new();
    (0..70_000).for_each(|_| {
        list.recv(&r);
    });
    assert!(catch_unwind(AssertUnwindSafe(|| list.try_ready())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(list.try_select()))).is_err());
}

fn removed_cases_leave_the_others_their_indices<W: World>() {
    let (senders, receivers) = channels(12, 1);
    let mut list = Select::new();
    receivers.iter().for_each(|r| {
        list.recv(r);
    });
    let mut random = Random::new(3);
    let mut left: Vec<_> = (0..12).collect();
    senders
        .iter()
        .enumerate()
        .for_each(|(i, s)| s.send(i).unwrap());
    while !left.is_empty() {
        let gone = left.swap_remove(random.below(left.len()));
        list.remove(gone);
        let again = catch_unwind(AssertUnwindSafe(|| list.remove(gone)));
        assert!(again.is_err(), "{gone} is gone already");
        for _ in 0..left.len() * 3 {
            let operation = list.select();
            let index = operation.index();
            assert!(left.contains(&index));
            assert_eq!(operation.recv(&receivers[index]), Ok(index));
            senders[index].send(index).unwrap();
        }
    }
    assert!(list.try_select().is_err(), "nothing is left");
    // Indices are not given out again.
    assert_eq!(list.recv(&receivers[0]), 12);
    assert_eq!(list.ready(), 12);
    assert!(catch_unwind(AssertUnwindSafe(|| list.remove(13))).is_err());
}

fn removed_cases_leave_the_order<W: World>() {
    let (senders, receivers) = channels(6, 1);
    let mut list = Select::new_biased();
    receivers.iter().for_each(|r| {
        list.recv(r);
    });
    senders.iter().for_each(|s| s.send(0).unwrap());
    for (gone, first) in [(0, 1), (3, 1), (1, 2), (2, 4), (4, 5)] {
        list.remove(gone);
        for _ in 0..5 {
            assert_eq!(list.ready(), first);
        }
    }
    // Those who wait are met in the same order.
    let (s, r) = bounded(0);
    let mut list = Select::new_biased();
    (0..5).for_each(|_| {
        list.recv(&r);
    });
    list.remove(0);
    list.remove(2);
    for _ in 0..rounds(40) {
        let s = s.clone();
        let sender = W::spawn(move || s.send(1).unwrap());
        let operation = list.select();
        assert_eq!(operation.index(), 1);
        operation.recv(&r).unwrap();
        sender.join();
    }
}

fn clones_are_lists_of_their_own<W: World>() {
    let (senders, receivers) = channels(3, 1);
    let mut list = Select::new_biased();
    receivers.iter().for_each(|r| {
        list.recv(r);
    });
    list.remove(0);
    let mut clone = list.clone();
    clone.remove(1);
    senders.iter().for_each(|s| s.send(5).unwrap());
    assert_eq!((list.ready(), clone.ready()), (1, 2));
    assert_eq!(
        (list.recv(&receivers[0]), clone.recv(&receivers[1])),
        (3, 3)
    );
    list.remove(1);
    list.remove(2);
    assert_eq!((list.ready(), clone.ready()), (3, 2));
    assert_eq!(list.select().recv(&receivers[0]), Ok(5));
    assert_eq!(clone.select().recv(&receivers[2]), Ok(5));
}

fn chosen_at_random<W: World>() {
    for count in [3, 12, 30] {
        let (senders, receivers) = channels(count, 1);
        senders.iter().for_each(|s| s.send(0).unwrap());
        let mut list = Select::new();
        receivers.iter().for_each(|r| {
            list.recv(r);
        });
        let mut hits = vec![0; count];
        for _ in 0..count * 100 {
            let operation = list.select();
            let index = operation.index();
            operation.recv(&receivers[index]).unwrap();
            senders[index].send(0).unwrap();
            hits[index] += 1;
            hits[list.ready()] += 1;
        }
        // A fair choice misses this with a probability below 1e-20.
        assert!(hits.iter().all(|hits| *hits > 50), "{hits:?}");
    }
}

fn exactly_one_of_many_commits<W: World>() {
    const CHANNELS: usize = 10;
    const TASKS: usize = 4;
    let each = rounds(2_000);
    for flavor in Flavor::ALL {
        let channels: Arc<Vec<_>> = Arc::new((0..CHANNELS).map(|_| flavor.make()).collect());
        let tally = Tally::new(TASKS * each);
        let received = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = (0..TASKS)
            .map(|task| {
                let channels = channels.clone();
                W::spawn(move || {
                    let mut list = Select::new();
                    for i in 0..CHANNELS {
                        list.send(&channels[(i + task) % CHANNELS].0);
                    }
                    for i in 0..each {
                        let operation = list.select();
                        let s = &channels[(operation.index() + task) % CHANNELS].0;
                        operation.send(s, task * each + i).unwrap();
                    }
                })
            })
            .collect();
        let receivers: Vec<_> = (0..TASKS)
            .map(|task| {
                let (channels, tally, received) =
                    (channels.clone(), tally.clone(), received.clone());
                W::spawn(move || {
                    let mut list = Select::new();
                    for i in 0..CHANNELS {
                        list.recv(&channels[(i + 3 * task) % CHANNELS].1);
                    }
                    while received.fetch_add(1, Ordering::Relaxed) < TASKS * each {
                        let operation = list.select();
                        let r = &channels[(operation.index() + 3 * task) % CHANNELS].1;
                        tally.count(operation.recv(r).unwrap());
                    }
                })
            })
            .collect();
        join_all(senders);
        join_all(receivers);
        tally.assert_all_came_out();
        assert!(
            channels
                .iter()
                .all(|(_, r)| r.try_recv() == Err(TryRecvError::Empty))
        );
    }
}

/// Drops an operation in a way that makes no noise: while unwinding already.
fn drop_quietly(operation: SelectedOperation<'_>) {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _dropped_here = operation;
        resume_unwind(Box::new("quiet"))
    }));
    assert!(unwound.is_err());
}

fn nothing_is_lost_by_those_who_change_their_minds<W: World>() {
    const TASKS: usize = 3;
    let each = rounds(1_500);
    for flavors in [
        [Flavor::Zero, Flavor::Zero],
        [Flavor::Array(1), Flavor::Array(2)],
        [Flavor::List, Flavor::Zero],
        [Flavor::Array(1), Flavor::List],
    ] {
        let channels = flavors.map(|flavor| flavor.make::<usize>());
        let tally = Tally::new(TASKS * each);
        let senders: Vec<_> = (0..TASKS)
            .map(|task| {
                let s = [channels[0].0.clone(), channels[1].0.clone()];
                W::spawn(move || {
                    let mut random = Random::new(task as u64);
                    let mut list = Select::new();
                    s.iter().for_each(|s| {
                        list.send(s);
                    });
                    let mut i = 0;
                    while i < each {
                        let msg = task * each + i;
                        match random.below(6) {
                            0 => drop_quietly(list.select()),
                            1 => {
                                let _ = list.try_select().map(drop_quietly);
                            }
                            2 => {
                                s[random.below(2)].send(msg).unwrap();
                                i += 1;
                            }
                            3 => select! {
                                send(s[0], msg) -> res => { res.unwrap(); i += 1; }
                                send(s[1], msg) -> res => { res.unwrap(); i += 1; }
                                default(Duration::from_micros(20)) => {}
                            },
                            _ => {
                                let operation = list.select();
                                let index = operation.index();
                                operation.send(&s[index], msg).unwrap();
                                i += 1;
                            }
                        }
                    }
                })
            })
            .collect();
        let receivers: Vec<_> = (0..TASKS)
            .map(|task| {
                let r = [channels[0].1.clone(), channels[1].1.clone()];
                let tally = tally.clone();
                W::spawn(move || {
                    let mut random = Random::new(50 + task as u64);
                    let mut open = [true; 2];
                    while open.contains(&true) {
                        let mut list = Select::new();
                        r.iter().for_each(|r| {
                            list.recv(r);
                        });
                        for (i, _) in open.iter().enumerate().filter(|(_, open)| !**open) {
                            list.remove(i);
                        }
                        match random.below(5) {
                            0 => drop_quietly(list.select()),
                            1 => {
                                let _ = list
                                    .select_timeout(Duration::from_micros(20))
                                    .map(drop_quietly);
                            }
                            2 => r.iter().for_each(|r| {
                                if let Ok(msg) = r.try_recv() {
                                    tally.count(msg);
                                }
                            }),
                            _ => {
                                let operation = list.select();
                                let index = operation.index();
                                match operation.recv(&r[index]) {
                                    Ok(msg) => tally.count(msg),
                                    Err(RecvError) => open[index] = false,
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        let [(s1, r1), (s2, r2)] = channels;
        drop((s1, s2));
        join_all(senders);
        join_all(receivers);
        // What was given back after the others had heard of the end.
        r1.try_iter()
            .chain(r2.try_iter())
            .for_each(|msg| tally.count(msg));
        tally.assert_all_came_out();
    }
}
