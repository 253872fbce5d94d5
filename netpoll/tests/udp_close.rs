//! Closing datagram sockets that others use, of UDP and of Unix.

mod common;

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::Arc;

use common::{Mode, SocketPath, cases};
use hueless_netpoll::net::{UdpSocket, UnixDatagram, is_closed};

cases!(
    close_wakes_receivers,
    close_wakes_receivers_without_a_peer,
    close_wakes_receivers_on_clones,
    close_wakes_senders,
    close_wakes_senders_to_a_named_receiver,
    later_operations_fail,
    empty_datagrams_are_no_close,
    others_users_see_the_end,
);

/// Both types.
trait Datagrams: Sized + Send + Sync + 'static {
    /// One that is connected to nobody.
    fn alone() -> Self;
    fn pair() -> (Self, Self);
    fn clone(&self) -> Self;
    fn send(&self, buf: &[u8]) -> io::Result<usize>;
    /// Of each kind.
    fn receive(&self, kind: usize) -> io::Result<usize>;
    fn close(&self);
}

impl Datagrams for UdpSocket {
    fn alone() -> Self {
        Self::bind("127.0.0.1:0").unwrap()
    }

    fn pair() -> (Self, Self) {
        let (a, b) = (Self::alone(), Self::alone());
        a.connect(b.local_addr().unwrap()).unwrap();
        b.connect(a.local_addr().unwrap()).unwrap();
        (a, b)
    }

    fn clone(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.send(buf)
    }

    fn receive(&self, kind: usize) -> io::Result<usize> {
        let mut buf = [0; 8];
        match kind % 4 {
            0 => self.recv(&mut buf),
            1 => self.recv_from(&mut buf).map(|(len, _)| len),
            2 => self.peek(&mut buf).and_then(|_| self.recv(&mut buf)),
            _ => self.peek_from(&mut buf).and_then(|_| self.recv(&mut buf)),
        }
    }

    fn close(&self) {
        self.close();
    }
}

impl Datagrams for UnixDatagram {
    fn alone() -> Self {
        let path = SocketPath::new();
        Self::bind(&path).unwrap()
    }

    fn pair() -> (Self, Self) {
        Self::pair().unwrap()
    }

    fn clone(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.send(buf)
    }

    fn receive(&self, kind: usize) -> io::Result<usize> {
        let mut buf = [0; 8];
        match kind % 2 {
            0 => self.recv(&mut buf),
            _ => self.recv_from(&mut buf).map(|(len, _)| len),
        }
    }

    fn close(&self) {
        self.close();
    }
}

/// Receives until there is an error.
fn receive_all(socket: &impl Datagrams, kind: usize) -> io::Error {
    loop {
        match socket.receive(kind) {
            Ok(len) => assert_eq!(len, 1, "a close is no datagram"),
            Err(error) => return error,
        }
    }
}

fn both(udp: fn(), unix: fn()) {
    udp();
    unix();
}

/// Many times, since the receivers may be anywhere between their datagram and their wait.
fn close_wakes_receivers<M: Mode>() {
    fn of<M: Mode, T: Datagrams>() {
        for round in 0..100 {
            let (a, b) = T::pair();
            let b = Arc::new(b);
            let receivers: Vec<_> = (0..3)
                .map(|receiver| {
                    let b = Arc::clone(&b);
                    M::spawn(move || receive_all(&*b, round + receiver))
                })
                .collect();
            a.send(b"x").unwrap();
            b.close();
            for receiver in receivers {
                let error = receiver.join();
                assert!(is_closed(&error), "{error:?}");
                assert_eq!(error.kind(), ErrorKind::NotConnected);
            }
        }
    }
    both(of::<M, UdpSocket>, of::<M, UnixDatagram>);
}

/// The system tells nobody of a socket that has no peer, on some systems.
fn close_wakes_receivers_without_a_peer<M: Mode>() {
    fn of<M: Mode, T: Datagrams>() {
        for round in 0..100 {
            let socket = Arc::new(T::alone());
            let receivers: Vec<_> = (0..3)
                .map(|receiver| {
                    let socket = Arc::clone(&socket);
                    M::spawn(move || receive_all(&*socket, round + receiver))
                })
                .collect();
            if round % 2 == 0 {
                hueless_runtime::yield_now();
            }
            socket.close();
            for receiver in receivers {
                assert!(is_closed(&receiver.join()));
            }
        }
    }
    both(of::<M, UdpSocket>, of::<M, UnixDatagram>);
}

