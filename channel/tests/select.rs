//! `select!`: exactly one case, whatever happens at the same time.

mod common;

use std::time::{Duration, Instant};

use common::{Arrivals, Census, Flavor, NEVER, World, join_all, ms, rounds};
use hueless_channel::{RecvError, SendError, TryRecvError, bounded, select, unbounded};

tests_in_all_worlds!(
    ready_case_is_selected,
    default_runs_when_nothing_is_ready,
    disconnected_is_ready,
    timeouts,
    waits_for_a_receive,
    waits_for_a_send,
    losers_keep_their_messages,
    timeout_races_peers,
    disconnect_wakes_selects,
    both_directions_of_one_channel,
    never_meets_itself,
    same_channel_twice,
    many_cases,
);

const FLAVORS: [Flavor; 4] = [
    Flavor::Zero,
    Flavor::Array(1),
    Flavor::Array(3),
    Flavor::List,
];

fn ready_case_is_selected<W: World>() {
    let (s1, r1) = unbounded();
    let (_s2, r2) = unbounded::<i32>();
    let (s3, r3) = bounded(1);
    s1.send(1).unwrap();
    select! {
        recv(r1) -> msg => assert_eq!(msg, Ok(1)),
        recv(r2) -> _ => panic!("nothing was sent"),
    }
    select! {
        recv(r2) -> _ => panic!("nothing was sent"),
        send(s3, 3) -> res => assert_eq!(res, Ok(())),
    }
    select! {
        recv(r1) -> _ => panic!("it has been received"),
        recv(r3) -> msg => assert_eq!(msg, Ok(3)),
        recv(r2) -> _ => panic!("nothing was sent"),
    }
}

fn default_runs_when_nothing_is_ready<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<i32>();
        let (s2, r2) = bounded::<i32>(0);
        let ran = select! {
            recv(r) -> _ => false,
            recv(r2) -> _ => false,
            send(s2, 1) -> _ => false,
            default => true,
        };
        assert!(ran);
        drop(s);
    }
}

fn disconnected_is_ready<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<i32>();
        let (_s2, r2) = flavor.make::<i32>();
        drop(s);
        select! {
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
            recv(r2) -> _ => panic!("nothing was sent"),
        }
        select! {
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
            default => panic!("a case was ready"),
        }
        let (s, r) = flavor.make::<i32>();
        drop(r);
        select! {
            send(s, 7) -> res => assert_eq!(res, Err(SendError(7))),
            recv(r2) -> _ => panic!("nothing was sent"),
        }
        select! {
            send(s, 7) -> res => assert_eq!(res, Err(SendError(7))),
            default(NEVER) => panic!("a case was ready"),
        }
    }
}

fn timeouts<W: World>() {
    let (_s1, r1) = bounded::<i32>(0);
    let (s2, _r2) = bounded::<i32>(0);
    for wait in [Duration::ZERO, ms(10)] {
        let start = Instant::now();
        select! {
            recv(r1) -> _ => panic!("nothing was sent"),
            send(s2, 1) -> _ => panic!("nobody receives"),
            default(wait) => {}
        }
        assert!(start.elapsed() >= wait);
        let start = Instant::now();
        select! {
            recv(r1) -> _ => panic!("nothing was sent"),
            default(wait) => {}
        }
        assert!(start.elapsed() >= wait);
        let start = Instant::now();
        select! { default(wait) => {} }
        assert!(start.elapsed() >= wait);
    }
    let sender = W::spawn(move || _s1.send(5));
    select! {
        recv(r1) -> msg => assert_eq!(msg, Ok(5)),
        send(s2, 1) -> _ => panic!("nobody receives"),
        default(Duration::MAX) => panic!("for ever is over"),
    }
    sender.join().unwrap();
}

fn waits_for_a_receive<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let (_s2, r2) = bounded::<i32>(0);
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let selecting = W::spawn(move || {
            arrived.arrive();
            select! {
                recv(r) -> msg => msg,
                recv(r2) -> msg => msg,
            }
        });
        arrivals.wait::<W>(1);
        s.send(4).unwrap();
        assert_eq!(selecting.join(), Ok(4));
    }
}

fn waits_for_a_send<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::Array(3)] {
        let (s, r) = flavor.make();
        let (s2, _r2) = bounded::<i32>(0);
        while s.try_send(0).is_ok() {}
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let selecting = W::spawn(move || {
            arrived.arrive();
            select! {
                send(s, 4) -> res => assert_eq!(res, Ok(())),
                send(s2, 5) -> _ => panic!("nobody receives"),
            }
        });
        arrivals.wait::<W>(1);
        assert_eq!(r.iter().find(|msg| *msg != 0), Some(4));
        selecting.join();
    }
}

fn losers_keep_their_messages<W: World>() {
    for round in 0..rounds(400) {
        let census = Census::default();
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let senders = [s1, s2].map(|s| {
            let census = census.clone();
            W::spawn(move || s.send(census.message(round)).map_err(|err| err.0))
        });
        let won = select! {
            recv(r1) -> msg => msg.is_ok_and(|msg| msg.value == round),
            recv(r2) -> msg => msg.is_ok_and(|msg| msg.value == round),
        };
        assert!(won);
        drop((r1, r2));
        let sent = senders.map(|sender| sender.join());
        assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1);
        assert_eq!(census.alive(), 1, "the loser has its message back");
        drop(sent);
        assert_eq!(census.alive(), 0);
    }
}

