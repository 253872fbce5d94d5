//! `Pollable`: descriptors of all kinds, and who may wait for them how.

mod common;

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Mode, bytes, cases, pair};
use hueless_netpoll::net::{Interest, Pollable};
use hueless_runtime::blocking;
use hueless_runtime::runtime::Builder;

cases!(
    pipes_pass_messages_to_and_fro,
    ready_as_long_as_there_is_something,
    writable_waits_for_room,
    reader_sees_the_end,
    writer_sees_that_the_reader_has_gone,
    both_directions_at_once,
    either_direction_will_do,
    waiting_readers_all_see_the_end,
    two_may_wait_for_one_descriptor,
    our_own_sockets_can_be_polled_too,
    asking_leaves_the_mode_alone,
    mode_is_put_back,
    regular_files_are_always_ready,
    interrupted_calls_are_made_again,
);

fn pipe() -> (Pollable<PipeReader>, Pollable<io::PipeWriter>) {
    let (reader, writer) = io::pipe().unwrap();
    (
        Pollable::new(reader).unwrap(),
        Pollable::new(writer).unwrap(),
    )
}

fn is_nonblocking(descriptor: &impl AsFd) -> bool {
    // SAFETY: the descriptor is open, since it is borrowed; the call touches no memory.
    let flags = unsafe { libc::fcntl(descriptor.as_fd().as_raw_fd(), libc::F_GETFL) };
    assert_ne!(flags, -1);
    flags & libc::O_NONBLOCK != 0
}

/// Each message is an answer to the last, so every read may have to wait.
fn pipes_pass_messages_to_and_fro<M: Mode>() {
    let (mut requests, mut requester) = pipe();
    let (mut answers, mut answerer) = pipe();
    let server = M::spawn(move || {
        let mut byte = [0];
        while requests.read(&mut byte).unwrap() == 1 {
            answerer.write_all(&[byte[0].wrapping_add(1)]).unwrap();
        }
    });
    for round in 0..200 {
        let mut byte = [0];
        requester.write_all(&[round]).unwrap();
        answers.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [round + 1]);
    }
    drop(requester);
    server.join();
}

/// The poller tells once; `readable` says so until all has been read.
fn ready_as_long_as_there_is_something<M: Mode>() {
    let (reader, writer) = pipe();
    let writer = Arc::new(writer);
    for _ in 0..100 {
        let other = M::spawn({
            let writer = Arc::clone(&writer);
            move || writer.get_ref().write_all(b"abc").unwrap()
        });
        let mut got = Vec::new();
        while got.len() < 3 {
            reader.readable().unwrap();
            reader.readable().unwrap();
            let mut byte = [0];
            reader.get_ref().read_exact(&mut byte).unwrap();
            got.extend(byte);
        }
        assert_eq!(got, b"abc");
        other.join();
    }
}

