//! The standard input: of a process whose input is a pipe, a terminal, a file, or nothing.

mod common;

use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::subject::{Subject, say, scenarios};
use common::{Mode, cases};
use hueless_netpoll::stdin::stdin;
use hueless_runtime::runtime::Builder;
use hueless_runtime::yield_now;

cases!(
    by crate::common::subject::drive:
    lines_come_as_they_are_written,
    a_terminal_works_and_stays_in_blocking_mode,
    a_reader_leaves_the_worker_to_others,
    a_file_is_read_to_its_end,
    nothing_is_an_end,
    lines_bytes_and_the_rest,
    each_line_goes_to_one_reader,
    a_cancelled_reader_loses_nothing,
    a_nonblocking_input_is_waited_for,
);

scenarios! {
    "echo" => echo_lines,
    "beside" => beside,
    "count" => count,
    "mixed" => mixed,
    "readers" => readers,
    "cancelled" => cancelled,
}

fn echo_lines<M: Mode>() {
    say("ready");
    for line in stdin().lines() {
        say(&line.unwrap());
    }
}

/// The subject's end of a pipe, the other one, and another handle of the former.
fn pipe() -> (Stdio, std::io::PipeWriter, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let handle = reader.as_fd().try_clone_to_owned().unwrap();
    (reader.into(), writer, handle)
}

fn start<M: Mode>(scenario: &str, input: impl Into<Stdio>) -> Subject {
    Subject::start_with::<M>(scenario, |command| {
        command.stdin(input);
    })
}

fn is_nonblocking(descriptor: &impl AsFd) -> bool {
    // SAFETY: the descriptor is open; the call touches no memory.
    let flags = unsafe { libc::fcntl(descriptor.as_fd().as_raw_fd(), libc::F_GETFL) };
    assert_ne!(flags, -1);
    flags & libc::O_NONBLOCK != 0
}

fn lines_come_as_they_are_written<M: Mode>() {
    let (input, mut writer, handle) = pipe();
    let mut subject = start::<M>("echo", input);
    subject.hear("ready");
    for line in ["one", "two", "three"] {
        writeln!(writer, "{line}").unwrap();
        subject.hear(line);
        assert!(!is_nonblocking(&handle));
    }
    write!(writer, "half").unwrap();
    drop(writer);
    subject.hear("half");
    assert!(subject.end().success());
}

/// Both ends of a new terminal.
fn terminal() -> (File, OwnedFd) {
    let (mut outer, mut inner) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: room for two numbers; nothing else is asked for.
    let answer = unsafe { libc::openpty(&mut outer, &mut inner, null, null.cast(), null.cast()) };
    assert_eq!(answer, 0);
    for descriptor in [outer, inner] {
        // SAFETY: an open descriptor; the call touches no memory.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    // SAFETY: new descriptors, which nobody else knows.
    unsafe { (File::from_raw_fd(outer), OwnedFd::from_raw_fd(inner)) }
}

fn a_terminal_works_and_stays_in_blocking_mode<M: Mode>() {
    let (mut outer, inner) = terminal();
    let mut subject = start::<M>("echo", inner.try_clone().unwrap());
    subject.hear("ready");
    for line in ["one", "two"] {
        writeln!(outer, "{line}").unwrap();
        subject.hear(line);
        assert!(!is_nonblocking(&inner));
    }
    // Ctrl-D.
    outer.write_all(&[4]).unwrap();
    assert!(subject.end().success());
    assert!(!is_nonblocking(&inner));
}

fn beside<M: Mode>() {
    let reads = Arc::new(AtomicBool::new(false));
    let reader = M::spawn({
        let reads = reads.clone();
        move || {
            reads.store(true, Ordering::SeqCst);
            let mut line = String::new();
            stdin().read_line(&mut line).unwrap();
            line
        }
    });
    while !reads.load(Ordering::SeqCst) {
        yield_now();
    }
    say("beside");
    assert_eq!(reader.join(), "at last\n");
}

fn a_reader_leaves_the_worker_to_others<M: Mode>() {
    let (input, mut writer, _) = pipe();
    let mut subject = start::<M>("beside", input);
    subject.hear("beside");
    writeln!(writer, "at last").unwrap();
    assert!(subject.end().success());
}

fn count<M: Mode>() {
    let mut data = Vec::new();
    let read = stdin().read_to_end(&mut data).unwrap();
    assert_eq!(read, data.len());
    say(&format!("{read}"));
    assert_eq!(stdin().read(&mut [0]).unwrap(), 0);
    assert!(stdin().lines().next().is_none());
}

fn a_file_is_read_to_its_end<M: Mode>() {
    let file = std::env::current_exe().unwrap();
    let len = std::fs::metadata(&file).unwrap().len();
    let mut subject = start::<M>("count", File::open(file).unwrap());
    subject.hear(&len.to_string());
    assert!(subject.end().success());
}

fn nothing_is_an_end<M: Mode>() {
    let mut subject = start::<M>("count", Stdio::null());
    subject.hear("0");
    assert!(subject.end().success());
}

fn mixed<M: Mode>() {
    let mut line = String::new();
    assert_eq!(stdin().read_line(&mut line).unwrap(), 6);
    let mut lock = stdin().lock();
    assert_eq!(lock.read_line(&mut line).unwrap(), 7);
    assert_eq!(line, "first\nsecond\n");
    let mut three = [0; 3];
    lock.read_exact(&mut three).unwrap();
    assert_eq!(&three, b"abc");
    assert_eq!(lock.fill_buf().unwrap().first(), Some(&b'd'));
    lock.consume(1);
    drop(lock);
    let mut big = vec![0; 100_000];
    stdin().read_exact(&mut big).unwrap();
    assert!(big.iter().all(|&byte| byte == b'x'));
    let mut rest = String::new();
    (&stdin()).read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "the rest");
}

