//! Many at once: nothing is lost, nothing comes twice, everybody ends.

use std::collections::HashSet;

use hueless_channel::{bounded, never, select};

use crate::common::{World, join_all, rounds};

crate::tests_in_all_worlds!(
    a_select_of_sends_sends_each_value_once,
    selects_and_plain_operations_share_channels,
    many_consumers_share_the_work,
    all_capacities_serve_many_receivers,
);

/// Go's `doubleselect`.
fn a_select_of_sends_sends_each_value_once<W: World>() {
    let count = rounds(8_000);
    let (merged, all) = bounded(0);
    let (senders, muxes): (Vec<_>, Vec<_>) = (0..4)
        .map(|_| {
            let (s, r) = bounded(0);
            let merged = merged.clone();
            (
                s,
                W::spawn(move || r.iter().for_each(|i| merged.send(i).unwrap())),
            )
        })
        .unzip();
    drop(merged);
    let sending = W::spawn(move || {
        for i in 0..count {
            select! {
                send(senders[0], i) -> res => res.unwrap(),
                send(senders[1], i) -> res => res.unwrap(),
                send(senders[2], i) -> res => res.unwrap(),
                send(senders[3], i) -> res => res.unwrap(),
            }
        }
    });
    let mut seen = HashSet::new();
    for i in all {
        assert!(seen.insert(i), "{i} came twice");
    }
    assert_eq!(seen.len(), count);
    sending.join();
    join_all(muxes);
}

/// Go's `TestSelectStress`: on each of four channels one sends and one receives plainly, one sends and
/// one receives in selects over all four.
fn selects_and_plain_operations_share_channels<W: World>() {
    let count = rounds(8_000);
    let (s, r): (Vec<_>, Vec<_>) = [0, 0, 2, 3].map(bounded::<usize>).into_iter().unzip();
    let mut handles = Vec::new();
    for channel in 0..4 {
        let (s, r) = (s[channel].clone(), r[channel].clone());
        handles.push(W::spawn(move || {
            (0..count).for_each(|i| s.send(i).unwrap());
            0
        }));
        handles.push(W::spawn(move || {
            (0..count).map(|_| r.recv().unwrap()).sum()
        }));
    }
    handles.push(W::spawn(move || {
        let (off, _kept) = bounded(0);
        let mut left = [count; 4];
        for _ in 0..4 * count {
            let next = |channel: usize| if left[channel] > 0 { &s[channel] } else { &off };
            let channel = select! {
                send(next(0), count - left[0]) -> res => res.map(|()| 0),
                send(next(3), count - left[3]) -> res => res.map(|()| 3),
                send(next(2), count - left[2]) -> res => res.map(|()| 2),
                send(next(1), count - left[1]) -> res => res.map(|()| 1),
            };
            left[channel.unwrap()] -= 1;
        }
        0
    }));
    handles.push(W::spawn(move || {
        let off = never();
        let mut left = [count; 4];
        let mut sum = 0;
        for _ in 0..4 * count {
            let next = |channel: usize| if left[channel] > 0 { &r[channel] } else { &off };
            let (channel, msg) = select! {
                recv(next(0)) -> msg => (0, msg),
                recv(next(1)) -> msg => (1, msg),
                recv(next(2)) -> msg => (2, msg),
                recv(next(3)) -> msg => (3, msg),
            };
            left[channel] -= 1;
            sum += msg.unwrap();
        }
        sum
    }));
    let received: usize = join_all(handles).into_iter().sum();
    assert_eq!(received, 8 * (0..count).sum::<usize>());
}

/// Go's `TestMultiConsumer`.
fn many_consumers_share_the_work<W: World>() {
    const WORKERS: usize = 23;
    const STEPS: [usize; 7] = [2, 3, 7, 11, 13, 19, 23];
    let count = rounds(40_000);
    let (work, todo) = bounded(WORKERS * 3);
    let (done, results) = bounded(WORKERS * 3);
    let workers: Vec<_> = (0..WORKERS)
        .map(|i| {
            let (todo, done) = (todo.clone(), done.clone());
            W::spawn(move || {
                for item in todo {
                    // Some of them are slower than others.
                    if STEPS[i % STEPS.len()] == item % 29 {
                        W::yield_now();
                    }
                    done.send(item).unwrap();
                }
            })
        })
        .collect();
    drop((todo, done));
    let feeding = W::spawn(move || {
        (0..count)
            .map(|i| STEPS[i % STEPS.len()] + i)
            .inspect(|item| work.send(*item).unwrap())
            .sum::<usize>()
    });
    let received: Vec<usize> = results.iter().collect();
    assert_eq!(received.len(), count);
    assert_eq!(received.iter().sum::<usize>(), feeding.join());
    join_all(workers);
}

/// Go's `TestChan`, its last part: four receivers at each capacity.
fn all_capacities_serve_many_receivers<W: World>() {
    const RECEIVERS: usize = 4;
    const EACH: usize = 100;
    for capacity in (0..=10).chain([100, 1_000]) {
        let (s, r) = bounded(capacity);
        let receivers: Vec<_> = (0..RECEIVERS)
            .map(|_| {
                let r = r.clone();
                W::spawn(move || (0..EACH).map(|_| r.recv().unwrap()).collect::<Vec<_>>())
            })
            .collect();
        (0..RECEIVERS * EACH).for_each(|i| s.send(i).unwrap());
        let parts = join_all(receivers);
        // Each of them sees what it gets in the order it was sent.
        assert!(parts.iter().all(|part| part.is_sorted()));
        let mut all = parts.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..RECEIVERS * EACH));
        assert!(r.is_empty());
    }
}
