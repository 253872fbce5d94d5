//! libc's calls on sockets, as C libraries make them: what they answer in tasks is what they answer in threads.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::ffi::{c_int, c_void};
use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hueless_channel::bounded;
use hueless_runtime::{spawn, yield_now};
use libc::{iovec, msghdr, pollfd};

mod common;

use common::{crowd, in_each_runtime, join_all, run};

const SHORT: Duration = Duration::from_millis(20);

fn receive(socket: &impl AsRawFd, buf: &mut [u8], flags: c_int) -> isize {
    // SAFETY: the buffer is there.
    unsafe {
        libc::recv(
            socket.as_raw_fd(),
            buf.as_mut_ptr().cast(),
            buf.len(),
            flags,
        )
    }
}

fn send(socket: &impl AsRawFd, buf: &[u8], flags: c_int) -> isize {
    // SAFETY: the buffer is there.
    unsafe { libc::send(socket.as_raw_fd(), buf.as_ptr().cast(), buf.len(), flags) }
}

fn asked(descriptor: &impl AsRawFd, events: i16) -> pollfd {
    pollfd {
        fd: descriptor.as_raw_fd(),
        events,
        revents: 0,
    }
}

fn poll(all: &mut [pollfd], timeout: c_int) -> c_int {
    // SAFETY: they are there.
    unsafe { libc::poll(all.as_mut_ptr(), all.len() as libc::nfds_t, timeout) }
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap()
}

#[test]
fn all_that_is_asked_for_is_received() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, mut other) = UnixStream::pair().unwrap();
            let writer = spawn(move || {
                for part in ["all", " of", " it", "..."] {
                    other.write_all(part.as_bytes()).unwrap();
                    yield_now();
                }
                other
            });
            let mut buf = [0; 9];
            assert_eq!(receive(&one, &mut buf, libc::MSG_WAITALL), 9);
            assert_eq!(&buf, b"all of it");
            drop(writer.join().unwrap());
            // What is left before the end.
            assert_eq!(receive(&one, &mut buf, libc::MSG_WAITALL), 3);
            assert_eq!(receive(&one, &mut buf, libc::MSG_WAITALL), 0);
        });
    });
}

#[test]
fn a_datagram_is_all() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, other) = UnixDatagram::pair().unwrap();
            other.send(b"short").unwrap();
            assert_eq!(receive(&one, &mut [0; 9], libc::MSG_WAITALL), 5);
        });
    });
}

#[test]
fn looking_takes_nothing() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, other) = UnixStream::pair().unwrap();
            let reader = spawn(move || {
                let mut buf = [0; 4];
                let seen = receive(&one, &mut buf, libc::MSG_PEEK);
                (seen, receive(&one, &mut buf, 0), buf)
            });
            yield_now();
            assert_eq!(send(&other, b"look", 0), 4);
            assert_eq!(reader.join().unwrap(), (4, 4, *b"look"));
        });
    });
}

#[test]
fn a_call_that_is_not_to_wait_does_not() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, _other) = UnixStream::pair().unwrap();
            assert_eq!(receive(&one, &mut [0], libc::MSG_DONTWAIT), -1);
            assert_eq!(errno(), libc::EAGAIN);
        });
    });
}

#[test]
fn errors_are_the_kernels() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            // SAFETY: the kernel refuses the number, and the address.
            unsafe {
                assert_eq!(libc::read(9999, [0_u8].as_mut_ptr().cast(), 1), -1);
                assert_eq!(errno(), libc::EBADF);
                let (one, other) = UnixStream::pair().unwrap();
                assert_eq!(send(&other, b"x", 0), 1);
                assert_eq!(
                    libc::read(one.as_raw_fd(), ptr::null_mut::<c_void>(), 1),
                    -1
                );
                assert_eq!(errno(), libc::EFAULT);
                drop(one);
                assert_eq!(send(&other, b"x", libc::MSG_NOSIGNAL), -1);
                assert_eq!(errno(), libc::EPIPE);
                let file = std::fs::File::open("/dev/null").unwrap();
                assert_eq!(receive(&file, &mut [0], 0), -1);
                assert_eq!(errno(), libc::ENOTSOCK);
                let one: iovec = mem::zeroed();
                assert_eq!(libc::writev(other.as_raw_fd(), &raw const one, -1), -1);
                assert_eq!(errno(), libc::EINVAL);
            }
        });
    });
}

#[test]
fn what_is_no_socket_is_read_and_written() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut reader, mut writer) = io::pipe().unwrap();
            writer.write_all(b"pipe").unwrap();
            let parts = [io::IoSlice::new(b"li"), io::IoSlice::new(b"ne")];
            assert_eq!(writer.write_vectored(&parts).unwrap(), 4);
            drop(writer);
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "pipeline");
        });
    });
}

/// A message of `bytes`, and a descriptor.
fn send_with(socket: &UnixStream, bytes: &[&[u8]], descriptor: RawFd) -> isize {
    let parts: Vec<_> = bytes
        .iter()
        .map(|part| iovec {
            iov_base: part.as_ptr().cast_mut().cast(),
            iov_len: part.len(),
        })
        .collect();
    let mut control = [0_u64; 8];
    // SAFETY: zeros are a message of nothing; the parts and the control data are there.
    unsafe {
        let mut message: msghdr = mem::zeroed();
        message.msg_iov = parts.as_ptr().cast_mut();
        message.msg_iovlen = parts.len() as _;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write(descriptor);
        libc::sendmsg(socket.as_raw_fd(), &raw const message, 0)
    }
}

