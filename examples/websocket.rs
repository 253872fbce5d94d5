//! A WebSocket echo server: tungstenite, which knows nothing of hueless, over hueless's sockets.
//!
//! ```sh
//! cargo run --release --example websocket -- --addr 127.0.0.1:8080
//! python3 -m websockets ws://127.0.0.1:8080/     # from the package `websockets`
//! ```
//!
//! Text and binary messages of up to 16 MiB come back. Ctrl-C tells every client that the server is
//! going away, and ends it.

use std::collections::HashMap;
use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hueless::channel::bounded;
use hueless::net::{self, Shutdown, TcpListener, TcpStream};
use hueless::{go, sleep};
use lexopt::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, HandshakeError, Message, WebSocket, accept_with_config};

const HELP: &str = "\
Sends WebSocket messages back, one task a client.

Usage: websocket [OPTIONS]

Options:
  --addr ADDR  where to listen [default: 127.0.0.1:8080]; port 0 takes any
  --help       print this

Ctrl-C or SIGTERM stops it; a second one ends it at once.
";

/// Bytes of a message at most.
const MAX_MESSAGE: usize = 16 << 20;
/// How long a client may take to ask for a WebSocket, and for its system to take any of what it is
/// sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long, and for how many bytes, a client that was sent away is listened to.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 2 * MAX_MESSAGE as u64);
/// How long the server waits for its clients when it stops.
const GRACE: Duration = Duration::from_secs(3);

/// One client, from its request for a WebSocket to the end.
fn client(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let config = WebSocketConfig::default()
        // The default of 128 KiB is much for a client that is idle.
        .read_buffer_size(4 << 10)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    // What is generic over `Read + Write` takes our stream, or a reference to it.
    let mut socket = match accept_with_config(stream, Some(config)) {
        Ok(socket) => socket,
        // Whoever speaks something else has been told so.
        Err(HandshakeError::Failure(error)) => return Err(io::Error::other(error)),
        Err(HandshakeError::Interrupted(_)) => return Err(io::ErrorKind::TimedOut.into()),
    };
    stream.set_read_timeout(None)?;
    match echo(&mut socket) {
        Error::ConnectionClosed => Ok(()),
        Error::Io(error) => Err(error),
        Error::Capacity(why) => send_away(stream, CloseCode::Size, why.to_string()),
        Error::Utf8(why) => send_away(stream, CloseCode::Invalid, why),
        // The input has ended without a word: by the client, or by the server, which stops.
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            send_away(stream, CloseCode::Away, "the server stops".to_owned())
        }
        why => send_away(stream, CloseCode::Protocol, why.to_string()),
    }
}

/// Sends messages back until something ends it.
fn echo(socket: &mut WebSocket<&TcpStream>) -> Error {
    loop {
        let sent = match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message),
            // Pings and closes are answered by tungstenite, at the next read.
            Ok(_) => Ok(()),
            Err(error) => return error,
        };
        if let Err(error) = sent {
            return error;
        }
    }
}

/// Closes the WebSocket from this side, saying why.
fn send_away(mut stream: &TcpStream, code: CloseCode, reason: String) -> io::Result<()> {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // The old one takes no more orders once its input has failed.
    WebSocket::from_raw_socket(stream, Role::Server, None)
        .close(Some(frame))
        .map_err(io::Error::other)?;
    // If the stream were closed while the client still sends, its system would throw the frame away.
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(LINGER.0))?;
    io::copy(&mut stream.by_ref().take(LINGER.1), &mut io::sink())?;
    Ok(())
}

/// The clients that are there, for the stop to find them.
#[derive(Default)]
struct Clients(Mutex<HashMap<u64, Weak<TcpStream>>>);

impl Clients {
    /// A std lock: held for a moment only, and never across anything that waits.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `listener` is closed and the clients are gone; returns how many there were.
fn serve(listener: &TcpListener) -> u64 {
    let clients = Arc::new(Clients::default());
    // Every client's task holds a clone of `here`: the channel is disconnected when all ended.
    let (here, gone) = bounded::<()>(0);
    let mut count = 0;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                count += 1;
                let (number, stream) = (count, Arc::new(stream));
                clients.lock().insert(number, Arc::downgrade(&stream));
                let (clients, here) = (clients.clone(), here.clone());
                go!(name = format!("client {number}"), move || {
                    // An error means that the client is gone: nobody is left to tell.
                    let _ = client(&stream);
                    clients.lock().remove(&number);
                    drop((stream, here));
                });
            }
            Err(error) if net::is_closed(&error) => break,
            Err(error) => {
                eprintln!("websocket: no new client for now: {error}");
                sleep(Duration::from_secs(1)); // out of descriptors? some client will end
            }
        }
    }
    drop(here);
    for stream in clients.lock().values().filter_map(Weak::upgrade) {
        // What has come is still answered. An error means that it has ended by itself.
        let _ = stream.shutdown(Shutdown::Read);
    }
    if gone.recv_timeout(GRACE).is_err_and(|why| why.is_timeout()) {
        eprintln!("websocket: some clients did not end within {GRACE:?}");
    }
    count
}

