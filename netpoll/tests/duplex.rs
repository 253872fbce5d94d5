//! The pipe in memory.

mod common;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Mode, Tasks, Threads, bytes, cases};
use hueless_netpoll::io::{DuplexStream, duplex};
use hueless_netpoll::net::Shutdown;
use hueless_runtime::runtime::Builder;

cases!(
    bytes_come_in_order,
    both_directions_at_once,
    write_takes_what_there_is_room_for,
    nothing_to_transfer_does_not_wait,
    end_comes_after_what_was_written,
    dropping_wakes_the_reader,
    dropping_wakes_the_writer,
    halves_are_shut_down_by_themselves,
    shutting_down_wakes_ones_own_waiters,
    each_byte_goes_to_one_reader,
    all_writers_go_on,
);

fn bytes_come_in_order<M: Mode>() {
    for (capacity, len) in [
        (1, 2000),
        (7, 10_000),
        (4096, 300_000),
        (1 << 18, 2_000_000),
    ] {
        let (mut near, mut far) = duplex(capacity);
        let sent = bytes(capacity, len);
        let writing = M::spawn({
            let sent = sent.clone();
            move || near.write_all(&sent).unwrap()
        });
        let mut got = Vec::new();
        // In pieces that do not fit the ring.
        let mut buf = vec![0; capacity / 2 + 3];
        while let read @ 1.. = far.read(&mut buf).unwrap() {
            got.extend_from_slice(&buf[..read]);
        }
        assert!(got == sent);
        writing.join();
    }
}

fn both_directions_at_once<M: Mode>() {
    let (mut near, far) = duplex(1000);
    let echoing = M::spawn(move || {
        let mut buf = [0; 300];
        while let read @ 1.. = (&far).read(&mut buf).unwrap() {
            (&far).write_all(&buf[..read]).unwrap();
        }
    });
    for round in 0..200 {
        near.write_all(&[round]).unwrap();
        let mut answer = [0];
        near.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [round]);
    }
    let near = Arc::new(near);
    let sent = bytes(9, 200_000);
    let writing = M::spawn({
        let (near, sent) = (Arc::clone(&near), sent.clone());
        move || {
            (&*near).write_all(&sent).unwrap();
            near.shutdown(Shutdown::Write).unwrap();
        }
    });
    let mut got = Vec::new();
    (&*near).read_to_end(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
    echoing.join();
}

fn write_takes_what_there_is_room_for<M: Mode>() {
    let (mut near, mut far) = duplex(4);
    assert_eq!(near.write(b"abcdef").unwrap(), 4);
    let mut buf = [0; 3];
    assert_eq!(far.read(&mut buf).unwrap(), 3);
    // Round the end of the ring.
    assert_eq!(near.write(b"efgh").unwrap(), 3);
    let mut buf = [0; 9];
    assert_eq!(far.read(&mut buf).unwrap(), 4);
    assert_eq!(&buf[..4], b"defg");
    let vectors = [IoSlice::new(b""), IoSlice::new(b"xy")];
    assert_eq!(near.write_vectored(&vectors).unwrap(), 2);
    near.flush().unwrap();
}

fn nothing_to_transfer_does_not_wait<M: Mode>() {
    let (mut near, _far) = duplex(1);
    assert_eq!(near.read(&mut []).unwrap(), 0);
    assert_eq!(near.write(b"xy").unwrap(), 1);
    assert_eq!(near.write(b"").unwrap(), 0);
}

