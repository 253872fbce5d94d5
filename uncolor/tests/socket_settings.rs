//! What a socket is set to holds in tasks as in threads: its time-outs, its mode; and who closes it.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hueless_runtime::spawn;

mod common;

use common::{crowd, in_each_runtime, join_all, run, until};

const HERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const SHORT: Duration = Duration::from_millis(20);

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(HERE).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn flags(socket: &impl AsRawFd) -> libc::c_int {
    // SAFETY: a question about an open descriptor.
    unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) }
}

/// Sets how long calls on the socket wait: an option that std has no method for on listeners.
fn set_timeout(socket: &impl AsRawFd, option: libc::c_int, timeout: Duration) {
    let time = libc::timeval {
        tv_sec: 0,
        tv_usec: timeout.as_micros() as libc::suseconds_t,
    };
    // SAFETY: the option is a time of this type.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const time).cast(),
            size_of_val(&time) as libc::socklen_t,
        )
    };
    assert_eq!(answer, 0);
}

#[test]
fn time_outs_hold() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let begun = Instant::now();
            let reads = || {
                let (mut stream, _peer) = pair();
                stream.set_read_timeout(Some(SHORT)).unwrap();
                stream.read(&mut [0]).unwrap_err()
            };
            let accepts = || {
                let listener = TcpListener::bind(HERE).unwrap();
                set_timeout(&listener, libc::SO_RCVTIMEO, SHORT);
                listener.accept().unwrap_err()
            };
            let receives = || {
                let socket = UdpSocket::bind(HERE).unwrap();
                socket.set_read_timeout(Some(SHORT)).unwrap();
                socket.recv_from(&mut [0]).unwrap_err()
            };
            let tasks = vec![spawn(reads), spawn(accepts), spawn(receives)];
            for error in join_all(tasks) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            assert!(begun.elapsed() >= SHORT);
        });
    });
}

#[test]
fn acceptors_time_out_together() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = Arc::new(TcpListener::bind(HERE).unwrap());
            set_timeout(&*listener, libc::SO_RCVTIMEO, 10 * SHORT);
            let begun = Instant::now();
            let tasks = crowd(50, move |_| listener.accept().unwrap_err().kind());
            assert_eq!(join_all(tasks), [ErrorKind::WouldBlock; 50]);
            // One after the other would take 50 times as long.
            assert!(begun.elapsed() < 100 * SHORT);
        });
    });
}

#[test]
fn a_write_that_times_out_says_how_much_was_written() {
    const LEN: usize = 64 << 20;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut stream, _peer) = pair();
            stream.set_write_timeout(Some(SHORT)).unwrap();
            let bytes = vec![0; LEN];
            let written = stream.write(&bytes).unwrap();
            assert!(0 < written && written < LEN);
            // There is still no room, unless the system has moved some meanwhile.
            let mut turns = 0..1000;
            let error = turns.find_map(|_| stream.write(&bytes).err()).unwrap();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn what_does_not_wait_does_not() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut stream, _peer) = pair();
            stream.set_nonblocking(true).unwrap();
            let error = stream.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            let listener = TcpListener::bind(HERE).unwrap();
            listener.set_nonblocking(true).unwrap();
            let error = listener.accept().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn modes_stay_as_they_are() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = TcpListener::bind(HERE).unwrap();
            let address = listener.local_addr().unwrap();
            let server = spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mode = flags(&listener);
                stream.read_exact(&mut [0]).unwrap();
                [mode, flags(&stream)]
            });
            let mut client = TcpStream::connect(address).unwrap();
            assert_eq!(flags(&client) & libc::O_NONBLOCK, 0);
            client.write_all(b"x").unwrap();
            for mode in server.join().unwrap() {
                assert_eq!(mode & libc::O_NONBLOCK, 0);
            }
            let timed = TcpStream::connect_timeout(&address, SHORT);
            assert!(timed.is_err(), "the listener is gone");
        });
    });
}

#[test]
fn connecting_takes_no_longer_than_allowed() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            // A queue for one, and nobody who takes it.
            let listener = TcpListener::bind(HERE).unwrap();
            // SAFETY: an open descriptor.
            assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
            let address = listener.local_addr().unwrap();
            let connected = |address: &SocketAddr| TcpStream::connect_timeout(address, SHORT);
            let mut waiting = Vec::new();
            // The system may take a few more than said.
            let error = (0..64).find_map(|_| match connected(&address) {
                Ok(stream) => {
                    waiting.push(stream);
                    None
                }
                Err(error) => Some(error),
            });
            assert_eq!(error.unwrap().kind(), ErrorKind::TimedOut);
        });
    });
}

#[test]
fn who_waits_for_what_is_closed_fails() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (stream, mut peer) = pair();
            // One that nobody else gets when it is free.
            // SAFETY: a duplicate of an open descriptor.
            let number = unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 900) };
            assert!(number >= 900);
            drop(stream);
            let reader = spawn(move || {
                let mut byte = 0_u8;
                // SAFETY: one byte, which is here.
                let answer = unsafe { libc::recv(number, (&raw mut byte).cast(), 1, 0) };
                (answer, std::io::Error::last_os_error().raw_os_error())
            });
            hueless_runtime::yield_now();
            // SAFETY: nobody else owns it.
            drop(unsafe { OwnedFd::from_raw_fd(number) });
            assert_eq!(reader.join().unwrap(), (-1, Some(libc::EBADF)));
            // It was the last descriptor of that stream.
            assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        });
    });
}

#[test]
fn a_number_that_is_used_again_is_waited_for_anew() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut stream, mut peer) = pair();
            for round in 0..20 {
                let reader = spawn(move || {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    (stream, byte[0])
                });
                hueless_runtime::yield_now();
                peer.write_all(&[round]).unwrap();
                let (old, byte) = reader.join().unwrap();
                assert_eq!(byte, round);
                let (new, new_peer) = pair();
                let number = old.into_raw_fd();
                // Unseen by anybody: the number becomes another file's.
                // SAFETY: both are open, and nobody else has the first.
                unsafe {
                    assert_eq!(libc::dup2(new.as_raw_fd(), number), number);
                    stream = TcpStream::from_raw_fd(number);
                }
                peer = new_peer;
            }
        });
    });
}

#[test]
fn readers_in_tasks_and_threads_share_a_stream() {
    const MANY: usize = 200;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (stream, mut peer) = pair();
            let stream = Arc::new(stream);
            let for_threads = stream.clone();
            let read = |stream: &TcpStream| {
                let mut stream = stream;
                stream.read_exact(&mut [0]).unwrap();
            };
            let tasks = crowd(MANY, move |_| read(&stream));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let stream = for_threads.clone();
                    std::thread::spawn(move || (0..MANY / 4).for_each(|_| read(&stream)))
                })
                .collect();
            for _ in 0..2 * MANY {
                peer.write_all(b"x").unwrap();
                hueless_runtime::yield_now();
            }
            join_all(tasks);
            until(|| threads.iter().all(std::thread::JoinHandle::is_finished));
        });
    });
}