/// One receiver waits on each of several handles, after it has said so.
fn close_wakes_receivers_on_clones<M: Mode>() {
    fn of<M: Mode, T: Datagrams>() {
        for round in 0..50 {
            let (a, b) = T::pair();
            let (first, second) = (b.clone(), b.clone());
            let third = second.clone();
            let receivers: Vec<_> = [b.clone(), first, second, third]
                .into_iter()
                .map(|handle| {
                    M::spawn(move || {
                        handle.send(b"y").unwrap();
                        receive_all(&handle, round)
                    })
                })
                .collect();
            for _ in 0..receivers.len() {
                a.receive(0).unwrap();
            }
            // On the original or on a clone that has been made just now.
            match round % 2 {
                0 => b.close(),
                _ => b.clone().close(),
            }
            for receiver in receivers {
                assert!(is_closed(&receiver.join()));
            }
        }
    }
    both(of::<M, UdpSocket>, of::<M, UnixDatagram>);
}

fn close_wakes_senders<M: Mode>() {
    for round in 0..30 {
        let (a, b) = UnixDatagram::pair().unwrap();
        let (handle, clone) = (Arc::new(a), Arc::new(Datagrams::clone(&b)));
        drop(clone);
        let sender = M::spawn({
            let handle = match round % 2 {
                0 => Arc::clone(&handle),
                _ => Arc::new(handle.try_clone().unwrap()),
            };
            move || {
                loop {
                    if let Err(error) = handle.send(&[0; 1000]) {
                        return error;
                    }
                }
            }
        });
        b.recv(&mut [0; 1000]).unwrap();
        handle.close();
        let error = sender.join();
        assert!(is_closed(&error), "{error:?}");
    }
}

/// It waits for the receiver's room, not for its own.
fn close_wakes_senders_to_a_named_receiver<M: Mode>() {
    for round in 0..30 {
        let path = SocketPath::new();
        let receiver = UnixDatagram::bind(&path).unwrap();
        let socket = Arc::new(UnixDatagram::unbound().unwrap());
        let path = Arc::new(path);
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let path = Arc::clone(&path);
                let handle = match (round + sender) % 2 {
                    0 => Arc::clone(&socket),
                    _ => Arc::new(socket.try_clone().unwrap()),
                };
                M::spawn(move || {
                    loop {
                        if let Err(error) = handle.send_to(b"x", &*path) {
                            return error;
                        }
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            receiver.recv(&mut [0]).unwrap();
        }
        // The queue is full, and they have time to find it so.
        let filling = UnixDatagram::unbound().unwrap();
        filling.set_nonblocking(true).unwrap();
        while filling.send_to(b"x", &*path).is_ok() {}
        (0..20).for_each(|_| hueless_runtime::yield_now());
        socket.close();
        for sender in senders {
            let error = sender.join();
            assert!(is_closed(&error), "{error:?}");
        }
    }
}

fn later_operations_fail<M: Mode>() {
    fn of<M: Mode, T: Datagrams>() {
        let (a, b) = T::pair();
        b.send(b"too late").unwrap();
        a.close();
        a.close();
        let mut errors: Vec<_> = (0..4).map(|kind| a.receive(kind).unwrap_err()).collect();
        errors.push(a.send(b"x").unwrap_err());
        errors.push(a.clone().send(b"x").unwrap_err());
        errors.push(a.clone().receive(0).unwrap_err());
        for error in errors {
            assert!(is_closed(&error), "{error:?}");
        }
    }
    both(of::<M, UdpSocket>, of::<M, UnixDatagram>);
}

fn empty_datagrams_are_no_close<M: Mode>() {
    fn of<M: Mode, T: Datagrams>() {
        let (a, b) = T::pair();
        let receiver = M::spawn(move || {
            for kind in 0..4 {
                assert_eq!(b.receive(kind).unwrap(), 0);
            }
        });
        for _ in 0..4 {
            a.send(&[]).unwrap();
        }
        receiver.join();
    }
    both(of::<M, UdpSocket>, of::<M, UnixDatagram>);
}

/// Who waits by a descriptor that is none of ours is told by the system, where it tells anybody.
fn others_users_see_the_end<M: Mode>() {
    let (a, b) = UnixDatagram::pair().unwrap();
    let foreign = a.as_fd().try_clone_to_owned().unwrap();
    let foreign = std::os::unix::net::UnixDatagram::from(foreign);
    a.close();
    foreign.set_nonblocking(false).unwrap();
    assert_eq!(foreign.recv(&mut [0]).unwrap(), 0);
    let error = b.send(b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert!(!is_closed(&error));
}
