//! Unix streams and listeners: their time-outs, names, handles and errors.

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::unix::{listener, pair};
use common::{Mode, SocketPath, bytes, cases, echo};
use hueless_netpoll::net::{Shutdown, UnixListener, UnixStream};

cases!(
    read_timeout_passes,
    write_timeout_passes,
    timeout_settings,
    racing_setters_do_no_harm,
    past_deadlines_never_hang,
    nonblocking_answers_at_once,
    clone_is_another_handle,
    clones_read_and_write_apart,
    addresses,
    abstract_names,
    errors_are_std_s,
    options_and_debug,
);

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