fn timeout_races_peers<W: World>() {
    for round in 0..rounds(400) {
        let wait = Duration::from_micros(round as u64 % 40);
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let senders = [s1, s2].map(|s| W::spawn(move || s.send_timeout(1, wait)));
        let received = select! {
            recv(r1) -> msg => msg.is_ok(),
            recv(r2) -> msg => msg.is_ok(),
            default(wait) => false,
        };
        drop((r1, r2));
        let sent = senders.map(|sender| sender.join().is_ok());
        assert_eq!(
            sent.iter().filter(|sent| **sent).count(),
            usize::from(received)
        );
    }
}

fn disconnect_wakes_selects<W: World>() {
    const WAITERS: usize = 6;
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<usize>();
        let (_s2, r2) = bounded::<usize>(0);
        let arrivals = Arrivals::default();
        let waiters: Vec<_> = (0..WAITERS)
            .map(|_| {
                let (r, r2, arrivals) = (r.clone(), r2.clone(), arrivals.clone());
                W::spawn(move || {
                    arrivals.arrive();
                    select! {
                        recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
                        recv(r2) -> _ => panic!("nothing was sent"),
                    }
                })
            })
            .collect();
        arrivals.wait::<W>(WAITERS);
        drop(s);
        join_all(waiters);
    }
    for flavor in [Flavor::Zero, Flavor::Array(1)] {
        let (s, r) = flavor.make::<usize>();
        let (_s2, r2) = bounded::<usize>(0);
        while s.try_send(0).is_ok() {}
        let arrivals = Arrivals::default();
        let waiters: Vec<_> = (0..WAITERS)
            .map(|i| {
                let (s, r2, arrivals) = (s.clone(), r2.clone(), arrivals.clone());
                W::spawn(move || {
                    arrivals.arrive();
                    select! {
                        send(s, i) -> res => assert_eq!(res, Err(SendError(i))),
                        recv(r2) -> _ => panic!("nothing was sent"),
                    }
                })
            })
            .collect();
        arrivals.wait::<W>(WAITERS);
        drop(r);
        join_all(waiters);
    }
}

fn both_directions_of_one_channel<W: World>() {
    const SELECTS: usize = 20;
    let (s, r) = bounded(0);
    let selects: Vec<_> = (0..SELECTS)
        .map(|i| {
            let (s, r) = (s.clone(), r.clone());
            W::spawn(move || {
                select! {
                    recv(r) -> msg => assert_ne!(msg, Ok(i)),
                    send(s, i) -> res => assert_eq!(res, Ok(())),
                }
            })
        })
        .collect();
    join_all(selects);
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
}

fn never_meets_itself<W: World>() {
    let (s, r) = bounded(0);
    select! {
        send(s, 0) -> _ => panic!("nobody else receives"),
        recv(r) -> _ => panic!("nobody else sends"),
        send(s, 1) -> _ => panic!("nobody else receives"),
        recv(r) -> _ => panic!("nobody else sends"),
        default(ms(5)) => {}
    }
    // One slot: only the send is possible, then only the receive.
    let (s, r) = bounded(1);
    for i in 0..10 {
        select! {
            send(s, i) -> res => assert_eq!((i % 2, res), (0, Ok(()))),
            recv(r) -> msg => assert_eq!(msg, Ok(i - 1)),
        }
    }
}

fn same_channel_twice<W: World>() {
    let count = rounds(2_000);
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let sender = W::spawn(move || {
            for i in 0..count {
                select! {
                    send(s, i) -> res => res.unwrap(),
                    send(s, i) -> res => res.unwrap(),
                }
            }
        });
        for i in 0..count {
            select! {
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
            }
        }
        sender.join();
        assert_eq!(r.recv(), Err(RecvError));
    }
}

fn many_cases<W: World>() {
    let channels: Vec<_> = (0..16).map(|_| bounded::<usize>(0)).collect();
    for (i, (s, _)) in channels.iter().enumerate() {
        let s = s.clone();
        let sender = W::spawn(move || s.send(i));
        let c = &channels;
        let got = select! {
            recv(c[15].1) -> msg => (15, msg),
            recv(c[3].1) -> msg => (3, msg),
            recv(c[7].1) -> msg => (7, msg),
            recv(c[0].1) -> msg => (0, msg),
            recv(c[11].1) -> msg => (11, msg),
            recv(c[1].1) -> msg => (1, msg),
            recv(c[14].1) -> msg => (14, msg),
            recv(c[2].1) -> msg => (2, msg),
            recv(c[13].1) -> msg => (13, msg),
            recv(c[4].1) -> msg => (4, msg),
            recv(c[12].1) -> msg => (12, msg),
            recv(c[5].1) -> msg => (5, msg),
            recv(c[10].1) -> msg => (10, msg),
            recv(c[6].1) -> msg => (6, msg),
            recv(c[9].1) -> msg => (9, msg),
            recv(c[8].1) -> msg => (8, msg),
        };
        assert_eq!(got, (i, Ok(i)));
        sender.join().unwrap();
    }
}
