//! What `select!` evaluates, when, and what its parts may look like.

use std::cell::RefCell;
use std::time::Duration;

use hueless_channel::{bounded, select, select_biased, unbounded};

use crate::common::World;

crate::tests_in_all_worlds!(
    only_the_chosen_case_runs,
    every_form_evaluates_its_parts_in_order,
    any_expression_can_be_sent,
    bodies_leave_loops_and_blocks,
);

/// Go's `select4`: where a message goes is looked at for the chosen case alone.
fn only_the_chosen_case_runs<W: World>() {
    struct Place {
        a: i32,
    }
    fn nowhere() -> &'static mut i32 {
        unreachable!("this case is not chosen")
    }
    let (s, r) = bounded(1);
    let (_s, empty) = bounded::<i32>(0);
    s.send(42).unwrap();
    let mut place = Place { a: 0 };
    select! {
        recv(empty) -> msg => *nowhere() = msg.unwrap(),
        recv(r) -> msg => place.a = msg.unwrap(),
    }
    assert_eq!(place.a, 42);
}

/// What was evaluated, in this order.
#[derive(Default)]
struct Trace(RefCell<String>);

impl Trace {
    /// Notes `what` and passes `value` on.
    fn note<T>(&self, what: char, value: T) -> T {
        self.0.borrow_mut().push(what);
        value
    }

    #[track_caller]
    fn was(&self, expected: &str) {
        assert_eq!(self.0.take(), expected);
    }
}

/// Go's `select5`, which is generated: each form, alone and beside others, with and without a
/// `default`. Channels are capital letters, messages `m`, durations `d`, bodies lower-case letters.
fn every_form_evaluates_its_parts_in_order<W: World>() {
    const SHORT: Duration = Duration::from_micros(100);
    let trace = Trace::default();
    let t = &trace;
    /// The forms, by either macro.
    macro_rules! forms {
        ($select:ident) => {{
            let (full_s, full_r) = bounded(1);
            full_s.send(1).unwrap();
            let (s, r) = bounded(1);

            // One case.
            $select! { send(t.note('S', &s), t.note('m', 1)) -> _ => t.note('s', ()) }
            t.was("Sms");
            $select! { recv(t.note('R', &r)) -> _ => t.note('r', ()) }
            t.was("Rr");
            $select! { recv(t.note('R', &r)) -> _ => t.note('r', ()), default => t.note('x', ()) }
            t.was("Rx");
            $select! {
                default => t.note('x', ()),
                recv(t.note('R', &r)) -> _ => t.note('r', ()),
            }
            t.was("Rx");
            $select! {
                recv(t.note('R', &r)) -> _ => { t.note('r', ()) }
                default(t.note('d', SHORT)) => { t.note('x', ()) }
            }
            t.was("Rdx");
            $select! {
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
                default => t.note('x', ()),
            }
            t.was("Sx");
            $select! {
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
                default(t.note('d', SHORT)) => t.note('x', ()),
            }
            t.was("Sdx");
            $select! {
                send(t.note('S', &s), t.note('m', 1)) -> _ => t.note('s', ()),
                default => t.note('x', ()),
            }
            t.was("Sms");
            $select! {
                recv(t.note('R', &r)) -> _ => t.note('r', ()),
                default(t.note('d', SHORT)) => t.note('x', ()),
            }
            t.was("Rdr");
            $select! { default => t.note('x', ()) }
            t.was("x");
            $select! { default(t.note('d', SHORT)) => t.note('x', ()) }
            t.was("dx");

            // Two cases: the channels come first, in the order of the source.
            $select! {
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
                recv(t.note('R', &full_r)) -> _ => t.note('r', ()),
            }
            t.was("SRr");
            $select! {
                recv(t.note('R', &full_r)) -> _ => t.note('r', ()),
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
            }
            t.was("RSms");
            $select! {
                recv(t.note('R', &r)) -> _ => t.note('r', ()),
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
                default => t.note('x', ()),
            }
            t.was("RSx");
            $select! {
                recv(t.note('R', &r)) -> _ => t.note('r', ()),
                send(t.note('S', &full_s), t.note('m', 2)) -> _ => t.note('s', ()),
                default(t.note('d', SHORT)) => t.note('x', ()),
            }
            t.was("RSdx");
            $select! {
                recv(t.note('A', &r)) -> _ => t.note('a', ()),
                recv(t.note('B', &full_r)) -> _ => t.note('b', ()),
                recv(t.note('C', &r)) -> _ => t.note('c', ()),
                send(t.note('D', &full_s), t.note('m', 2)) -> _ => t.note('e', ()),
            }
            t.was("ABCDb");

            // The pattern is matched between the operation and the body.
            $select! {
                send(t.note('S', &s), t.note('m', 1)) -> (Ok(()) | Err(_)) => t.note('s', ()),
                recv(t.note('R', &full_r)) -> (Ok(_) | Err(_)) => t.note('r', ()),
            }
            t.was("SRms");
        }};
    }
    forms!(select);
    forms!(select_biased);
}

/// Go's `sendstmt`: the message is a whole expression.
fn any_expression_can_be_sent<W: World>() {
    let (s, r) = unbounded();
    let (a, b) = (3, 4);
    let sent = [
        select! { send(s, a == b) -> res => res },
        select! { send(s, a < b && a + b == 7) -> res => res },
        select! { send(s, if a < b { a > 3 } else { true }) -> res => res },
        select! { send(s, matches!((a, b), (3, _))) -> res => res },
        select! { send(s, { let c = a + b; c == 8 }) -> res => res },
        select! { send(s, [a, b].iter().any(|x| x % 4 == 0),) -> res => res },
    ];
    assert!(sent.iter().all(Result::is_ok));
    let received: Vec<bool> = r.try_iter().collect();
    assert_eq!(received, [false, true, false, true, false, true]);
    let (s, r) = unbounded();
    select! { send(s, select! { send(s, Some(1)) -> res => res.ok().and(None) }) -> res => res.unwrap() }
    assert_eq!((r.recv(), r.recv()), (Ok(Some(1)), Ok(None)));
}

/// Go's `select8`, where `break` leaves the select: here it leaves the loop around it, or a block that
/// has a label.
fn bodies_leave_loops_and_blocks<W: World>() {
    let (s, r) = unbounded();
    (0..10).for_each(|i| s.send(i).unwrap());
    let mut even = Vec::new();
    loop {
        select! {
            recv(r) -> msg => match msg.unwrap() {
                odd if odd % 2 == 1 => continue,
                6 => break,
                i => even.push(i),
            },
        }
    }
    assert_eq!(even, [0, 2, 4]);
    let left = 'all: {
        for _ in 0..10 {
            'selected: {
                select! {
                    recv(r) -> msg => if msg == Ok(8) { break 'all 8 } else { break 'selected },
                    default => break 'all 0,
                }
            }
        }
        1
    };
    assert_eq!(left, 8);
    assert_eq!(r.recv(), Ok(9));
}