fn writable_waits_for_room<M: Mode>() {
    let (mut reader, writer) = pipe();
    let writer = Arc::new(writer);
    let sent = bytes(1, 1 << 20);
    let writing = M::spawn({
        let (writer, sent) = (Arc::clone(&writer), sent.clone());
        move || {
            // A whole page fits whenever there is room at all.
            for page in sent.chunks(4096) {
                writer.writable().unwrap();
                writer.get_ref().write_all(page).unwrap();
            }
        }
    });
    let mut got = vec![0; sent.len()];
    reader.read_exact(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
}

fn reader_sees_the_end<M: Mode>() {
    for _ in 0..100 {
        let (mut reader, writer) = pipe();
        let reading = M::spawn(move || {
            reader.readable().unwrap();
            reader.read(&mut [0]).unwrap()
        });
        drop(writer);
        assert_eq!(reading.join(), 0);
    }
}

fn writer_sees_that_the_reader_has_gone<M: Mode>() {
    let (mut reader, mut writer) = pipe();
    let writing = M::spawn(move || {
        loop {
            if let Err(error) = writer.write(&[0; 4096]) {
                return error;
            }
        }
    });
    reader.read_exact(&mut [0; 10_000]).unwrap();
    drop(reader);
    assert_eq!(writing.join().kind(), ErrorKind::BrokenPipe);
}

fn both_directions_at_once<M: Mode>() {
    let (near, far) = UnixStream::pair().unwrap();
    let near = Arc::new(Pollable::new(near).unwrap());
    let mut far = Pollable::new(far).unwrap();
    let echo = M::spawn(move || {
        let mut buf = [0; 4096];
        loop {
            match far.read(&mut buf).unwrap() {
                0 => return,
                read => far.write_all(&buf[..read]).unwrap(),
            }
        }
    });
    let sent = bytes(2, 1 << 20);
    let writing = M::spawn({
        let (near, sent) = (Arc::clone(&near), sent.clone());
        move || {
            (&*near).write_all(&sent).unwrap();
            near.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        }
    });
    let mut got = Vec::new();
    (&*near).read_to_end(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
    echo.join();
}

/// One call that reads if it can and writes if it cannot read, as a library's might.
fn either_direction_will_do<M: Mode>() {
    let (near, far) = UnixStream::pair().unwrap();
    let near = Pollable::new(near).unwrap();
    let far = Arc::new(Pollable::new(far).unwrap());
    let sent = bytes(3, 1 << 20);
    let reading = M::spawn({
        let (far, expected) = (Arc::clone(&far), sent.clone());
        move || {
            let mut got = vec![0; expected.len()];
            (&*far).read_exact(&mut got).unwrap();
            assert!(got == expected);
        }
    });
    let writing = M::spawn({
        let (far, sent) = (Arc::clone(&far), sent.clone());
        move || (&*far).write_all(&sent).unwrap()
    });
    let mut got: Vec<u8> = Vec::new();
    let mut rest = &sent[..];
    while got.len() < sent.len() || !rest.is_empty() {
        near.with(Interest::READABLE | Interest::WRITABLE, |mut stream| {
            let mut buf = [0; 1000];
            match stream.read(&mut buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && !rest.is_empty() => {
                    rest = &rest[stream.write(rest)?..];
                    Ok(())
                }
                Err(error) => Err(error),
                Ok(read) => {
                    got.extend(&buf[..read]);
                    Ok(())
                }
            }
        })
        .unwrap();
    }
    assert!(got == sent);
    reading.join();
    writing.join();
}

fn waiting_readers_all_see_the_end<M: Mode>() {
    for _ in 0..20 {
        let (reader, mut writer) = pipe();
        let reader = Arc::new(reader);
        let got = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let (reader, got) = (Arc::clone(&reader), Arc::clone(&got));
                M::spawn(move || {
                    while (&*reader).read(&mut [0]).unwrap() == 1 {
                        got.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for _ in 0..50 {
            writer.write_all(b"x").unwrap();
        }
        drop(writer);
        readers.into_iter().for_each(|reader| reader.join());
        assert_eq!(got.load(Ordering::Relaxed), 50);
    }
}

/// Also on the same worker, whose poller takes a descriptor once.
fn two_may_wait_for_one_descriptor<M: Mode>() {
    let (reader, mut writer) = io::pipe().unwrap();
    let reader = Arc::new(reader);
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let reader = Pollable::new(Arc::clone(&reader)).unwrap();
            M::spawn(move || {
                reader.readable().unwrap();
                reader.get_ref().as_raw_fd()
            })
        })
        .collect();
    writer.write_all(b"x").unwrap();
    for waiter in waiters {
        assert_eq!(waiter.join(), reader.as_raw_fd());
    }
}

fn our_own_sockets_can_be_polled_too<M: Mode>() {
    let (mut client, mut server) = pair();
    let server_writes = M::spawn(move || {
        server.read_exact(&mut [0]).unwrap();
        server.write_all(b"y").unwrap();
        server
    });
    client.write_all(b"x").unwrap();
    let client = Pollable::new(client).unwrap();
    client.readable().unwrap();
    let mut client = client.into_inner();
    client.read_exact(&mut [0]).unwrap();
    server_writes.join();
}

fn asking_leaves_the_mode_alone<M: Mode>() {
    let (reader, mut writer) = io::pipe().unwrap();
    let reader = Arc::new(Pollable::new(reader).unwrap());
    let waiting = M::spawn({
        let reader = Arc::clone(&reader);
        move || {
            reader.readable().unwrap();
            is_nonblocking(&*reader)
        }
    });
    writer.write_all(b"x").unwrap();
    assert!(!waiting.join());
}

fn mode_is_put_back<M: Mode>() {
    let (reader, mut writer) = io::pipe().unwrap();
    let clone = reader.try_clone().unwrap();
    writer.write_all(b"abc").unwrap();

    let mut polled = Pollable::new(reader).unwrap();
    polled.read_exact(&mut [0]).unwrap();
    assert!(is_nonblocking(&polled));
    let reader = polled.into_inner();
    assert!(!is_nonblocking(&reader));

    let mut polled = Pollable::new(reader).unwrap();
    polled.read_exact(&mut [0]).unwrap();
    assert!(is_nonblocking(&clone));
    drop(polled);
    assert!(!is_nonblocking(&clone));

    // One that was in non-blocking mode stays in it.
    let (near, _far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let polled = Pollable::new(near).unwrap();
    polled.with(Interest::WRITABLE, |_| Ok(())).unwrap();
    assert!(is_nonblocking(&polled.into_inner()));
}

fn regular_files_are_always_ready<M: Mode>() {
    let mut file = Pollable::new(File::open(std::env::current_exe().unwrap()).unwrap()).unwrap();
    file.readable().unwrap();
    file.writable().unwrap();
    let mut magic = [0; 4];
    file.read_exact(&mut magic).unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(&magic[1..], b"ELF");
        let would_block = |_: &File| Err::<(), _>(ErrorKind::WouldBlock.into());
        let error = file.with(Interest::READABLE, would_block).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
}

fn interrupted_calls_are_made_again<M: Mode>() {
    let (_reader, writer) = pipe();
    for interest in [Interest::WRITABLE, Interest::READABLE | Interest::WRITABLE] {
        let mut calls = 0;
        let answer = writer.with(interest, |_| {
            calls += 1;
            match calls {
                1 => Err(ErrorKind::Interrupted.into()),
                _ => Ok(calls),
            }
        });
        assert_eq!(answer.unwrap(), 2);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;

    cases!(
        eventfd_hands_out_each_count_once,
        timers_wake,
        inotify_tells
    );

    fn owned(descriptor: libc::c_int) -> File {
        assert_ne!(descriptor, -1, "{}", io::Error::last_os_error());
        // SAFETY: the caller has just made the descriptor and gives it away.
        File::from(unsafe { OwnedFd::from_raw_fd(descriptor) })
    }

    fn eventfd_hands_out_each_count_once<M: Mode>() {
        const WAITERS: u64 = 10;
        // SAFETY: the call touches no memory.
        let event = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_SEMAPHORE) });
        let event = Arc::new(Pollable::new(event).unwrap());
        let waiters: Vec<_> = (0..WAITERS)
            .map(|_| {
                let event = Arc::clone(&event);
                M::spawn(move || {
                    let mut count = [0; 8];
                    (&*event).read_exact(&mut count).unwrap();
                    u64::from_ne_bytes(count)
                })
            })
            .collect();
        for count in [3, WAITERS - 3] {
            (&*event).write_all(&u64::to_ne_bytes(count)).unwrap();
        }
        assert_eq!(
            waiters.into_iter().map(|waiter| waiter.join()).sum::<u64>(),
            WAITERS
        );
    }

    fn timers_wake<M: Mode>() {
        // SAFETY: the call touches no memory.
        let timer =
            owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) });
        let tick = libc::timespec {
            tv_sec: 0,
            tv_nsec: 2_000_000,
        };
        let every = libc::itimerspec {
            it_interval: tick,
            it_value: tick,
        };
        // SAFETY: a valid structure, and none for the answer.
        let set = unsafe {
            libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const every, std::ptr::null_mut())
        };
        assert_eq!(set, 0);
        let mut timer = Pollable::new(timer).unwrap();
        for _ in 0..10 {
            timer.readable().unwrap();
            let mut ticks = [0; 8];
            timer.read_exact(&mut ticks).unwrap();
            assert_ne!(u64::from_ne_bytes(ticks), 0);
        }
    }

    fn inotify_tells<M: Mode>() {
        static DIRECTORIES: AtomicUsize = AtomicUsize::new(0);
        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("hueless-inotify-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let path = std::ffi::CString::new(directory.to_str().unwrap()).unwrap();
        // SAFETY: the call touches no memory.
        let inotify = owned(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) });
        // SAFETY: a valid path.
        let watch =
            unsafe { libc::inotify_add_watch(inotify.as_raw_fd(), path.as_ptr(), libc::IN_CREATE) };
        assert_ne!(watch, -1);
        let mut inotify = Pollable::new(inotify).unwrap();
        let creating = M::spawn({
            let directory = directory.clone();
            move || drop(File::create(directory.join("made")).unwrap())
        });
        let mut events = [0; 1024];
        let read = inotify.read(&mut events).unwrap();
        assert!(events[..read].windows(4).any(|name| name == b"made"));
        creating.join();
        std::fs::remove_dir_all(directory).unwrap();
    }
}