/// How many bytes came, and the descriptors with them.
fn receive_with(socket: &UnixStream, buf: &mut [u8]) -> (usize, Vec<OwnedFd>) {
    let mut part = iovec {
        iov_base: buf.as_mut_ptr().cast(),
        iov_len: buf.len(),
    };
    let mut control = [0_u64; 8];
    let mut descriptors = Vec::new();
    // SAFETY: as in `send_with`; what comes with the message is new descriptors.
    unsafe {
        let mut message: msghdr = mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        let count = libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if !header.is_null() {
            let number = libc::CMSG_DATA(header).cast::<c_int>().read();
            descriptors.push(OwnedFd::from_raw_fd(number));
        }
        (count as usize, descriptors)
    }
}

#[test]
fn a_descriptor_goes_with_the_first_byte() {
    const LEN: usize = 1 << 20;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, other) = UnixStream::pair().unwrap();
            let sender = spawn(move || {
                let (read, _write) = io::pipe().unwrap();
                let bytes = vec![7; LEN];
                // More than there is room for, so that some is sent later.
                let sent = send_with(&one, &[&bytes[..9], &bytes[9..]], read.as_raw_fd());
                assert_eq!(sent, LEN as isize);
            });
            let mut buf = vec![0; LEN];
            let (mut count, descriptors) = receive_with(&other, &mut buf);
            assert_eq!(descriptors.len(), 1);
            while count < LEN {
                let (more, descriptors) = receive_with(&other, &mut buf[count..]);
                assert!(more > 0 && descriptors.is_empty());
                count += more;
            }
            assert!(buf.iter().all(|byte| *byte == 7));
            sender.join().unwrap();
        });
    });
}

#[test]
fn a_full_queue_of_datagrams_is_waited_for() {
    const MANY: usize = 500;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let directory = std::env::temp_dir().join(format!("uncolor-{}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let path = directory.join("datagrams");
            let receiver = UnixDatagram::bind(&path).unwrap();
            let named = path.clone();
            let sender = spawn(move || {
                let socket = UnixDatagram::unbound().unwrap();
                (0..MANY).for_each(|_| assert_eq!(socket.send_to(b"x", &named).unwrap(), 1));
            });
            (0..MANY).for_each(|_| assert_eq!(receiver.recv(&mut [0]).unwrap(), 1));
            sender.join().unwrap();
            std::fs::remove_file(path).unwrap();
        });
    });
}

#[test]
fn a_full_queue_of_connections_is_waited_for() {
    const MANY: usize = 20;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let directory = std::env::temp_dir().join(format!("uncolor-{}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let path = directory.join("connections");
            let listener = UnixListener::bind(&path).unwrap();
            // SAFETY: an open descriptor.
            assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
            let named = Arc::new(path.clone());
            let clients = crowd(MANY, move |_| UnixStream::connect(&*named).unwrap());
            for _ in 0..MANY {
                listener.accept().unwrap();
            }
            join_all(clients);
            std::fs::remove_file(path).unwrap();
        });
    });
}

#[test]
fn the_first_of_several_ends_a_poll() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, mut other) = UnixStream::pair().unwrap();
            let (reader, writer) = io::pipe().unwrap();
            let (polled, is_polled) = bounded(1);
            let poller = spawn(move || {
                let mut all = [
                    asked(&one, libc::POLLIN | libc::POLLPRI),
                    asked(&reader, libc::POLLIN),
                    pollfd {
                        fd: -1,
                        events: libc::POLLIN,
                        revents: 7,
                    },
                ];
                let first = poll(&mut all, -1);
                polled.send(()).unwrap();
                let seen = all.map(|asked| asked.revents);
                receive(&one, &mut [0], 0);
                let mut all = [asked(&one, libc::POLLIN), asked(&reader, 0)];
                (first, seen, poll(&mut all, -1), all[1].revents)
            });
            yield_now();
            other.write_all(b"x").unwrap();
            is_polled.recv().unwrap();
            drop(writer);
            let (first, seen, second, end) = poller.join().unwrap();
            assert_eq!((first, seen[0], seen[2]), (1, libc::POLLIN, 0));
            assert_eq!((second, end), (1, libc::POLLHUP));
        });
    });
}

#[test]
fn a_poll_ends_with_its_time() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, _other) = UnixStream::pair().unwrap();
            let begun = Instant::now();
            let of_one = spawn(move || poll(&mut [asked(&one, libc::POLLIN)], 20));
            let of_none = spawn(|| poll(&mut [], 20));
            assert_eq!(of_one.join().unwrap(), 0);
            assert_eq!(of_none.join().unwrap(), 0);
            assert!(begun.elapsed() >= SHORT);
            let (one, other) = UnixStream::pair().unwrap();
            drop(other);
            let mut closed = [asked(&one, libc::POLLIN)];
            assert_eq!(poll(&mut closed, 0), 1);
            assert_eq!(closed[0].revents, libc::POLLIN | libc::POLLHUP);
            let mut none = [pollfd {
                fd: 9999,
                events: libc::POLLIN,
                revents: 0,
            }];
            assert_eq!(poll(&mut none, -1), 1);
            assert_eq!(none[0].revents, libc::POLLNVAL);
        });
    });
}

#[test]
fn many_poll_one_descriptor_for_different_things() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, mut other) = UnixStream::pair().unwrap();
            one.set_nonblocking(true).unwrap();
            // Until there is no room.
            while send(&one, &[0; 4096], libc::MSG_NOSIGNAL) > 0 {}
            let one = Arc::new(one);
            let pollers = crowd(20, move |number| {
                let events = [libc::POLLIN, libc::POLLOUT][number % 2];
                let mut asked = [asked(&*one, events)];
                assert_eq!(poll(&mut asked, -1), 1);
                assert_eq!(asked[0].revents & events, events);
            });
            yield_now();
            other.write_all(b"x").unwrap();
            other.set_nonblocking(true).unwrap();
            while other.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
            join_all(pollers);
        });
    });
}
