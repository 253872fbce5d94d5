//! The ways there are to close a channel, and to use one that is or will be closed.

use std::time::Duration;

use crate::common::{Flavor, NEVER};
use hueless_channel::{
    Drain, Receiver, Select, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    bounded, select,
};

/// Closes a channel at one of its ends.
pub(crate) type Close = for<'a> fn(&'a Sender<usize>, &'a Receiver<usize>) -> Drain<'a, usize>;

pub(crate) const ENDS: [Close; 2] = [|s, _| s.close(), |_, r| r.close()];

/// Sends `msg` in one of the ways there are, and answers what came back.
pub(crate) fn send_somehow(s: &Sender<usize>, way: usize, msg: usize) -> Option<usize> {
    let (_never, nothing) = bounded::<()>(0);
    let nothing = &nothing;
    match way % 6 {
        0 => s.send(msg).err().map(|err| err.0),
        1 => s.send_timeout(msg, NEVER).err().map(|err| match err {
            SendTimeoutError::Disconnected(msg) => msg,
            SendTimeoutError::Timeout(_) => panic!("much too late"),
        }),
        2 => select! {
            send(s, msg) -> res => res.err().map(|err| err.0),
            recv(nothing) -> _ => unreachable!(),
        },
        3 => select! {
            recv(nothing) -> _ => unreachable!(),
            send(s, msg) -> res => res.err().map(|err| err.0),
            send(s, msg) -> res => res.err().map(|err| err.0),
            default(NEVER) => panic!("much too late"),
        },
        4 => {
            let mut list = Select::new();
            list.recv(nothing);
            list.send(s);
            let operation = list.select();
            assert_eq!(operation.index(), 1);
            operation.send(s, msg).err().map(|err| err.0)
        }
        _ => {
            let mut list = Select::new();
            list.send(s);
            loop {
                assert_eq!(list.ready(), 0);
                match s.try_send(msg) {
                    Ok(()) => return None,
                    Err(TrySendError::Disconnected(msg)) => return Some(msg),
                    Err(TrySendError::Full(_)) => {}
                }
            }
        }
    }
}

/// Receives in one of the ways there are.
pub(crate) fn recv_somehow(r: &Receiver<usize>, way: usize) -> Option<usize> {
    let (_never, nothing) = bounded::<()>(0);
    let nothing = &nothing;
    match way % 7 {
        0 => r.recv().ok(),
        1 => r
            .recv_timeout(NEVER)
            .map_err(|err| assert!(err.is_disconnected()))
            .ok(),
        2 => select! {
            recv(r) -> msg => msg.ok(),
            recv(nothing) -> _ => unreachable!(),
        },
        3 => select! {
            recv(nothing) -> _ => unreachable!(),
            recv(r) -> msg => msg.ok(),
            recv(r) -> msg => msg.ok(),
            default(NEVER) => panic!("much too late"),
        },
        4 => {
            let mut list = Select::new();
            list.recv(nothing);
            list.recv(r);
            let operation = list.select();
            assert_eq!(operation.index(), 1);
            operation.recv(r).ok()
        }
        5 => {
            let mut batch = Vec::new();
            let count = r.recv_many(&mut batch, 1);
            assert_eq!(count, batch.len());
            batch.pop()
        }
        _ => {
            let mut list = Select::new();
            list.recv(r);
            loop {
                assert_eq!(list.ready(), 0);
                match r.try_recv() {
                    Ok(msg) => return Some(msg),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => {}
                }
            }
        }
    }
}

pub(crate) fn assert_closed(s: &Sender<usize>, flavor: Flavor, left: usize) {
    assert_eq!(s.try_send(9), Err(TrySendError::Disconnected(9)));
    for way in 0..6 {
        assert_eq!(send_somehow(s, way, 9), Some(9), "way {way} of {flavor:?}");
    }
    assert_eq!(
        s.send_timeout(9, Duration::ZERO),
        Err(SendTimeoutError::Disconnected(9))
    );
    select! {
        send(s, 9) -> res => assert_eq!(res, Err(SendError(9))),
        default => panic!("a closed channel answers at once"),
    }
    let mut list = Select::new();
    list.send(s);
    assert_eq!(list.try_ready(), Ok(0));
    assert_eq!(list.try_select().unwrap().send(s, 9), Err(SendError(9)));
    assert_eq!(s.len(), left);
    assert_eq!(s.is_empty(), left == 0);
    assert_eq!(
        s.is_full(),
        flavor.capacity().is_some_and(|capacity| left >= capacity)
    );
    assert_eq!(s.capacity(), flavor.capacity());
}
