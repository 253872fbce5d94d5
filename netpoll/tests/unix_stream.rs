//! Unix streams and listeners: what two ends see of each other.

mod common;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Mode, SocketPath, bytes, cases, send_with_descriptor};
use hueless_netpoll::net::{Shutdown, UnixListener, UnixStream, is_closed};

cases!(
    echo_to_many_clients,
    halves_of_one_socket,
    ten_readers_of_one_socket,
    ten_accept_from_one_listener,
    peer_s_end_is_eof,
    writing_to_a_peer_that_has_gone_fails,
    big_transfer_waits_for_the_reader,
    both_ways_at_once,
    vectored,
    nothing_is_left_behind_a_short_read,
    nothing_is_left_behind_a_descriptor,
    empty_write_never_waits,
    read_timeout_passes,
    write_timeout_passes,
    timeout_settings,
    racing_setters_do_no_harm,
    past_deadlines_never_hang,
    nonblocking_answers_at_once,
    shutdown_wakes_reader,
    clone_is_another_handle,
    clones_read_and_write_apart,
    addresses,
    abstract_names,
    errors_are_std_s,
    options_and_debug,
);

fn listener() -> (UnixListener, SocketPath) {
    let path = SocketPath::new();
    (UnixListener::bind(&path).unwrap(), path)
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// Sends back what comes, until the end.
fn echo(mut stream: UnixStream) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read])?,
        }
    }
}