fn lines_bytes_and_the_rest<M: Mode>() {
    let (input, mut writer, _) = pipe();
    let subject = start::<M>("mixed", input);
    writer.write_all(b"first\nsec").unwrap();
    writer.write_all(b"ond\nabcd").unwrap();
    writer.write_all(&vec![b'x'; 100_000]).unwrap();
    writer.write_all(b"the rest").unwrap();
    drop(writer);
    assert!(subject.end().success());
}

fn readers<M: Mode>() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let lines = lines.clone();
            M::spawn(move || {
                let mut line = String::new();
                while stdin().read_line(&mut line).unwrap() != 0 {
                    let number: usize = line.trim().parse().unwrap();
                    lines.lock().unwrap().push(number);
                    line.clear();
                }
            })
        })
        .collect();
    readers.into_iter().for_each(|reader| reader.join());
    let mut lines = lines.lock().unwrap();
    lines.sort();
    assert!(lines.iter().copied().eq(0..5000));
}

fn each_line_goes_to_one_reader<M: Mode>() {
    let (input, mut writer, _) = pipe();
    let subject = start::<M>("readers", input);
    for number in 0..5000 {
        writeln!(writer, "{number}").unwrap();
    }
    drop(writer);
    assert!(subject.end().success());
}

fn cancelled<M: Mode>() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let reads = Arc::new(AtomicBool::new(false));
    let reader = runtime.spawn({
        let reads = reads.clone();
        move || {
            reads.store(true, Ordering::SeqCst);
            stdin().read_line(&mut String::new())
        }
    });
    while !reads.load(Ordering::SeqCst) {
        yield_now();
    }
    hueless_runtime::blocking(|| drop(runtime));
    assert!(reader.join().unwrap_err().is_cancelled());
    say("cancelled");
    let mut line = String::new();
    stdin().read_line(&mut line).unwrap();
    assert_eq!(line, "for the next\n");
}

fn a_cancelled_reader_loses_nothing<M: Mode>() {
    let (input, mut writer, _) = pipe();
    let mut subject = start::<M>("cancelled", input);
    subject.hear("cancelled");
    writeln!(writer, "for the next").unwrap();
    assert!(subject.end().success());
}

fn a_nonblocking_input_is_waited_for<M: Mode>() {
    let (input, mut writer, handle) = pipe();
    // SAFETY: an open descriptor; the call touches no memory.
    let answer = unsafe { libc::fcntl(handle.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    assert_eq!(answer, 0);
    let mut subject = start::<M>("echo", input);
    subject.hear("ready");
    for line in ["one", "two"] {
        writeln!(writer, "{line}").unwrap();
        subject.hear(line);
    }
    assert!(is_nonblocking(&handle));
    drop(writer);
    assert!(subject.end().success());
}
