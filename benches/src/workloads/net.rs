//! Servers, for a load generator to talk to.

use std::io::{self, Read, Write};

use hueless::go;
use hueless::net::{TcpListener, TcpStream};
use hueless_measure::Figures;

const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

/// Sends back what it gets, for ever.
///
/// # Errors
/// When it cannot listen, or cannot accept.
pub fn echo(port: u16) -> io::Result<Figures> {
    serve(&listen(port)?, send_back)
}

/// Sends back what comes, until the end.
pub(super) fn send_back(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => stream.write_all(&buffer[..read])?,
        }
    }
}

/// Answers a fixed page to each request's head, for ever.
///
/// # Errors
/// When it cannot listen, or cannot accept.
pub fn http(port: u16) -> io::Result<Figures> {
    serve(&listen(port)?, |mut stream| {
        let mut buffer = [0; 4096];
        let mut have = 0;
        loop {
            match stream.read(&mut buffer[have..])? {
                0 => return Ok(()),
                read => have += read,
            }
            while let Some(end) = buffer[..have]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                buffer.copy_within(end + 4..have, 0);
                have -= end + 4;
                stream.write_all(PAGE)?;
            }
        }
    })
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
}

/// Accepts connections, a task each, for ever.
pub(super) fn serve(
    listener: &TcpListener,
    talk: fn(TcpStream) -> io::Result<()>,
) -> io::Result<Figures> {
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        // A connection ends with its first error.
        go!(move || talk(stream));
    }
}