fn echo_to_many_clients<M: Mode>() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 50;
    let (listener, path) = listener();
    let server = M::spawn(move || {
        let connections: Vec<_> = (&listener)
            .into_iter()
            .take(CLIENTS)
            .map(|stream| {
                let stream = stream.unwrap();
                M::spawn(move || echo(stream).unwrap())
            })
            .collect();
        connections.into_iter().for_each(|join| join.join());
    });
    let path = Arc::new(path);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let path = Arc::clone(&path);
            M::spawn(move || {
                let mut stream = UnixStream::connect(&*path).unwrap();
                for round in 0..ROUNDS {
                    let sent = bytes(client * ROUNDS + round, 1 + round * 37);
                    stream.write_all(&sent).unwrap();
                    let mut got = vec![0; sent.len()];
                    stream.read_exact(&mut got).unwrap();
                    assert_eq!(got, sent);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    server.join();
}

fn halves_of_one_socket<M: Mode>() {
    const ROUNDS: usize = 10_000;
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let client = Arc::new(client);
    let writer = M::spawn({
        let client = Arc::clone(&client);
        move || {
            for round in 0..ROUNDS {
                (&*client).write_all(&(round as u32).to_le_bytes()).unwrap();
            }
            client.shutdown(Shutdown::Write).unwrap();
        }
    });
    let reader = M::spawn(move || {
        let mut number = [0; 4];
        for round in 0..ROUNDS {
            (&*client).read_exact(&mut number).unwrap();
            assert_eq!(u32::from_le_bytes(number) as usize, round);
        }
        assert_eq!((&*client).read(&mut number).unwrap(), 0);
    });
    writer.join();
    reader.join();
    server.join();
}

/// Each of ten readers takes one byte a time and gives it back; at the end all ten wake.
fn ten_readers_of_one_socket<M: Mode>() {
    const READERS: usize = 10;
    const ROUNDS: usize = 300;
    let (mut client, server) = pair();
    let server = Arc::new(server);
    let taken = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (server, taken) = (Arc::clone(&server), Arc::clone(&taken));
            M::spawn(move || {
                let mut byte = [0];
                while (&*server).read(&mut byte).unwrap() == 1 {
                    taken.fetch_add(1, Ordering::Relaxed);
                    (&*server).write_all(&byte).unwrap();
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let sent = bytes(round, 1 + round % 20);
        client.write_all(&sent).unwrap();
        let mut got = vec![0; sent.len()];
        client.read_exact(&mut got).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    readers.into_iter().for_each(|join| join.join());
    let sent: usize = (0..ROUNDS).map(|round| 1 + round % 20).sum();
    assert_eq!(taken.load(Ordering::Relaxed), sent);
}

fn ten_accept_from_one_listener<M: Mode>() {
    const ACCEPTORS: usize = 10;
    const CONNECTIONS: usize = 200;
    let (listener, path) = listener();
    let listener = Arc::new(listener);
    let acceptors: Vec<_> = (0..ACCEPTORS)
        .map(|_| {
            let listener = Arc::clone(&listener);
            M::spawn(move || {
                listener
                    .incoming()
                    .map(|stream| stream.unwrap().write_all(b"x").unwrap())
                    .count()
            })
        })
        .collect();
    for _ in 0..CONNECTIONS {
        let mut client = UnixStream::connect(&path).unwrap();
        client.read_exact(&mut [0]).unwrap();
    }
    listener.close();
    let accepted: usize = acceptors.into_iter().map(|join| join.join()).sum();
    assert_eq!(accepted, CONNECTIONS);
}

fn peer_s_end_is_eof<M: Mode>() {
    let (client, mut server) = pair();
    let reader = M::spawn(move || {
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        // The end stays.
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        text
    });
    (&client).write_all(b"the end").unwrap();
    drop(client);
    assert_eq!(reader.join(), "the end");
}

fn writing_to_a_peer_that_has_gone_fails<M: Mode>() {
    let (mut client, mut server) = pair();
    let writer = M::spawn(move || {
        // It waits for room when the peer goes.
        let block = vec![0; 1 << 20];
        loop {
            if let Err(error) = server.write(&block) {
                return (error, server.write(&block).unwrap_err());
            }
        }
    });
    client.read_exact(&mut [0]).unwrap();
    drop(client);
    let (first, second) = writer.join();
    assert!(
        matches!(
            first.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        "{first:?}"
    );
    assert_eq!(second.kind(), ErrorKind::BrokenPipe);
    assert!(!is_closed(&first));
}

/// The writer cannot get ahead of the reader by more than the buffers hold.
fn big_transfer_waits_for_the_reader<M: Mode>() {
    const LEN: usize = 32 << 20;
    const CHUNK: usize = 1 << 16;
    let (mut client, mut server) = pair();
    let written = Arc::new(AtomicUsize::new(0));
    let writer = M::spawn({
        let written = Arc::clone(&written);
        move || {
            let chunk = bytes(7, CHUNK);
            while written.load(Ordering::Relaxed) < LEN {
                client.write_all(&chunk).unwrap();
                written.fetch_add(CHUNK, Ordering::Relaxed);
            }
        }
    });
    let chunk = bytes(7, CHUNK);
    let mut got = vec![0; CHUNK];
    let mut most = 0;
    for read in 0..LEN / CHUNK {
        server.read_exact(&mut got).unwrap();
        assert!(got == chunk, "chunk {read}");
        most = most.max(written.load(Ordering::Relaxed).saturating_sub(read * CHUNK));
    }
    writer.join();
    assert_eq!(server.read(&mut got).unwrap(), 0);
    assert!(most < LEN / 2, "the writer was {most} bytes ahead");
}

fn both_ways_at_once<M: Mode>() {
    const LEN: usize = 8 << 20;
    let (client, server) = pair();
    let tasks: Vec<_> = [Arc::new(client), Arc::new(server)]
        .into_iter()
        .flat_map(|end| {
            let writer = M::spawn({
                let end = Arc::clone(&end);
                move || (&*end).write_all(&bytes(3, LEN)).unwrap()
            });
            let reader = M::spawn(move || {
                let mut got = vec![0; LEN];
                (&*end).read_exact(&mut got).unwrap();
                assert!(got == bytes(3, LEN));
            });
            [writer, reader]
        })
        .collect();
    tasks.into_iter().for_each(|join| join.join());
}

fn vectored<M: Mode>() {
    let (mut client, mut server) = pair();
    let reader = M::spawn(move || {
        let (mut a, mut b) = ([0; 3], [0; 5]);
        let read = server
            .read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)])
            .unwrap();
        assert_eq!(read, 8);
        (a, b)
    });
    let written = client
        .write_vectored(&[IoSlice::new(b"abcd"), IoSlice::new(b"efgh")])
        .unwrap();
    assert_eq!(written, 8);
    client.flush().unwrap();
    assert_eq!(reader.join(), (*b"abc", *b"defgh"));
}

/// The end in one go with the data, before or after the first wait.
fn nothing_is_left_behind_a_short_read<M: Mode>() {
    for _ in 0..200 {
        let (mut client, mut server) = pair();
        let reader = M::spawn(move || {
            let mut buf = [0; 100];
            assert_eq!(server.read(&mut buf[..1]).unwrap(), 1);
            let mut got = Vec::new();
            loop {
                match server.read(&mut buf).unwrap() {
                    0 => return got,
                    read => got.extend_from_slice(&buf[..read]),
                }
            }
        });
        client.write_all(b"1234").unwrap();
        client.write_all(b"5").unwrap();
        drop(client);
        assert_eq!(reader.join(), b"2345");
    }
}

/// A read ends behind bytes that a descriptor came with, though there are more. All have been told of
/// by then.
fn nothing_is_left_behind_a_descriptor<M: Mode>() {
    for _ in 0..50 {
        let ((client, mut server), (mut go, mut waits)) = (pair(), pair());
        let reader = M::spawn(move || {
            // A wait, so that the stream is being watched.
            server.read_exact(&mut [0]).unwrap();
            server.write_all(b"begin").unwrap();
            waits.read_exact(&mut [0]).unwrap();
            let mut got = Vec::new();
            let mut buf = [0; 100];
            while !got.ends_with(b"z") {
                let read = server.read(&mut buf).unwrap();
                got.extend_from_slice(&buf[..read]);
            }
            got
        });
        (&client).write_all(b"x").unwrap();
        (&client).read_exact(&mut [0; 5]).unwrap();
        (&client).write_all(b"a").unwrap();
        send_with_descriptor(&client, b"bc");
        (&client).write_all(b"yz").unwrap();
        go.write_all(b"x").unwrap();
        assert_eq!(reader.join(), b"abcyz");
    }
}

/// As std's, though there is no room.
fn empty_write_never_waits<M: Mode>() {
    let (mut client, _server) = pair();
    client.set_nonblocking(true).unwrap();
    let block = bytes(0, 1 << 20);
    while client.write(&block).is_ok() {}
    client.set_nonblocking(false).unwrap();
    assert_eq!(client.write(&[]).unwrap(), 0);
    assert_eq!(client.write_vectored(&[]).unwrap(), 0);
}

fn read_timeout_passes<M: Mode>() {
    let (client, mut server) = pair();
    let timeout = Duration::from_millis(20);
    server.set_read_timeout(Some(timeout)).unwrap();
    for _ in 0..3 {
        let start = Instant::now();
        let error = server.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(start.elapsed() >= timeout);
    }
    server.set_read_timeout(Some(Duration::MAX)).unwrap();
    let writer = M::spawn(move || (&client).write_all(b"x").unwrap());
    assert_eq!(server.read(&mut [0]).unwrap(), 1);
    writer.join();
}

fn write_timeout_passes<M: Mode>() {
    let (mut client, mut server) = pair();
    let timeout = Duration::from_millis(20);
    client.set_write_timeout(Some(timeout)).unwrap();
    let block = bytes(1, 1 << 20);
    let (error, start) = loop {
        let start = Instant::now();
        match client.write(&block) {
            Ok(written) => assert_ne!(written, 0),
            Err(error) => break (error, start),
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(start.elapsed() >= timeout);
    // Once the peer reads, there is room again.
    client.set_write_timeout(None).unwrap();
    let reader = M::spawn(move || io::copy(&mut server, &mut io::sink()).unwrap());
    client.write_all(&block).unwrap();
    drop(client);
    assert!(reader.join() > block.len() as u64);
}

fn timeout_settings<M: Mode>() {
    let (client, _server) = pair();
    assert_eq!(client.read_timeout().unwrap(), None);
    for timeout in [Duration::from_nanos(1), Duration::from_secs(1 << 30)] {
        client.set_read_timeout(Some(timeout)).unwrap();
        client.set_write_timeout(Some(timeout * 2)).unwrap();
        assert_eq!(client.read_timeout().unwrap(), Some(timeout));
        assert_eq!(client.write_timeout().unwrap(), Some(timeout * 2));
    }
    let zero = client.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let zero = client.set_write_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    client.set_read_timeout(None).unwrap();
    assert_eq!(client.read_timeout().unwrap(), None);
}

/// As in Go's test of racing deadlines: no byte is lost or comes twice.
fn racing_setters_do_no_harm<M: Mode>() {
    const BYTES: usize = 1000;
    let (client, server) = pair();
    let ends = [Arc::new(client), Arc::new(server)];
    let ended = Arc::new(AtomicBool::new(false));
    let setters: Vec<_> = (0..4)
        .map(|setter: usize| {
            let (end, ended) = (Arc::clone(&ends[setter % 2]), Arc::clone(&ended));
            M::spawn(move || {
                for round in setter.. {
                    let timeout = match round % 3 {
                        0 => None,
                        n => Some(Duration::from_micros(n as u64 * 50)),
                    };
                    end.set_read_timeout(timeout).unwrap();
                    end.set_write_timeout(timeout).unwrap();
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    hueless_runtime::yield_now();
                }
            })
        })
        .collect();
    let [client, server] = ends;
    let writer = M::spawn(move || {
        for byte in bytes(9, BYTES) {
            while let Err(error) = (&*client).write(&[byte]) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            hueless_runtime::yield_now();
        }
    });
    for expected in bytes(9, BYTES) {
        let mut byte = [0];
        while let Err(error) = (&*server).read(&mut byte) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        assert_eq!(byte[0], expected);
    }
    writer.join();
    ended.store(true, Ordering::Relaxed);
    setters.into_iter().for_each(|join| join.join());
}

/// As in Go's tests of past deadlines.
fn past_deadlines_never_hang<M: Mode>() {
    let (mut client, mut server) = pair();
    let moment = Some(Duration::from_nanos(1));
    server.set_read_timeout(moment).unwrap();
    for _ in 0..100 {
        let error = server.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    client.set_write_timeout(moment).unwrap();
    let block = bytes(0, 1 << 20);
    while client.write(&block).is_ok() {}
    for _ in 0..100 {
        let error = client.write(&block).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    // What is there is read.
    assert_eq!(server.read(&mut [0; 64]).unwrap(), 64);
}

fn nonblocking_answers_at_once<M: Mode>() {
    let (client, server) = pair();
    client.set_nonblocking(true).unwrap();
    let error = (&client).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    let writer = M::spawn(move || (&server).write_all(b"x").unwrap());
    assert_eq!((&client).read(&mut [0]).unwrap(), 1);
    writer.join();

    let (listener, path) = listener();
    listener.set_nonblocking(true).unwrap();
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let error = listener.incoming().next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let _client = UnixStream::connect(&path).unwrap();
    listener.accept().unwrap();
}

fn shutdown_wakes_reader<M: Mode>() {
    for _ in 0..50 {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let reader = M::spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).read_exact(&mut [0]).unwrap();
                (&*client).read(&mut [0]).unwrap()
            }
        });
        server.write_all(b"x").unwrap();
        client.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reader.join(), 0);
        client.shutdown(Shutdown::Write).unwrap();
        let error = (&*client).write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(!is_closed(&error));
    }
}

fn clone_is_another_handle<M: Mode>() {
    let (client, mut server) = pair();
    let clone = client.try_clone().unwrap();
    assert_ne!(client.as_raw_fd(), clone.as_raw_fd());
    // Settings are the connection's.
    client
        .set_read_timeout(Some(Duration::from_secs(9)))
        .unwrap();
    assert_eq!(clone.read_timeout().unwrap(), Some(Duration::from_secs(9)));
    client.set_read_timeout(None).unwrap();
    // Each handle waits by itself, and goes on to work when the other is gone.
    let (mut first, mut second) = (client, clone);
    let waits = M::spawn(move || first.read_exact(&mut [0]).unwrap());
    server.write_all(b"x").unwrap();
    waits.join();
    let waits = M::spawn(move || {
        second.read_exact(&mut [0; 2]).unwrap();
        second.write_all(b"z").unwrap();
    });
    server.write_all(b"yy").unwrap();
    server.read_exact(&mut [0]).unwrap();
    waits.join();
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}

fn clones_read_and_write_apart<M: Mode>() {
    const LEN: usize = 4 << 20;
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let mut writer = client.try_clone().unwrap();
    let writes = M::spawn(move || {
        writer.write_all(&bytes(5, LEN)).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut client = client;
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert!(got == bytes(5, LEN));
    writes.join();
    server.join();
}

/// As in Go's test of both ends' names.
fn addresses<M: Mode>() {
    let (listener, path) = listener();
    let named = listener.local_addr().unwrap();
    assert_eq!(named.as_pathname(), Some(path.as_ref()));
    let client = UnixStream::connect(&path).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert!(from.is_unnamed());
    assert!(client.local_addr().unwrap().is_unnamed());
    assert!(server.peer_addr().unwrap().is_unnamed());
    for addr in [client.peer_addr(), server.local_addr()] {
        assert_eq!(addr.unwrap().as_pathname(), Some(path.as_ref()));
    }
    // By the address, and through a clone of the listener.
    let clone = listener.try_clone().unwrap();
    let client = UnixStream::connect_addr(&named).unwrap();
    clone.accept().unwrap();
    drop(client);
    let (a, b) = pair();
    assert!(a.local_addr().unwrap().is_unnamed());
    assert!(b.peer_addr().unwrap().is_unnamed());
    // A path that has been left behind can be bound once it has been removed.
    drop((listener, clone));
    let error = UnixListener::bind(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    std::fs::remove_file(&path).unwrap();
    UnixListener::bind(&path).unwrap();
}

fn abstract_names<M: Mode>() {
    #[cfg(target_os = "linux")]
    {
        use hueless_netpoll::net::unix::SocketAddr;
        use std::os::linux::net::SocketAddrExt;
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Any bytes will do.
        let name = format!("hueless\0{}/{number}\0", std::process::id());
        let addr = SocketAddr::from_abstract_name(&name).unwrap();
        let error = UnixStream::connect_addr(&addr).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let error = UnixListener::bind_addr(&addr).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let client = UnixStream::connect_addr(&addr).unwrap();
        listener.accept().unwrap();
        for addr in [client.peer_addr(), listener.local_addr()] {
            assert_eq!(addr.unwrap().as_abstract_name(), Some(name.as_bytes()));
        }
        // The name goes with the socket.
        drop((client, listener));
        UnixListener::bind_addr(&addr).unwrap();
        // The system chooses one for who has none, as in Go's test of that.
        let unnamed = UnixStream::pair().unwrap().0.local_addr().unwrap();
        let listener = UnixListener::bind_addr(&unnamed).unwrap();
        let chosen = listener.local_addr().unwrap();
        assert!(chosen.as_abstract_name().is_some());
        UnixStream::connect_addr(&chosen).unwrap();
    }
}

fn errors_are_std_s<M: Mode>() {
    let same = |ours: io::Error, stds: io::Error| {
        assert_eq!(ours.kind(), stds.kind());
        assert_eq!(ours.to_string(), stds.to_string());
    };
    let (listener, left) = listener();
    drop(listener);
    let long = "x".repeat(200);
    let file = SocketPath::new();
    std::fs::write(&file, "no socket").unwrap();
    let datagram = SocketPath::new();
    let _datagram = net::UnixDatagram::bind(&datagram).unwrap();
    for path in [
        left.as_ref(),
        file.as_ref(),
        datagram.as_ref(),
        "/no/such/path".as_ref(),
        long.as_ref(),
        "a\0b".as_ref(),
        "".as_ref(),
    ] {
        same(
            UnixStream::connect(path).unwrap_err(),
            net::UnixStream::connect(path).unwrap_err(),
        );
    }
    for path in [
        left.as_ref(),
        "/no/such/path".as_ref(),
        long.as_ref(),
        "a\0b".as_ref(),
    ] {
        same(
            UnixListener::bind(path).unwrap_err(),
            net::UnixListener::bind(path).unwrap_err(),
        );
    }
    let unnamed = pair().0.local_addr().unwrap();
    same(
        UnixStream::connect_addr(&unnamed).unwrap_err(),
        net::UnixStream::connect_addr(&unnamed).unwrap_err(),
    );
}

fn options_and_debug<M: Mode>() {
    let (listener, path) = listener();
    let client = UnixStream::connect(&path).unwrap();
    assert!(client.take_error().unwrap().is_none());
    assert!(listener.take_error().unwrap().is_none());
    let debug = format!("{client:?} {listener:?}");
    let (client, listener) = (
        net::UnixStream::from(client),
        net::UnixListener::from(listener),
    );
    assert_eq!(debug, format!("{client:?} {listener:?}"));
}

/// What std's types are, ours are.
#[test]
fn types_have_std_s_auto_traits() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<UnixStream>();
    check::<UnixListener>();
    check::<net::UnixStream>();
    check::<net::UnixListener>();
}
