//! Time-outs of TCP streams: what Go's tests ask of deadlines, asked of std's time-outs.
//!
//! Go's deadlines are moments, and hold for who waits already; std's time-outs are spans, and hold for
//! who begins to wait later. Where they differ, std decides.

mod common;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{Migrating, Mode, Own, bytes, cases, echo, pair};
use hueless_netpoll::net::{Shutdown, TcpStream, is_closed};

cases!(
    passed_limit_unblocks_at_once,
    limit_never_ends_early,
    limit_hides_nothing_that_is_there,
    reader_loses_nothing_to_its_limit,
    writer_loses_nothing_to_its_limit,
    limits_of_reader_and_writer_are_apart,
    renewed_limits_do_not_pass,
    limits_can_be_set_while_others_wait,
    limits_hold_for_all_handles,
);

const TINY: Duration = Duration::from_nanos(1);

fn is_over(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock && error.raw_os_error() == Some(libc::EAGAIN)
}

/// Writes until there is no more room, at either end. (The system may find some more later.)
fn fill(stream: &TcpStream) {
    let limit = stream.write_timeout().unwrap();
    let while_it_moves = Duration::from_millis(20);
    stream.set_write_timeout(Some(while_it_moves)).unwrap();
    let block = bytes(0, 1 << 20);
    over(|| (&*stream).write(&block));
    stream.set_write_timeout(limit).unwrap();
}

/// Repeats an operation until its limit passes, and says how long it has waited then.
fn over(operation: impl Fn() -> io::Result<usize>) -> Duration {
    loop {
        let start = Instant::now();
        if let Err(error) = operation() {
            assert!(is_over(&error), "{error:?}");
            return start.elapsed();
        }
    }
}

/// The fastest of many, for the machine may be busy.
fn passed_limit_unblocks_at_once<M: Mode>() {
    let (client, _server) = pair();
    fill(&client);
    client.set_read_timeout(Some(TINY)).unwrap();
    client.set_write_timeout(Some(TINY)).unwrap();
    let operations: [fn(&TcpStream) -> io::Result<usize>; 5] = [
        |mut stream| stream.read(&mut [0; 8]),
        |mut stream| stream.read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]),
        |stream| stream.peek(&mut [0; 8]),
        |mut stream| stream.write(&[0; 1 << 20]),
        |mut stream| stream.write_vectored(&[IoSlice::new(&[0; 1 << 20])]),
    ];
    for operation in operations {
        let fastest = (0..20).map(|_| over(|| operation(&client))).min();
        assert!(fastest < Some(Duration::from_millis(50)), "{fastest:?}");
    }
}

fn limit_never_ends_early<M: Mode>() {
    let (client, _server) = pair();
    let block = bytes(0, 1 << 20);
    fill(&client);
    for micros in [1, 10, 100, 1000, 5000, 20_000] {
        let limit = Duration::from_micros(micros);
        client.set_read_timeout(Some(limit)).unwrap();
        client.set_write_timeout(Some(limit)).unwrap();
        for _ in 0..3 {
            assert!(over(|| (&client).read(&mut [0])) >= limit);
            assert!(over(|| (&client).write(&block)) >= limit);
        }
    }
}

fn limit_hides_nothing_that_is_there<M: Mode>() {
    let (mut client, mut server) = pair();
    server.set_read_timeout(Some(TINY)).unwrap();
    for round in 0..200 {
        client.write_all(&[round]).unwrap();
        let mut byte = [0];
        // It may be on its way for a moment.
        while let Err(error) = server.read(&mut byte) {
            assert!(is_over(&error), "{error:?}");
        }
        assert_eq!(byte, [round]);
    }
    drop(client);
    loop {
        match server.read(&mut [0]) {
            Ok(read) => break assert_eq!(read, 0),
            Err(error) => assert!(is_over(&error), "{error:?}"),
        }
    }
}

