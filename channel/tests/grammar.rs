//! What `select!` accepts, and what its parts mean in the code around it.

#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(
    clippy::never_loop,
    clippy::match_single_binding,
    reason = "odd on purpose"
)]

use std::ops::Deref;
use std::time::Duration;

use hueless_channel::{
    Receiver, RecvError, SendError, Sender, bounded, select, select_biased, unbounded,
};

const SOON: Duration = Duration::from_millis(1);

#[test]
fn commas() {
    let (s, r) = unbounded::<i32>();
    select! {
        recv(r) -> _ => panic!(),
        default => {}
    }
    select! {
        recv(r) -> _ => { panic!() }
        default => (),
    }
    select! {
        recv(r,) -> _ => { panic!() },
        default() => {},
    }
    select! {
        recv(r) -> _ => panic!(),
        default(SOON,) => {},
    }
    select! {
        send(s, 1,) -> _ => {}
        recv(r,) -> _ => {}
        default(SOON) => {}
    }
    select! { default => {} }
    select! { default() => {} }
    select! { default(SOON) => {} }
}

#[test]
fn default_anywhere() {
    let (_s, r) = unbounded::<i32>();
    let (_s2, r2) = unbounded::<i32>();
    select! {
        default => {}
        recv(r) -> _ => panic!(),
        recv(r2) -> _ => panic!(),
    }
    select! {
        recv(r) -> _ => panic!(),
        default(SOON) => {}
        recv(r2) -> _ => panic!(),
    }
}

#[test]
fn bodies() {
    let (_s, r) = unbounded::<i32>();
    let value = select! {
        recv(r) -> _ => 3.0,
        recv(r) -> _ => loop { unreachable!() },
        recv(r) -> msg => if msg.is_ok() { 1. } else { 2. },
        recv(r) -> msg => match msg { _ => 4.0 },
        recv(r) -> _ => { 5.0 } + { 6.0 },
        default => 7.,
    };
    assert_eq!(value, 7.0);
    let text: String = select! {
        recv(r) -> _ => "a".into(),
        default(SOON) => "b".to_owned(),
    };
    assert_eq!(text, "b");
}

#[test]
fn patterns() {
    let (s, r) = unbounded::<(i32, &str)>();
    s.send((1, "one")).unwrap();
    select! {
        recv(r) -> msg => {
            let (number, _) = msg.unwrap();
            assert_eq!(number, 1);
        }
    }
    s.send((2, "two")).unwrap();
    drop(s);
    for round in 0..2 {
        select! {
            recv(r) -> (Ok((2, _)) | Err(_) | Ok(_)) => assert!(round < 2),
        }
    }
}

#[test]
fn result_types() {
    let (s, _) = bounded::<i32>(0);
    let (_, r) = bounded::<i32>(0);
    select! {
        recv(r) -> res => { let _: Result<i32, RecvError> = res; }
    }
    select! {
        recv(r) -> res => { let _: Result<i32, RecvError> = res; }
        default => panic!(),
    }
    select! {
        recv(r) -> res => { let _: Result<i32, RecvError> = res; }
        default(SOON) => panic!(),
    }
    select! {
        send(s, 0) -> res => { let _: Result<(), SendError<i32>> = res; }
        recv(r) -> res => { let _: Result<i32, RecvError> = res; }
    }
}

#[test]
fn infers_types() {
    let (s, r) = unbounded();
    select! {
        recv(r) -> _ => panic!(),
        default => {}
    }
    select! {
        send(s, "message") -> res => res.unwrap(),
    }
    assert_eq!(r.recv(), Ok("message"));
}