/// A task that is cancelled while it waits leaves nothing linked: others go on to wait.
#[test]
fn cancelled_waiters_leave() {
    for interest in [Interest::READABLE, Interest::READABLE | Interest::WRITABLE] {
        for _ in 0..50 {
            let runtime = Builder::new().workers(1).build().unwrap();
            let (reader, mut writer) = io::pipe().unwrap();
            let reader = Arc::new(Pollable::new(reader).unwrap());
            let (begun, begins) = std::sync::mpsc::channel();
            let waiting = runtime.spawn({
                let reader = Arc::clone(&reader);
                move || {
                    begun.send(()).unwrap();
                    reader.with(interest, |mut pipe| pipe.read(&mut [0]))
                }
            });
            begins.recv().unwrap();
            drop(runtime);
            assert!(waiting.join().unwrap_err().is_cancelled());
            let thread = std::thread::spawn({
                let reader = Arc::clone(&reader);
                move || reader.with(interest, |mut pipe| pipe.read(&mut [0]))
            });
            writer.write_all(b"x").unwrap();
            assert_eq!(thread.join().unwrap().unwrap(), 1);
            let reader = Arc::into_inner(reader).expect("the task has let go of it");
            assert!(!is_nonblocking(&reader.into_inner()));
        }
    }
}

