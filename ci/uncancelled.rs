//! What cancelling does in a program that is built with `panic = "abort"`, where nothing can unwind: code
//! goes on and may ask. The lane `panic-abort` runs it.

use std::process::ExitCode;
use std::time::Duration;

use hueless::cancel::{self, CancelToken};
use hueless::channel::bounded;
use hueless::supervisor::{Strategy, Supervisor};
use hueless::{go, race, run, scope, sleep, timeout, yield_now};

/// Tasks that are cancelled before they begin, and that borrow.
fn children_run_all_the_same() {
    let token = CancelToken::new();
    token.cancel();
    let mut seen = [false; 8];
    let outcome = token.run(|| {
        scope(|s| {
            for place in &mut seen {
                s.spawn(|| *place = cancel::is_cancelled());
            }
        });
    });
    assert_eq!((outcome, seen), (Ok(()), [true; 8]));
}

/// A task that is cancelled where it waits goes on waiting, and its value is joined.
fn a_cancelled_task_answers() {
    let (tx, rx) = bounded::<u8>(0);
    let task = go!(move || (rx.recv(), cancel::is_cancelled()));
    yield_now();
    task.cancel();
    tx.send(7).unwrap();
    assert_eq!(task.join().unwrap(), (Ok(7), true));
}

/// A limit of time that passes is seen, and ends nothing.
fn a_late_value_is_a_value() {
    let late = timeout(Duration::from_millis(1), || {
        while !cancel::is_cancelled() {
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_millis(1));
        "late"
    });
    assert_eq!(late, Ok("late"));
}

/// Losers are waited for.
fn losers_end_by_themselves() {
    let loser = || {
        while !cancel::is_cancelled() {
            yield_now();
        }
        "lost"
    };
    assert_eq!(race((|| "won", loser)), "won");
}

/// A supervisor that gives up, or is to end, ends those that ask, and waits for them.
fn a_supervisor_s_children_end_by_themselves() {
    let asks = || {
        while !cancel::is_cancelled() {
            yield_now();
        }
    };
    let gives_up = Supervisor::new(Strategy::OneForAll)
        .on_failure(|_| {})
        .child("asks", asks)
        .child("fails", || Err::<(), _>("no"));
    assert_eq!(gives_up.run().unwrap_err().failure().message(), "no");
    let goes_on = Supervisor::new(Strategy::OneForAll).child("asks", asks);
    let limit = Duration::from_millis(1);
    assert_eq!(timeout(limit, || goes_on.run()), Ok(Ok(())));
}

fn main() -> ExitCode {
    if cfg!(panic = "unwind") {
        eprintln!("uncancelled: build it with panic = \"abort\"");
        return ExitCode::from(2);
    }
    run(|| {
        children_run_all_the_same();
        a_cancelled_task_answers();
        a_late_value_is_a_value();
        losers_end_by_themselves();
        a_supervisor_s_children_end_by_themselves();
    });
    // On an OS thread too.
    children_run_all_the_same();
    a_late_value_is_a_value();
    a_supervisor_s_children_end_by_themselves();
    println!("nothing was unwound");
    ExitCode::SUCCESS
}
