//! `Select`: lists of cases that are made at run time.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::{Flavor, NEVER, Tally, World, ms, rounds};
use hueless_channel::{Receiver, RecvError, Select, SelectedOperation, SendError, Sender, bounded};

tests_in_all_worlds!(
    one_of_each_kind,
    a_list_may_outlive_what_it_was_made_of,
    lists_are_used_again,
    messages_of_every_size,
    operations_move_about,
    without_cases,
    time_limits,
    both_directions_never_meet_themselves,
    two_lists_meet,
);

fn one_of_each_kind<W: World>() {
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make();
        let (s2, r2) = flavor.make::<String>();
        let other = W::spawn(move || {
            let mut list = Select::new();
            let nothing = list.recv(&r2);
            let receive = list.recv(&r);
            let operation = list.select();
            assert_ne!(operation.index(), nothing);
            assert_eq!(operation.index(), receive);
            assert_eq!(operation.recv(&r), Ok(3));
            r.clone()
        });
        let mut list = Select::new();
        assert_eq!(list.send(&s), 0);
        let operation = list.select();
        assert_eq!(operation.index(), 0);
        assert_eq!(operation.send(&s, 3), Ok(()));
        drop(other.join());
        assert_eq!(list.select().send(&s, 4), Err(SendError(4)));
        drop(s2);
    }
}

/// Borrowed are the handles only as long as the list is used.
fn a_list_may_outlive_what_it_was_made_of<W: World>() {
    let mut list = Select::new();
    let (s, r) = bounded(1);
    list.send(&s);
    list.recv(&r);
    list.select().send(&s, 1).unwrap();
    drop(s);
    assert_eq!(r.into_iter().next(), Some(1));
}

fn lists_are_used_again<W: World>() {
    let count = rounds(4_000);
    let (s, r) = bounded(1);
    let (s2, r2) = bounded(0);
    let sender = W::spawn(move || {
        let mut list = Select::new();
        list.send(&s);
        list.send(&s2);
        for i in 0..count {
            let operation = list.select();
            match operation.index() {
                0 => operation.send(&s, i).unwrap(),
                _ => operation.send(&s2, i).unwrap(),
            }
        }
    });
    let mut list = Select::new();
    let (first, second) = (list.recv(&r), list.recv(&r2));
    let tally = Tally::new(count);
    let mut open = 2;
    while open > 0 {
        let operation = list.select();
        let index = operation.index();
        let r = if index == first { &r } else { &r2 };
        assert!(index == first || index == second);
        match operation.recv(r) {
            Ok(msg) => tally.count(msg),
            Err(RecvError) => {
                list.remove(index);
                open -= 1;
            }
        }
    }
    tally.assert_all_came_out();
    sender.join();
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(128))]
struct Aligned<const N: usize>([u8; N]);

/// Sends and receives `msg` with lists: from the buffer, from a waiting sender, to a waiting one, and
/// after it was given back.
fn exchange<W: World, T: Copy + PartialEq + std::fmt::Debug + Send + 'static>(msg: T) {
    for flavor in Flavor::ALL {
        for back in [false, true] {
            let (s, r) = flavor.make();
            let sender = W::spawn(move || {
                let mut list = Select::new();
                list.send(&s);
                list.select().send(&s, msg).unwrap();
                list.select_timeout(NEVER).unwrap().send(&s, msg).unwrap();
                s.clone()
            });
            let mut list = Select::new();
            list.recv(&r);
            if back {
                let operation = list.select();
                assert!(catch_unwind(AssertUnwindSafe(|| drop(operation))).is_err());
            }
            assert_eq!(list.select().recv(&r), Ok(msg));
            assert_eq!(list.select().recv(&r), Ok(msg));
            drop(sender.join());
            assert_eq!(list.select().recv(&r), Err(RecvError));
        }
    }
}

fn messages_of_every_size<W: World>() {
    exchange::<W, _>(());
    exchange::<W, _>(7u8);
    exchange::<W, _>([1u8; 79]);
    exchange::<W, _>([2u8; 80]);
    exchange::<W, _>([3u8; 81]);
    exchange::<W, _>([4u8; 95]);
    exchange::<W, _>([5u64; 11]);
    exchange::<W, _>([6u64; 12]);
    exchange::<W, _>([7u64; 13]);
    exchange::<W, _>([u128::MAX; 5]);
    exchange::<W, _>([u128::MAX; 6]);
    exchange::<W, _>([8u8; 1000]);
    exchange::<W, _>([9u64; 300]);
    exchange::<W, _>(Aligned([]));
    exchange::<W, _>(Aligned([1]));
    exchange::<W, _>(Aligned([2; 300]));
}

