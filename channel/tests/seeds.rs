//! What a select chooses follows the seed of a runtime that has one.

use std::collections::HashSet;

use hueless_channel::{bounded, select};
use hueless_runtime::runtime::Builder;

/// Which of two ready cases a select chooses each time, and how a select that waits in one channel
/// twice is served.
fn choices(seed: u64) -> Vec<u8> {
    let runtime = Builder::new().workers(1).seed(seed).build().unwrap();
    runtime.run(|| {
        let (left, from_left) = bounded(64);
        let (right, from_right) = bounded(64);
        for _ in 0..64 {
            left.send(0).unwrap();
            right.send(1).unwrap();
        }
        let mut chosen: Vec<u8> = (0..64)
            .map(|_| {
                select! {
                    recv(from_left) -> side => side.unwrap(),
                    recv(from_right) -> side => side.unwrap(),
                }
            })
            .collect();
        let (sender, receiver) = bounded(0);
        for _ in 0..64 {
            let sender = sender.clone();
            let sending = hueless_runtime::spawn(move || sender.send(()).unwrap());
            chosen.push(select! {
                recv(receiver) -> _ => 2,
                recv(receiver) -> _ => 3,
            });
            sending.join().unwrap();
        }
        chosen
    })
}

#[test]
fn a_select_chooses_by_the_seed() {
    let mut all = HashSet::new();
    for seed in 0..100 {
        let once = choices(seed);
        assert_eq!(once, choices(seed), "seed {seed}");
        for choice in 0..4 {
            assert!(once.contains(&choice), "seed {seed} never chooses {choice}");
        }
        all.insert(once);
    }
    assert_eq!(all.len(), 100);
}
