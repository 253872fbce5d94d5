//! What waits lies on the waiting stack, wherever that is and whatever becomes of the rest of it.
//!
//! Go moves stacks and corrects the addresses in them (`TestSelectStackAdjust`,
//! `TestShrinkStackDuringBlockedSend`). Ours stay where they are; but they may be grown ones, and what
//! lies below a parked task's frames is given back to the system.

use std::hint::black_box;

use hueless_channel::{Receiver, bounded, select};
use hueless_runtime::stack;

use crate::common::{World, join_all, rounds};

crate::tests_in_all_worlds!(selects_on_grown_stacks_get_their_messages);

/// A message that fills more than a cache line.
type Wide = [usize; 40];

/// Receives a message into this frame, then goes deeper, now and then on a bigger stack, receives
/// another one on the way back, and answers how many have come.
#[inline(never)]
fn dig(depth: usize, got: usize, from: &[Receiver<Wide>; 2]) -> usize {
    let first = next(from);
    let frame = black_box([depth; 100]);
    assert_eq!(first, [got; 40]);
    let deeper = match depth {
        0 => 0,
        // Grown stacks of two sizes, some of them inside others.
        d if d % 5 == 0 => stack::grow(64 << 10, || dig(depth - 1, got + 1, from)),
        d if d % 7 == 0 => stack::grow(1 << 20, || dig(depth - 1, got + 1, from)),
        _ => dig(depth - 1, got + 1, from),
    };
    let second = next(from);
    assert_eq!(second, [got + deeper + 1; 40]);
    // Nobody has written here meanwhile.
    assert_eq!((frame, first), ([depth; 100], [got; 40]));
    deeper + 2
}

fn next(from: &[Receiver<Wide>; 2]) -> Wide {
    select! {
        recv(from[0]) -> msg => msg.unwrap(),
        recv(from[1]) -> msg => msg.unwrap(),
    }
}

fn selects_on_grown_stacks_get_their_messages<W: World>() {
    const DEPTH: usize = 40;
    const DIGGERS: usize = 8;
    for _ in 0..rounds(40) {
        let handles: Vec<_> = (0..DIGGERS)
            .flat_map(|digger| {
                let (s1, r1) = bounded(0);
                let (s2, r2) = bounded(digger % 2);
                let from = [r1, r2];
                let digging = W::spawn(move || assert_eq!(dig(DEPTH, 0, &from), 2 * (DEPTH + 1)));
                let feeding = W::spawn(move || {
                    for i in 0..2 * (DEPTH + 1) {
                        select! {
                            send(s1, [i; 40]) -> res => res.unwrap(),
                            send(s2, [i; 40]) -> res => res.unwrap(),
                        }
                        // What lies in a buffer is received before there is anything else.
                        while !s2.is_empty() {
                            W::yield_now();
                        }
                    }
                });
                [digging, feeding]
            })
            .collect();
        join_all(handles);
    }
}

/// Linux only, where it can be seen.
#[cfg(target_os = "linux")]
mod trimmed {
    use std::hint::black_box;

    use hueless_channel::{Receiver, Sender, bounded, never, select};
    use hueless_runtime::runtime::Builder;

    use crate::alone::alone;

    const TASKS: usize = 200;
    const DEEP: usize = 64 << 10;

    /// Bytes of memory that the process has.
    fn resident() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
        pages * 4096
    }

    /// Uses `DEEP` bytes of stack and gives a number that depends on them.
    #[inline(never)]
    fn go_deep(seed: u8) -> usize {
        let frame = black_box([seed; DEEP]);
        frame.iter().map(|byte| usize::from(*byte)).sum()
    }

    type Message = [u8; 200];

    /// Waits in one of four ways with a message that lies in this frame, or is to lie there.
    fn wait(i: usize, send: &Sender<Message>, receive: &Receiver<Message>) -> Option<Message> {
        let message = black_box([i as u8; 200]);
        match i % 4 {
            0 => send.send(message).unwrap(),
            1 => select! {
                recv(never::<Message>()) -> _ => unreachable!(),
                send(send, message) -> res => res.unwrap(),
            },
            2 => return Some(receive.recv().unwrap()),
            _ => select! {
                recv(never::<Message>()) -> _ => unreachable!(),
                recv(receive) -> message => return Some(message.unwrap()),
            },
        }
        None
    }

    #[test]
    fn who_waits_keeps_what_lies_in_its_frames() {
        alone(
            module_path!(),
            "who_waits_keeps_what_lies_in_its_frames",
            || {
                let runtime = Builder::new().workers(2).build().unwrap();
                let before = resident();
                let (to_main, from_tasks) = bounded(0);
                let (to_tasks, from_main) = bounded(0);
                let handles: Vec<_> = (0..TASKS)
                    .map(|i| {
                        let (to_main, from_main) = (to_main.clone(), from_main.clone());
                        runtime.spawn(move || {
                            let before = go_deep(i as u8);
                            let received = wait(i, &to_main, &from_main);
                            assert_eq!(before, go_deep(i as u8));
                            received
                        })
                    })
                    .collect();
                while runtime.metrics().parked < TASKS {
                    std::thread::yield_now();
                }
                // What they have used is given back.
                while resident() > before + TASKS * DEEP * 3 / 4 {
                    std::thread::yield_now();
                }
                let mut sent: Vec<u8> = Vec::new();
                for i in 0..TASKS {
                    if i % 4 < 2 {
                        let message: Message = from_tasks.recv().unwrap();
                        assert_eq!(message, [message[0]; 200]);
                        sent.push(message[0]);
                    } else {
                        to_tasks.send([i as u8; 200]).unwrap();
                    }
                }
                sent.sort_unstable();
                assert!(
                    sent.into_iter()
                        .eq((0..TASKS).filter(|i| i % 4 < 2).map(|i| i as u8))
                );
                let mut received: Vec<_> = handles
                    .into_iter()
                    .filter_map(|handle| handle.join().unwrap())
                    .inspect(|message| assert_eq!(*message, [message[0]; 200]))
                    .map(|message| usize::from(message[0]))
                    .collect();
                received.sort_unstable();
                assert!(received.into_iter().eq((0..TASKS).filter(|i| i % 4 >= 2)));
            },
        );
    }
}