fn operations_move_about<W: World>() {
    #[inline(never)]
    fn elsewhere<'a>(list: &mut Select<'a>) -> Box<SelectedOperation<'a>> {
        Box::new(list.select())
    }
    fn moved<T: Copy + PartialEq + std::fmt::Debug>(messages: [T; 3]) {
        let channels: Vec<_> = (0..3).map(|_| bounded(2)).collect();
        for ((s, _), msg) in channels.iter().zip(messages) {
            s.send(msg).unwrap();
        }
        let mut operations = Vec::new();
        let mut lists: Vec<_> = channels.iter().map(|(_, r)| (Select::new(), r)).collect();
        for (list, r) in &mut lists {
            list.recv(r);
            operations.push(elsewhere(list));
        }
        operations.rotate_left(1);
        let mut operations: Vec<_> = operations.into_iter().map(|op| Some(*op)).collect();
        operations.swap(0, 1);
        // 2 0 1
        for (place, which) in [(0, 2), (2, 0), (1, 1)] {
            let operation = operations[place].take().unwrap();
            assert_eq!(operation.recv(&channels[which].1), Ok(messages[which]));
        }
    }
    moved([1, 2, 3]);
    moved([[1; 200], [2; 200], [3; 200]]);
    moved([Aligned([1; 7]), Aligned([2; 7]), Aligned([3; 7])]);

    // A send, with a slot, and with a receiver that waits.
    for capacity in [0, 1] {
        let (s, r) = bounded(capacity);
        let receiver = W::spawn(move || r.recv());
        let mut list = Select::new();
        list.send(&s);
        let operation = elsewhere(&mut list);
        let boxed = Box::new((1, operation));
        W::yield_now();
        boxed.1.send(&s, "moved").unwrap();
        assert_eq!(receiver.join(), Ok("moved"));
    }
}

fn without_cases<W: World>() {
    let mut list = Select::new();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(list.select()))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| list.ready())).is_err());
    assert!(list.try_select().is_err() && list.try_ready().is_err());
    let start = Instant::now();
    assert!(list.select_timeout(ms(2)).is_err() && list.ready_timeout(ms(2)).is_err());
    assert!(start.elapsed() >= ms(4));
    assert!(list.select_deadline(start).is_err() && list.ready_deadline(start).is_err());
}

fn time_limits<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(1)] {
        let (s, r) = flavor.make();
        let _ = s.try_send(0);
        let (s2, r2) = flavor.make::<i32>();
        let mut list = Select::new();
        list.send(&s);
        list.recv(&r2);
        let start = Instant::now();
        assert!(list.select_timeout(ms(2)).is_err());
        assert!(start.elapsed() >= ms(2));
        assert!(list.select_deadline(start + ms(4)).is_err());
        assert!(start.elapsed() >= ms(4));
        assert!(list.select_timeout(Duration::ZERO).is_err());
        assert!(list.select_deadline(start).is_err());
        let other = W::spawn(move || {
            let first = r.recv();
            (first, r)
        });
        let operation = list.select_timeout(Duration::MAX).unwrap();
        assert_eq!(operation.index(), 0);
        operation.send(&s, 1).unwrap();
        let (_, _r) = other.join();
        drop(s2);
    }
}

fn both_directions_never_meet_themselves<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make::<usize>();
        let mut list = Select::new();
        let send = list.send(&s);
        list.recv(&r);
        list.send(&s);
        list.recv(&r);
        if flavor == Flavor::Zero {
            assert!(list.try_select().is_err());
            assert!(list.select_timeout(ms(1)).is_err());
            assert!(list.try_ready().is_err() && list.ready_timeout(ms(1)).is_err());
            continue;
        }
        let operation = list.select();
        assert_eq!(
            operation.index() % 2,
            send % 2,
            "there is nothing to receive"
        );
        operation.send(&s, 7).unwrap();
        assert_eq!(r.try_recv(), Ok(7));
    }
}

fn two_lists_meet<W: World>() {
    for _ in 0..rounds(400) {
        let (s, r) = bounded(0);
        let meet = |s: &Sender<usize>, r: &Receiver<usize>, own: usize| {
            let mut list = Select::new();
            list.send(s);
            list.recv(r);
            let operation = list.select();
            match operation.index() {
                0 => operation.send(s, own).map(|()| None).unwrap(),
                _ => operation.recv(r).ok(),
            }
        };
        let (s2, r2) = (s.clone(), r.clone());
        let other = W::spawn(move || meet(&s2, &r2, 2));
        let got = (meet(&s, &r, 1), other.join());
        assert!(got == (Some(2), None) || got == (None, Some(1)), "{got:?}");
    }
}
