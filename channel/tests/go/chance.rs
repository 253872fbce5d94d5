//! What `select!` chooses is chance, and each choice as likely as the others.
//!
//! Bounds: of `n` fair choices between two, those for one differ from `n / 2` by more than
//! `4 * sqrt(n)` with a probability below `2 * exp(-32)`, which is 3e-14 (Hoeffding's inequality).

use hueless_channel::{bounded, never, select, unbounded};

use crate::common::{World, rounds};

crate::tests_in_all_worlds!(
    two_ready_channels_are_chosen_equally_often,
    two_sends_on_one_channel_are_chosen_equally_often,
);

#[track_caller]
fn assert_fair(hits: usize, choices: usize) {
    let bound = 4.0 * (choices as f64).sqrt();
    let off = hits as f64 - choices as f64 / 2.0;
    assert!(off.abs() <= bound, "{hits} of {choices}");
}

/// Go's `TestSelectFairness`: beside two channels that never have a message.
fn two_ready_channels_are_chosen_equally_often<W: World>() {
    let trials = rounds(20_000);
    let (s1, r1) = bounded(trials + 1);
    let (s2, r2) = bounded(trials + 1);
    for _ in 0..=trials {
        s1.send(1).unwrap();
        s2.send(2).unwrap();
    }
    let (_s3, r3) = bounded::<i32>(0);
    let r4 = never::<i32>();
    let (out, from) = bounded(0);
    let (done, end) = bounded::<()>(0);
    let choosing = W::spawn(move || {
        loop {
            let chosen = select! {
                recv(r3) -> msg => msg,
                recv(r4) -> msg => msg,
                recv(r1) -> msg => msg,
                recv(r2) -> msg => msg,
            };
            select! {
                send(out, chosen.unwrap()) -> res => res.unwrap(),
                recv(end) -> _ => break,
            }
        }
    });
    let ones = (0..trials).filter(|_| match from.recv().unwrap() {
        1 => true,
        2 => false,
        other => panic!("nobody has sent {other}"),
    });
    assert_fair(ones.count(), trials);
    drop(done);
    choosing.join();
}

/// Go's `TestPseudoRandomSend`.
fn two_sends_on_one_channel_are_chosen_equally_often<W: World>() {
    let choices = rounds(8_000);
    for capacity in [Some(0), Some(1), Some(choices), None] {
        let (s, r) = capacity.map_or_else(unbounded, bounded);
        let sending = W::spawn(move || {
            for _ in 0..choices {
                select! {
                    send(s, 0) -> res => res.unwrap(),
                    send(s, 1) -> res => res.unwrap(),
                }
            }
        });
        assert_fair(r.iter().filter(|bit| *bit == 1).count(), choices);
        sending.join();
    }
}
