// What the examples of std's documentation do, by `net::`'s types, run in `M`.
//
// Theirs connect to fixed ports; ours to a server of the test's own. Where they leave out what
// happens next, it is checked here.

use crate::common::Mode;
use net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream,
    ToSocketAddrs,
};
use std::io;
use std::io::prelude::*;
use std::time::Duration;

/// An address where each of so many connections is answered by `serve`, one after the other.
fn served(connections: usize, serve: fn(TcpStream) -> io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = M::spawn(move || {
        for stream in listener.incoming().take(connections) {
            serve(stream?)?;
        }
        Ok::<_, io::Error>(())
    });
    // Nobody joins it; its panic would show as a client's failure.
    drop(server);
    addr
}

/// A connection whose other end waits until this one has ended.
fn connected() -> TcpStream {
    let addr = served(1, |mut stream| {
        io::copy(&mut stream, &mut io::sink()).map(drop)
    });
    TcpStream::connect(addr).expect("couldn't connect to the server")
}

/// An address where nobody listens, and nobody else will while the socket is kept.
fn deserted() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

#[test]
fn stream() {
    M::run(|| {
        let addr = served(1, |mut stream| {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            stream.write_all(&[byte[0] + 1])
        });
        let session = || -> io::Result<u8> {
            let mut stream = TcpStream::connect(addr)?;
            assert_eq!(stream.write(&[1])?, 1);
            let mut answer = [0; 128];
            assert_eq!(stream.read(&mut answer)?, 1);
            Ok(answer[0])
        };
        assert_eq!(session().unwrap(), 2);
    });
}

#[test]
fn listener() {
    fn handle_client(mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(b"welcome")
    }
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let clients = [0; 3].map(|_| {
            M::spawn(move || {
                let mut text = String::new();
                let mut stream = TcpStream::connect(addr)?;
                stream.read_to_string(&mut text)?;
                Ok::<_, io::Error>(text)
            })
        });
        // One after the other.
        for stream in listener.incoming().take(clients.len()) {
            handle_client(stream.unwrap()).unwrap();
        }
        for client in clients {
            assert_eq!(client.join().unwrap(), "welcome");
        }
    });
}

#[test]
fn stream_connect() {
    M::run(|| {
        let addr = served(1, |_| Ok(()));
        assert!(TcpStream::connect(addr.to_string()).is_ok());
        let (_reserved, deserted) = deserted();
        assert!(TcpStream::connect(deserted.to_string()).is_err());
    });
}

#[test]
fn stream_connect_to_one_or_the_other() {
    M::run(|| {
        let (_reserved, deserted) = deserted();
        let addrs = [deserted, served(1, |_| Ok(()))];
        let stream = TcpStream::connect(&addrs[..]).expect("couldn't connect to server...");
        assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
    });
}

#[test]
fn stream_connect_timeout() {
    M::run(|| {
        let addr = served(1, |_| Ok(()));
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(60)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
        let zero = TcpStream::connect_timeout(&addr, Duration::ZERO).unwrap_err();
        assert_eq!(zero.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(zero.to_string(), "cannot set a 0 duration timeout");
    });
}

#[test]
fn stream_addresses() {
    M::run(|| {
        let addr = served(1, |_| Ok(()));
        let stream = TcpStream::connect(addr).expect("couldn't connect to the server");
        let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, addr.port());
        assert_eq!(stream.peer_addr().unwrap(), SocketAddr::V4(peer));
        let ip = stream.local_addr().unwrap().ip();
        assert_eq!(ip, IpAddr::V4(Ipv4Addr::LOCALHOST));
    });
}