#[test]
fn break_continue_return_and_question_mark() {
    fn first_even(r: &Receiver<i32>, other: &Receiver<i32>) -> Result<i32, RecvError> {
        let mut odd = 0;
        'outer: loop {
            for _ in 0..10 {
                select! {
                    recv(r) -> msg => {
                        let msg = msg?;
                        if msg % 2 == 1 {
                            odd += 1;
                            continue 'outer;
                        }
                        return Ok(100 * odd + msg);
                    }
                    recv(other) -> _ => break 'outer,
                }
            }
        }
        Ok(-1)
    }
    let (s, r) = unbounded();
    let (other_s, other) = unbounded();
    for msg in [1, 3, 4] {
        s.send(msg).unwrap();
    }
    assert_eq!(first_even(&r, &other), Ok(204));
    other_s.send(0).unwrap();
    assert_eq!(first_even(&r, &other), Ok(-1));
    drop(s);
    assert_eq!(first_even(&r, &other), Err(RecvError));
}

#[test]
fn operands_are_evaluated_once_in_order() {
    let (s, r) = unbounded::<i32>();
    let mut order = Vec::new();
    let mut note = |what| order.push(what);
    select! {
        recv({ note("r"); &r }) -> _ => panic!(),
        send({ note("s"); &s }, 1) -> res => res.unwrap(),
        default({ SOON }) => panic!(),
    }
    assert_eq!(order, ["r", "s"]);
}

#[test]
fn operands_by_value_by_reference_and_by_deref() {
    struct Tx(Sender<i32>);
    struct Rx(Receiver<i32>);
    impl Deref for Tx {
        type Target = Sender<i32>;
        fn deref(&self) -> &Sender<i32> {
            &self.0
        }
    }
    impl Deref for Rx {
        type Target = Receiver<i32>;
        fn deref(&self) -> &Receiver<i32> {
            &self.0
        }
    }

    let (s, r) = bounded(1);
    let (s, r) = (Tx(s), Rx(r));
    select! {
        send(s, 1) -> res => res.unwrap(),
        recv(r) -> _ => panic!(),
    }
    select! {
        send(&&&s, 2) -> _ => panic!(),
        recv(&&&r) -> msg => assert_eq!(msg, Ok(1)),
    }
    let (s, r) = (Box::new(s), Box::new(r));
    select! {
        send(**s, 3) -> res => res.unwrap(),
        recv(**r) -> _ => panic!(),
    }
    let moved = move || r.0;
    select! {
        recv(moved()) -> msg => assert_eq!(msg, Ok(3)),
        default => panic!(),
    }
}

#[test]
fn bodies_may_use_up_the_operands() {
    let (s, r) = unbounded::<i32>();
    s.send(1).unwrap();
    let (s2, r2) = bounded::<i32>(0);
    select! {
        recv(r) -> msg => {
            drop((r, r2, s2));
            assert_eq!(msg, Ok(1));
        }
        recv(r2) -> _ => drop(r),
        send(s2, 1) -> _ => drop(s2),
    }
    select! {
        send(s, 1) -> res => {
            drop(s);
            assert_eq!(res, Err(SendError(1)));
        }
        default => drop(s),
    }
}

#[test]
fn values_are_moved_into_one_body() {
    let (s, r) = unbounded::<Box<i32>>();
    let value = Box::new(1);
    select! {
        recv(r) -> _ => drop(value),
        send(s, value) -> res => res.unwrap(),
    }
    let value = Box::new(2);
    select! {
        recv(r) -> msg => assert_eq!(msg, Ok(Box::new(1))),
        default => drop(value),
    }
}

#[test]
fn nested() {
    let (s, r) = unbounded::<i32>();
    select! {
        send(s, 0) -> _ => {
            select! {
                recv(r) -> msg => {
                    assert_eq!(msg, Ok(0));
                    select_biased! {
                        recv(r) -> _ => panic!(),
                        send(s, select! { default => 5 }) -> _ => {
                            assert_eq!(select! { recv(r) -> msg => msg }, Ok(5));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn names_do_not_clash() {
    let (_s, r) = unbounded::<i32>();
    drop(_s);
    let (_case0, _selected, _res) = (1, 2, 3);
    select! {
        recv(r) -> r => assert!(r.is_err() && (_case0, _selected, _res) == (1, 2, 3)),
        recv(r) -> _case0 => assert!(_case0.is_err()),
    }
}