/// In a child process, whose standard input is a pipe.
#[test]
fn standard_input_works() {
    if std::env::var_os("PIPED_STDIN").is_none() {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "standard_input_works", "--nocapture"])
            .env("PIPED_STDIN", "1")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"some text").unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
        return;
    }
    let text = common::Tasks::run(|| {
        let stdin = Pollable::new(io::stdin()).unwrap();
        assert_eq!(stdin.as_fd().as_raw_fd(), 0);
        let mut text: Vec<u8> = Vec::new();
        let mut buf = [0; 4];
        while let read @ 1.. = stdin
            .with(Interest::READABLE, |stdin| stdin.lock().read(&mut buf))
            .unwrap()
        {
            text.extend(&buf[..read]);
        }
        text
    });
    assert_eq!(text, b"some text");
}

/// A call that has to block its thread goes through the pool; the descriptor stays as it was.
#[test]
fn blocking_mode_holds_after_into_inner() {
    common::Tasks::run(|| {
        let (mut reader, mut writer) = pipe();
        writer.write_all(b"a").unwrap();
        reader.read_exact(&mut [0]).unwrap();
        let mut reader = reader.into_inner();
        let reading = common::Tasks::spawn(move || blocking(|| reader.read(&mut [0]).unwrap()));
        writer.write_all(b"b").unwrap();
        assert_eq!(reading.join(), 1);
    });
}