#[test]
fn stream_shutdown() {
    M::run(|| {
        let mut stream = connected();
        stream.shutdown(Shutdown::Both).expect("shutdown failed");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        assert_eq!(
            stream.write(&[0]).unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    });
}

#[test]
fn stream_try_clone() {
    M::run(|| {
        let addr = served(1, |mut stream| {
            let mut bytes = [0; 2];
            stream.read_exact(&mut bytes)?;
            stream.write_all(&bytes)
        });
        let mut stream = TcpStream::connect(addr).unwrap();
        let mut clone = stream.try_clone().expect("clone failed");
        stream.write_all(b"a").unwrap();
        clone.write_all(b"b").unwrap();
        // Both read the same stream.
        let (mut first, mut second) = ([0], [0]);
        stream.read_exact(&mut first).unwrap();
        clone.read_exact(&mut second).unwrap();
        assert_eq!([first, second], [*b"a", *b"b"]);
        assert_eq!(stream.local_addr().unwrap(), clone.local_addr().unwrap());
    });
}

#[test]
fn stream_timeouts() {
    M::run(|| {
        let stream = connected();
        stream.set_read_timeout(None).expect("set_read_timeout");
        assert_eq!(stream.read_timeout().unwrap(), None);
        stream.set_write_timeout(None).expect("set_write_timeout");
        assert_eq!(stream.write_timeout().unwrap(), None);
        for error in [
            stream.set_read_timeout(Some(Duration::new(0, 0))),
            stream.set_write_timeout(Some(Duration::new(0, 0))),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), "cannot set a 0 duration timeout");
        }
        let limit = Some(Duration::from_millis(20));
        stream.set_read_timeout(limit).unwrap();
        assert_eq!(stream.read_timeout().unwrap(), limit);
        let error = (&stream).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
    });
}

#[test]
fn stream_peek() {
    M::run(|| {
        let addr = served(1, |mut stream| stream.write_all(b"1234567890"));
        let mut stream = TcpStream::connect(addr).unwrap();
        let mut buf = [0; 10];
        for _ in 0..2 {
            let len = stream.peek(&mut buf).expect("peek failed");
            assert!((1..=10).contains(&len));
            assert_eq!(buf[..len], b"1234567890"[..len]);
        }
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "1234567890");
    });
}

#[test]
fn stream_nodelay() {
    M::run(|| {
        let stream = connected();
        assert!(!stream.nodelay().unwrap());
        stream.set_nodelay(true).expect("set_nodelay call failed");
        assert!(stream.nodelay().unwrap_or(false));
    });
}

#[test]
fn stream_ttl() {
    M::run(|| {
        let stream = connected();
        stream.set_ttl(100).expect("set_ttl call failed");
        assert_eq!(stream.ttl().unwrap_or(0), 100);
    });
}

#[test]
fn stream_take_error() {
    M::run(|| {
        let stream = connected();
        let error = stream.take_error().expect("SO_ERROR is to be had");
        assert!(error.is_none());
    });
}

#[test]
fn stream_set_nonblocking() {
    M::run(|| {
        let addr = served(1, |mut stream| {
            // Not before the client has seen that there is nothing.
            stream.read_exact(&mut [0])?;
            stream.write_all(b"here you are")
        });
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_nonblocking(true).expect("set_nonblocking");
        let mut text = Vec::new();
        let mut waited = false;
        loop {
            match stream.read_to_end(&mut text) {
                Ok(_) => break,
                Err(ref error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !waited {
                        stream.write_all(&[0]).unwrap();
                        waited = true;
                    }
                    // In the place of a poll.
                    hueless_runtime::yield_now();
                }
                Err(error) => panic!("encountered IO error: {error}"),
            }
        }
        assert!(waited);
        assert_eq!(text, b"here you are");
    });
}

#[test]
#[cfg(target_os = "linux")]
fn stream_quickack() {
    M::run(|| {
        let stream = connected();
        stream.set_quickack(true).expect("set_quickack");
        assert!(stream.quickack().unwrap_or(false));
    });
}

#[test]
fn listener_bind() {
    M::run(|| {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let addrs = [
            taken.local_addr().unwrap(),
            SocketAddr::from(([127, 0, 0, 1], 0)),
        ];
        let listener = TcpListener::bind(&addrs[..]).unwrap();
        assert_ne!(listener.local_addr().unwrap(), addrs[0]);
        let error = TcpListener::bind(addrs[0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    });
}

#[test]
fn listener_local_addr() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        assert_eq!(
            addr,
            SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, addr.port()))
        );
    });
}