/// What comes while the limit passes is found by the next read.
fn reader_loses_nothing_to_its_limit<M: Mode>() {
    const BYTES: usize = 300;
    let (mut client, mut server) = pair();
    let sent = bytes(3, BYTES);
    let writer = M::spawn({
        let sent = sent.clone();
        move || {
            for (index, byte) in sent.into_iter().enumerate() {
                client.write_all(&[byte]).unwrap();
                // At different times of the reader's limit.
                hueless_runtime::sleep(Duration::from_micros(100 * (index as u64 % 23)));
            }
        }
    });
    server
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    let (mut got, mut passed) = (Vec::new(), 0);
    loop {
        let mut buf = [0; 16];
        match server.read(&mut buf) {
            Ok(0) => break,
            Ok(read) => got.extend_from_slice(&buf[..read]),
            Err(error) => {
                assert!(is_over(&error), "{error:?}");
                passed += 1;
            }
        }
    }
    assert!(got == sent);
    assert!(passed > 0);
    writer.join();
}

/// What a write has answered for arrives, and nothing else: one whose limit passes has written
/// nothing.
fn writer_loses_nothing_to_its_limit<M: Mode>() {
    const LEN: usize = 8 << 20;
    let (mut client, mut server) = pair();
    client
        .set_write_timeout(Some(Duration::from_micros(100)))
        .unwrap();
    let full = Arc::new(AtomicBool::new(false));
    let reader = M::spawn({
        let full = Arc::clone(&full);
        move || {
            while !full.load(Ordering::Relaxed) {
                hueless_runtime::yield_now();
                std::thread::yield_now();
            }
            let mut got = Vec::new();
            server.read_to_end(&mut got).unwrap();
            got
        }
    });
    let all = bytes(9, LEN);
    let mut written = 0;
    while written < LEN {
        match client.write(&all[written..]) {
            Ok(more) => written += more,
            Err(error) => {
                assert!(is_over(&error), "{error:?}");
                full.store(true, Ordering::Relaxed);
            }
        }
    }
    client.shutdown(Shutdown::Write).unwrap();
    full.store(true, Ordering::Relaxed);
    assert!(reader.join() == all);
}

fn limits_of_reader_and_writer_are_apart<M: Mode>() {
    const LEN: usize = 4 << 20;
    let (client, mut server) = pair();
    let client = Arc::new(client);
    client.set_read_timeout(Some(TINY)).unwrap();
    let writer = M::spawn({
        let client = Arc::clone(&client);
        move || (&*client).write_all(&bytes(1, LEN)).unwrap()
    });
    // While the writer waits, or is about to.
    for _ in 0..10 {
        assert!(is_over(&(&*client).read(&mut [0]).unwrap_err()));
    }
    let mut got = vec![0; LEN];
    server.read_exact(&mut got).unwrap();
    writer.join();
    assert!(got == bytes(1, LEN));

    // The other way round.
    client.set_read_timeout(None).unwrap();
    fill(&client);
    client.set_write_timeout(Some(TINY)).unwrap();
    let reader = M::spawn({
        let client = Arc::clone(&client);
        move || (&*client).read(&mut [0]).unwrap()
    });
    for _ in 0..10 {
        over(|| (&*client).write(&bytes(0, 1 << 20)));
    }
    server.write_all(b"x").unwrap();
    assert_eq!(reader.join(), 1);
}

/// Reader and writer set theirs anew for each operation, which takes none of the half minute.
fn renewed_limits_do_not_pass<M: Mode>() {
    const ROUNDS: usize = 1000;
    let half_minute = Some(Duration::from_secs(30));
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let client = Arc::new(client);
    let writer = M::spawn({
        let client = Arc::clone(&client);
        move || {
            for round in 0..ROUNDS {
                client.set_write_timeout(half_minute).unwrap();
                (&*client).write_all(&[round as u8]).unwrap();
            }
            client.shutdown(Shutdown::Write).unwrap();
        }
    });
    for round in 0..ROUNDS {
        client.set_read_timeout(half_minute).unwrap();
        let mut byte = [0];
        (&*client).read_exact(&mut byte).unwrap();
        assert_eq!(byte, [round as u8]);
    }
    writer.join();
    server.join();
}

