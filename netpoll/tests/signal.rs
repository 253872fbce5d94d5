//! Signals. Each test runs its scenario in a child process, in one of the modes, and sends the
//! signals there.

mod common;

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Wake};

use common::subject::{Subject, block_signals, say, scenarios};
use common::{Mode, cases};
use hueless_channel::{Receiver, never, select};
use hueless_netpoll::signal::{self, Signal, ctrl_c, notify};

cases!(
    by crate::common::subject::drive:
    every_receiver_gets_each_signal,
    signals_come_though_all_threads_block_them,
    each_ctrl_c_that_is_received_is_a_message,
    a_second_ctrl_c_kills_who_receives_none,
    a_second_ctrl_c_kills_who_is_still_at_the_first,
    one_who_receives_is_enough,
    who_has_received_and_gone_is_not_blamed,
    without_receivers_the_effect_is_the_usual_one,
    what_was_ignored_is_ignored_again,
    who_does_not_receive_holds_nobody_up,
    signals_can_be_selected,
    no_thread_before_the_first_subscription,
    a_panicking_waker_holds_nobody_up,
);

scenarios! {
    "receivers" => receivers,
    "loop" => receiving_loop,
    "hang" => hang,
    "one receives" => one_receives,
    "leave" => leave,
    "drop" => drop_all,
    "ignored" => ignored,
    "crowd" => crowd,
    "select" => selecting,
    "threads" => threads,
    "waker" => bad_waker,
}

/// Says that it is alive each time it gets `USR2`.
fn answer_usr2<M: Mode>() {
    let pings = notify(&[Signal::USR2]).unwrap();
    drop(M::spawn(move || {
        for _ in pings {
            say("alive");
        }
    }));
}

fn receivers<M: Mode>() {
    let both = notify(&[Signal::USR1, Signal::HUP]).unwrap();
    let one = notify(&[Signal::USR1]).unwrap();
    let listening = M::spawn({
        let one = one.clone();
        move || one.recv().unwrap()
    });
    say("ready");
    assert_eq!(both.recv(), Ok(Signal::USR1));
    assert_eq!(listening.join(), Signal::USR1);
    say("next");
    assert_eq!(both.recv(), Ok(Signal::HUP));
    drop(both);
    say("last");
    assert_eq!(one.recv(), Ok(Signal::USR1));
    assert!(one.is_empty());
}

fn every_receiver_gets_each_signal<M: Mode>() {
    let mut subject = Subject::start::<M>("receivers");
    receivers_side(&mut subject);
    assert!(subject.end().success());
}

fn receivers_side(subject: &mut Subject) {
    subject.hear("ready");
    subject.send(Signal::USR1);
    subject.hear("next");
    subject.send(Signal::HUP);
    subject.hear("last");
    subject.send(Signal::USR1);
}

fn signals_come_though_all_threads_block_them<M: Mode>() {
    let mut subject = Subject::start_with::<M>("receivers", block_signals);
    receivers_side(&mut subject);
    assert!(subject.end().success());
}

fn receiving_loop<M: Mode>() {
    let presses = ctrl_c().unwrap();
    for _ in 0..5 {
        say("go on");
        presses.recv().unwrap();
    }
}

fn each_ctrl_c_that_is_received_is_a_message<M: Mode>() {
    let mut subject = Subject::start::<M>("loop");
    for _ in 0..5 {
        subject.hear("go on");
        subject.send(Signal::INT);
    }
    assert!(subject.end().success());
}

/// Receives as many Ctrl-Cs as it is told to, and then does not end by itself.
fn hang<M: Mode>() {
    let presses = ctrl_c().unwrap();
    let others = notify(&[Signal::INT, Signal::TERM]).unwrap();
    let pings = notify(&[Signal::USR2]).unwrap();
    let receives: usize = std::env::var("SIGNAL_TEST_RECEIVES")
        .unwrap()
        .parse()
        .unwrap();
    say("ready");
    for _ in 0..receives {
        presses.recv().unwrap();
        assert_eq!(others.recv(), Ok(Signal::INT));
        say("received");
    }
    for _ in pings {
        say("alive");
    }
}

fn hanging<M: Mode>(receives: usize) -> Subject {
    let mut subject = Subject::start_with::<M>("hang", |command| {
        command.env("SIGNAL_TEST_RECEIVES", receives.to_string());
    });
    subject.hear("ready");
    subject
}