fn main() -> ExitCode {
    let addr = match parse(lexopt::Parser::from_env()) {
        Ok(Some(addr)) => addr,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("websocket: {wrong}\nTry `websocket --help`.");
            return ExitCode::from(2);
        }
    };
    let served = hueless::run(|| {
        let listener = Arc::new(TcpListener::bind(addr.as_str())?);
        stop_on_signal(listener.clone())?;
        println!("listening on ws://{}", listener.local_addr()?);
        io::Result::Ok(serve(&listener))
    });
    match served {
        Ok(count) => {
            println!("stopped: {count} clients served");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("websocket: cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line: the address, or `None` if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<String>, lexopt::Error> {
    let mut addr = "127.0.0.1:8080".to_owned();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => addr = parser.value()?.string()?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(addr))
}

/// Closes `listener` at the first signal; the second one ends the process.
fn stop_on_signal(listener: Arc<TcpListener>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // Signals are waited for on an OS thread of their own.
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for (before, signal) in signals.forever().enumerate() {
                if before == 0 {
                    listener.close();
                } else {
                    let _ = emulate_default_handler(signal);
                }
            }
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hueless::task::JoinHandle;
    use std::net::SocketAddr;
    use tungstenite::client;

    /// A server in this process.
    fn start() -> (Arc<TcpListener>, SocketAddr, JoinHandle<u64>) {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let (accepting, addr) = (listener.clone(), listener.local_addr().unwrap());
        (listener, addr, go!(move || serve(&accepting)))
    }

    /// A client on a plain OS thread and a socket of std.
    fn connect(addr: SocketAddr) -> WebSocket<std::net::TcpStream> {
        let stream = std::net::TcpStream::connect(addr).unwrap();
        // A test that fails shall not hang.
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        client(format!("ws://{addr}/"), stream).unwrap().0
    }

    /// Reads until the server has closed the WebSocket; returns what it says is the reason.
    fn read_close(socket: &mut WebSocket<std::net::TcpStream>) -> CloseCode {
        loop {
            if let Message::Close(frame) = socket.read().unwrap() {
                return frame.unwrap().code;
            }
        }
    }

    #[test]
    fn messages_come_back() {
        let (listener, addr, server) = start();
        let mut socket = connect(addr);
        let large = Message::binary((0..1 << 20).map(|n| n as u8).collect::<Vec<_>>());
        for message in [Message::text("grüße"), Message::binary(vec![0; 3]), large] {
            socket.send(message.clone()).unwrap();
            assert_eq!(socket.read().unwrap(), message);
        }
        socket.send(Message::Ping("are you there?".into())).unwrap();
        assert_eq!(
            socket.read().unwrap(),
            Message::Pong("are you there?".into())
        );
        socket.close(None).unwrap();
        assert_eq!(socket.read().unwrap(), Message::Close(None));
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
        listener.close();
        assert_eq!(server.join().unwrap(), 1);
    }

    #[test]
    fn those_who_ask_too_much_are_told() {
        let (listener, addr, server) = start();
        let mut socket = connect(addr);
        // It may well be sent away before it has written all of it.
        let _ = socket.send(Message::binary(vec![0; MAX_MESSAGE + 1]));
        assert_eq!(read_close(&mut socket), CloseCode::Size);
        // Not a WebSocket at all.
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        io::read_to_string(stream).unwrap();
        listener.close();
        assert_eq!(server.join().unwrap(), 2);
    }

    #[test]
    fn a_stop_says_goodbye() {
        let (listener, addr, server) = start();
        let mut sockets = [connect(addr), connect(addr)];
        listener.close();
        for socket in &mut sockets {
            assert_eq!(read_close(socket), CloseCode::Away);
        }
        drop(sockets);
        assert_eq!(server.join().unwrap(), 2);
    }
}