/// Setters race each other and those who read and write. Each of these sees one of the limits.
fn limits_can_be_set_while_others_wait<M: Mode>() {
    const ROUNDS: usize = 500;
    let (client, server) = pair();
    // It sends back what comes, until the client is closed.
    let server = M::spawn(move || drop(echo(server)));
    let client = Arc::new(client);
    let users: Vec<_> = (0..4)
        .map(|user| {
            let client = Arc::clone(&client);
            M::spawn(move || {
                let mut buf = bytes(user, 1 << 14);
                loop {
                    let answer = match user % 2 {
                        0 => (&*client).read(&mut buf),
                        _ => (&*client).write(&buf),
                    };
                    match answer {
                        Ok(done) => assert_ne!(done, 0),
                        Err(error) if is_over(&error) => hueless_runtime::yield_now(),
                        Err(error) => break assert!(is_closed(&error), "{error:?}"),
                    }
                }
            })
        })
        .collect();
    let setters: Vec<_> = (0..4)
        .map(|setter| {
            let client = Arc::clone(&client);
            M::spawn(move || {
                let limits = [
                    Some(TINY),
                    Some(Duration::from_micros(50)),
                    Some(Duration::MAX),
                    None,
                ];
                for round in 0..ROUNDS {
                    let limit = limits[(round + setter) % limits.len()];
                    match setter % 2 {
                        0 => client.set_read_timeout(limit).unwrap(),
                        _ => client.set_write_timeout(limit).unwrap(),
                    }
                    hueless_runtime::yield_now();
                }
            })
        })
        .collect();
    setters.into_iter().for_each(|setter| setter.join());
    let read = client.read_timeout().unwrap();
    assert!(read.is_none_or(|limit| limit == TINY || limit >= Duration::from_micros(50)));
    client.close();
    users.into_iter().for_each(|user| user.join());
    // What it has not read is in the server's way: the system gives that up with the descriptor, not before.
    drop(client);
    server.join();
}

fn limits_hold_for_all_handles<M: Mode>() {
    let (client, _server) = pair();
    let clone = client.try_clone().unwrap();
    client.set_read_timeout(Some(TINY)).unwrap();
    let reader = M::spawn(move || {
        let error = (&clone).read(&mut [0]).unwrap_err();
        clone.set_write_timeout(Some(TINY)).unwrap();
        error
    });
    assert!(is_over(&reader.join()));
    assert_eq!(client.write_timeout().unwrap(), Some(TINY));
}

/// As with std: one that waits goes on as it has begun, and the next sees the new limit.
fn limit_set_meanwhile_is_the_next_one_s<M: Mode>() {
    // A reader that was late to begin, on a busy machine, does see it. With a limit that held for who
    // waits already, none would go on.
    let went_on = (0..10).any(|_| {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let reader = M::spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).write_all(b"x").unwrap();
                (&*client).read(&mut [0])
            }
        });
        server.read_exact(&mut [0]).unwrap();
        // The reader has gone on to its read, and is most likely in its wait.
        hueless_runtime::sleep(Duration::from_millis(5));
        client.set_read_timeout(Some(TINY)).unwrap();
        hueless_runtime::sleep(Duration::from_millis(5));
        server.write_all(b"y").unwrap();
        let answer = reader.join();
        if answer.is_ok() {
            assert!(is_over(&(&*client).read(&mut [0]).unwrap_err()));
        }
        answer.is_ok()
    });
    assert!(went_on);
}

#[test]
fn limit_set_meanwhile_is_the_next_one_s_in_each_mode() {
    Own::<1>::run(limit_set_meanwhile_is_the_next_one_s::<Own<1>>);
    Own::<3>::run(limit_set_meanwhile_is_the_next_one_s::<Own<3>>);
    Migrating::run(limit_set_meanwhile_is_the_next_one_s::<Migrating>);
    common::Threads::run(limit_set_meanwhile_is_the_next_one_s::<common::Threads>);
}