#[test]
fn listener_try_clone() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let clone = listener.try_clone().unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        let client = TcpStream::connect(addr).unwrap();
        let (_, from) = clone.accept().unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    });
}

#[test]
fn listener_accept() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let client = M::spawn(move || TcpStream::connect(addr).unwrap().local_addr().unwrap());
        match listener.accept() {
            Ok((_socket, addr)) => assert_eq!(addr, client.join()),
            Err(error) => panic!("couldn't get client: {error:?}"),
        }
    });
}

#[test]
fn listener_ttl() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_ttl(100).expect("could not set TTL");
        assert_eq!(listener.ttl().unwrap_or(0), 100);
    });
}

#[test]
fn listener_take_error() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(listener.take_error().expect("no error").is_none());
    });
}

#[test]
fn listener_set_nonblocking() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).expect("set_nonblocking");
        let mut client = None;
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => {
                    let client: TcpStream = client.expect("nobody has connected before");
                    assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
                    break;
                }
                Err(ref error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let addr = listener.local_addr().unwrap();
                    client.get_or_insert_with(|| TcpStream::connect(addr).unwrap());
                }
                Err(error) => panic!("encountered IO error: {error}"),
            }
        }
    });
}

#[test]
fn accepted_streams_block_though_their_listener_does_not() {
    M::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(addr).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let reader = M::spawn(move || stream.read(&mut [0; 8]).unwrap());
        client.write_all(b"x").unwrap();
        assert_eq!(reader.join(), 1);
    });
}

#[test]
fn addresses_of_an_address() {
    M::run(|| {
        let addr = SocketAddr::from(([127, 0, 0, 1], 443));
        let mut addrs = addr.to_socket_addrs().unwrap();
        assert_eq!(Some(addr), addrs.next());
        assert!(addrs.next().is_none());
    });
}

#[test]
fn addresses_of_a_name() {
    M::run(|| {
        let mut addrs = "localhost:443".to_socket_addrs().unwrap();
        assert!(addrs.all(|addr| addr.ip().is_loopback() && addr.port() == 443));
        let error = "localhost".to_socket_addrs().map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn addresses_of_a_list() {
    M::run(|| {
        let one = SocketAddr::from(([0, 0, 0, 0], 80));
        let other = SocketAddr::from(([127, 0, 0, 1], 443));
        let list = [one, other];
        let mut addrs = (&list[..]).to_socket_addrs().unwrap();
        assert_eq!((addrs.next(), addrs.next()), (Some(one), Some(other)));
        assert!(addrs.next().is_none());
    });
}

#[test]
fn connect_takes_each_way_to_say_an_address() {
    M::run(|| {
        let port = served(3, |_| Ok(())).port();
        let streams = [
            TcpStream::connect(("127.0.0.1", port)),
            TcpStream::connect(format!("127.0.0.1:{port}")),
            TcpStream::connect((Ipv4Addr::new(127, 0, 0, 1), port)),
        ];
        for stream in streams {
            assert_eq!(stream.unwrap().peer_addr().unwrap().port(), port);
        }
    });
}

#[test]
fn ipv6() {
    M::run(|| {
        let listener = match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
            Ok(listener) => listener,
            Err(error) => {
                eprintln!("there is no IPv6 here, not tried: {error}");
                return;
            }
        };
        let addr = listener.local_addr().unwrap();
        assert_eq!(
            format!("{listener:?}").split(", fd").next(),
            Some(format!("TcpListener {{ addr: {addr}").as_str())
        );
        let client = M::spawn(move || {
            let mut client = TcpStream::connect(("::1", addr.port())).unwrap();
            client.write_all(b"hello").unwrap();
        });
        let (mut server, from) = listener.accept().unwrap();
        assert!(from.is_ipv6());
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        client.join();
    });
}