fn a_second_ctrl_c_kills_who_receives_none<M: Mode>() {
    let mut subject = hanging::<M>(0);
    subject.send(Signal::INT);
    subject.send(Signal::USR2);
    // The first one may lie about for long.
    std::thread::sleep(signal::PATIENCE * 3 / 2);
    subject.hear("alive");
    subject.send(Signal::INT);
    assert_eq!(subject.end().signal(), Some(libc::SIGINT));
}

fn a_second_ctrl_c_kills_who_is_still_at_the_first<M: Mode>() {
    for receives in [1, 2] {
        let mut subject = hanging::<M>(receives);
        for _ in 0..receives {
            subject.send(Signal::INT);
            subject.hear("received");
        }
        subject.send(Signal::USR2);
        subject.hear("alive");
        subject.send(Signal::INT);
        assert_eq!(subject.end().signal(), Some(libc::SIGINT));
    }
}

fn one_receives<M: Mode>() {
    let _neglected = (ctrl_c().unwrap(), notify(&[Signal::INT]).unwrap());
    answer_usr2::<M>();
    receiving_loop::<M>();
    say("done");
    never::<()>().recv().unwrap();
}

fn one_who_receives_is_enough<M: Mode>() {
    let mut subject = Subject::start::<M>("one receives");
    for _ in 0..5 {
        subject.hear("go on");
        subject.send(Signal::INT);
    }
    subject.hear("done");
    std::thread::sleep(signal::PATIENCE * 3 / 2);
    subject.send(Signal::USR2);
    subject.hear("alive");
    subject.child.kill().unwrap();
    subject.end();
}

/// Receives its second Ctrl-C late, but in time, and then the subscription ends.
fn leave<M: Mode>() {
    let presses = notify(&[Signal::INT, Signal::USR1]).unwrap();
    let pings = notify(&[Signal::USR1, Signal::USR2]).unwrap();
    say("ready");
    assert_eq!(presses.recv(), Ok(Signal::INT));
    say("received");
    // This one comes after the second Ctrl-C.
    assert_eq!(pings.recv(), Ok(Signal::USR2));
    assert_eq!(presses.recv(), Ok(Signal::INT));
    drop(presses);
    say("gone");
    assert_eq!(pings.recv(), Ok(Signal::USR1));
    say("forgotten");
    assert_eq!(pings.recv(), Ok(Signal::USR2));
}

fn who_has_received_and_gone_is_not_blamed<M: Mode>() {
    let mut subject = Subject::start::<M>("leave");
    subject.hear("ready");
    subject.send(Signal::INT);
    subject.hear("received");
    subject.send(Signal::INT);
    subject.send(Signal::USR2);
    subject.hear("gone");
    // Finds out that nobody receives there, whereupon nobody is left for Ctrl-C.
    subject.send(Signal::USR1);
    subject.hear("forgotten");
    std::thread::sleep(signal::PATIENCE * 3 / 2);
    subject.send(Signal::USR2);
    assert!(subject.end().success());
}

fn drop_all<M: Mode>() {
    let signals = [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::WINCH,
        Signal::CHLD,
    ];
    let pings = notify(&[Signal::USR2]).unwrap();
    drop((notify(&signals).unwrap(), ctrl_c().unwrap()));
    say("ready");
    for _ in pings {
        say("alive");
    }
}

fn without_receivers_the_effect_is_the_usual_one<M: Mode>() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut subject = Subject::start::<M>("drop");
        subject.hear("ready");
        // By default these do nothing.
        subject.send(Signal::WINCH);
        subject.send(Signal::CHLD);
        subject.send(Signal::USR2);
        subject.hear("alive");
        subject.send(signal);
        assert_eq!(subject.end().signal(), Some(signal.as_raw()));
    }
}