fn end_comes_after_what_was_written<M: Mode>() {
    let (mut near, mut far) = duplex(10);
    near.write_all(b"last").unwrap();
    drop(near);
    let mut text = String::new();
    far.read_to_string(&mut text).unwrap();
    assert_eq!(text, "last");
    assert_eq!(far.read(&mut [0]).unwrap(), 0);
    assert_eq!(far.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

fn dropping_wakes_the_reader<M: Mode>() {
    for _ in 0..200 {
        let (near, far) = duplex(1);
        let far = Arc::new(far);
        let readers = [(); 2].map(|()| {
            let far = Arc::clone(&far);
            M::spawn(move || (&*far).read(&mut [0]).unwrap())
        });
        drop(near);
        assert_eq!(readers.map(|reader| reader.join()), [0, 0]);
    }
}

fn dropping_wakes_the_writer<M: Mode>() {
    for _ in 0..200 {
        let (mut near, mut far) = duplex(3);
        let writing = M::spawn(move || near.write_all(&[0; 1000]).unwrap_err());
        far.read_exact(&mut [0; 5]).unwrap();
        drop(far);
        assert_eq!(writing.join().kind(), ErrorKind::BrokenPipe);
    }
}

fn halves_are_shut_down_by_themselves<M: Mode>() {
    let (mut near, mut far) = duplex(10);
    near.write_all(b"a").unwrap();
    near.shutdown(Shutdown::Write).unwrap();
    assert_eq!(near.write(b"b").unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut text = String::new();
    far.read_to_string(&mut text).unwrap();
    assert_eq!(text, "a");

    far.write_all(b"c").unwrap();
    near.read_exact(&mut [0]).unwrap();
    far.write_all(b"unread").unwrap();
    near.shutdown(Shutdown::Read).unwrap();
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
    assert_eq!(far.write(b"d").unwrap_err().kind(), ErrorKind::BrokenPipe);
    far.shutdown(Shutdown::Both).unwrap();
}

fn shutting_down_wakes_ones_own_waiters<M: Mode>() {
    for _ in 0..100 {
        let (near, _far) = duplex(1);
        let near = Arc::new(near);
        let reading = M::spawn({
            let near = Arc::clone(&near);
            move || (&*near).read(&mut [0]).unwrap()
        });
        let writing = M::spawn({
            let near = Arc::clone(&near);
            move || (&*near).write_all(b"xy").unwrap_err().kind()
        });
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reading.join(), 0);
        assert_eq!(writing.join(), ErrorKind::BrokenPipe);
    }
}

fn each_byte_goes_to_one_reader<M: Mode>() {
    let (mut near, far) = duplex(5);
    let (far, sum) = (Arc::new(far), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (far, sum) = (Arc::clone(&far), Arc::clone(&sum));
            M::spawn(move || {
                let mut buf = [0; 3];
                while let read @ 1.. = (&*far).read(&mut buf).unwrap() {
                    let got = buf[..read].iter().map(|&byte| usize::from(byte)).sum();
                    sum.fetch_add(got, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let sent = bytes(5, 5000);
    near.write_all(&sent).unwrap();
    drop(near);
    readers.into_iter().for_each(|reader| reader.join());
    let all: usize = sent.iter().map(|&byte| usize::from(byte)).sum();
    assert_eq!(sum.load(Ordering::Relaxed), all);
}

fn all_writers_go_on<M: Mode>() {
    let (near, mut far) = duplex(3);
    let near = Arc::new(near);
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let near = Arc::clone(&near);
            M::spawn(move || (&*near).write_all(&[1; 500]).unwrap())
        })
        .collect();
    far.read_exact(&mut [0; 8 * 500]).unwrap();
    writers.into_iter().for_each(|writer| writer.join());
}

/// A task at one end, an OS thread at the other.
#[test]
fn tasks_and_threads_meet() {
    fn echo(stream: DuplexStream) -> impl FnOnce() + Send {
        move || {
            let mut byte = [0];
            while (&stream).read(&mut byte).unwrap() == 1 {
                (&stream).write_all(&byte).unwrap();
            }
        }
    }
    fn talk(mut stream: DuplexStream) {
        for round in 0..200 {
            stream.write_all(&[round]).unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [round]);
        }
    }
    let (near, far) = duplex(1);
    let echoing = Tasks::spawn(echo(far));
    Threads::run(move || talk(near));
    echoing.join();
    let (near, far) = duplex(1);
    let echoing = Threads::spawn(echo(far));
    Tasks::run(move || talk(near));
    echoing.join();
}

#[test]
fn cancelled_waiters_leave() {
    for _ in 0..100 {
        let runtime = Builder::new().workers(1).build().unwrap();
        let (near, mut far) = duplex(1);
        let near = Arc::new(near);
        let (begun, begins) = std::sync::mpsc::channel();
        let waiting = runtime.spawn({
            let near = Arc::clone(&near);
            move || {
                begun.send(()).unwrap();
                (&*near).read(&mut [0])
            }
        });
        begins.recv().unwrap();
        drop(runtime);
        assert!(waiting.join().unwrap_err().is_cancelled());
        let thread = Threads::spawn({
            let near = Arc::clone(&near);
            move || (&*near).read(&mut [0]).unwrap()
        });
        far.write_all(b"x").unwrap();
        assert_eq!(thread.join(), 1);
    }
}

#[test]
#[should_panic = "a pipe needs room"]
fn no_room_is_refused() {
    let _ = duplex(0);
}