fn ignored<M: Mode>() {
    for signal in [libc::SIGUSR1, libc::SIGINT] {
        // SAFETY: no handler is installed.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let pings = notify(&[Signal::USR2]).unwrap();
    let _presses = ctrl_c().unwrap();
    let received = notify(&[Signal::USR1]).unwrap();
    say("ready");
    assert_eq!(received.recv(), Ok(Signal::USR1));
    drop(received);
    for _ in 0..3 {
        say("next");
        pings.recv().unwrap();
    }
}

fn what_was_ignored_is_ignored_again<M: Mode>() {
    let mut subject = Subject::start::<M>("ignored");
    subject.hear("ready");
    subject.send(Signal::USR1);
    subject.hear("next");
    for signal in [Signal::USR1, Signal::INT, Signal::INT] {
        subject.send(signal);
        if signal == Signal::INT {
            // A second one would kill by now, were it not ignored.
            std::thread::sleep(signal::PATIENCE * 3 / 2);
        }
        subject.send(Signal::USR2);
    }
    assert!(subject.end().success());
}

fn crowd<M: Mode>() {
    let idle = notify(&[Signal::USR1]).unwrap();
    let busy = notify(&[Signal::USR1]).unwrap();
    for _ in 0..2 * signal::CAPACITY {
        say("next");
        busy.recv().unwrap();
    }
    assert_eq!(idle.len(), signal::CAPACITY);
}

fn who_does_not_receive_holds_nobody_up<M: Mode>() {
    let mut subject = Subject::start::<M>("crowd");
    for _ in 0..2 * signal::CAPACITY {
        subject.hear("next");
        subject.send(Signal::USR1);
    }
    assert!(subject.end().success());
}

fn selecting<M: Mode>() {
    let presses = ctrl_c().unwrap();
    let ends = notify(&[Signal::TERM]).unwrap();
    let next = |presses: &Receiver<()>, ends: &Receiver<Signal>| {
        select! {
            recv(presses) -> press => press.map(|()| Signal::INT).unwrap(),
            recv(ends) -> signal => signal.unwrap(),
        }
    };
    say("first");
    assert_eq!(next(&presses, &ends), Signal::TERM);
    say("second");
    assert_eq!(next(&presses, &ends), Signal::INT);
}

fn signals_can_be_selected<M: Mode>() {
    let mut subject = Subject::start::<M>("select");
    subject.hear("first");
    subject.send(Signal::TERM);
    subject.hear("second");
    subject.send(Signal::INT);
    assert!(subject.end().success());
}

fn threads<M: Mode>() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let count = || {
        std::fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
            .filter(|name| name.trim() == "hueless-signals")
            .count()
    };
    assert_eq!(count(), 0);
    let subscriptions: Vec<_> = (0..3).map(|_| ctrl_c().unwrap()).collect();
    // A thread names itself.
    while count() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(count(), 1);
    drop(subscriptions);
    for (number, target) in common::targets() {
        if target.starts_with("socket:") {
            // SAFETY: the call touches no memory.
            let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
            assert_ne!(flags & libc::FD_CLOEXEC, 0);
        }
    }
}

fn no_thread_before_the_first_subscription<M: Mode>() {
    assert!(Subject::start::<M>("threads").end().success());
}

/// The waker of async code that has no luck.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("no luck");
    }
}

fn bad_waker<M: Mode>() {
    let awaited = notify(&[Signal::USR1]).unwrap();
    let received = notify(&[Signal::USR1]).unwrap();
    let mut future = pin!(awaited.recv_async());
    let waker = Arc::new(Bad).into();
    let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    for _ in 0..2 {
        say("next");
        assert_eq!(received.recv(), Ok(Signal::USR1));
    }
}

fn a_panicking_waker_holds_nobody_up<M: Mode>() {
    let mut subject = Subject::start_with::<M>("waker", |command| {
        command.stderr(Stdio::null());
    });
    for _ in 0..2 {
        subject.hear("next");
        subject.send(Signal::USR1);
    }
    assert!(subject.end().success());
}

#[test]
fn what_cannot_be_had_is_refused() {
    let refused = |signals: &[Signal]| {
        let error = notify(signals).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(refused(&[]), "no signal to subscribe to");
    assert_eq!(
        refused(&[Signal::USR1, Signal::KILL]),
        "SIGKILL cannot be subscribed to"
    );
    for signal in [
        Signal::STOP,
        Signal::SEGV,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
    ] {
        assert!(refused(&[signal]).contains(&signal.to_string()));
    }
    for number in [0, -1, 65, i32::MAX, i32::MIN] {
        let signal = Signal::from_raw(number);
        assert_eq!(refused(&[signal]), format!("there is no signal {number}"));
    }
}

#[test]
fn signals_have_names() {
    assert_eq!(
        format!("{:>8}|{:?}", Signal::INT, Signal::TERM),
        "  SIGINT|SIGTERM"
    );
    assert_eq!(Signal::from_raw(40).to_string(), "signal 40");
    assert_eq!(Signal::from_raw(libc::SIGWINCH), Signal::WINCH);
    assert_eq!(Signal::USR1.as_raw(), libc::SIGUSR1);
}
