//! HTTP/1.1: `GET /WORD` is answered by the word.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::own::think;
use crate::at::Outcome;

/// Answers until the client hangs up, or asks that the connection be closed.
pub(crate) fn serve(mut from: impl Read, mut to: impl Write) -> Outcome {
    let mut request = Vec::new();
    while let Some(answer) = next(&mut request, &mut from)? {
        to.write_all(&answer.bytes)?;
        if answer.is_last {
            break;
        }
    }
    Ok(())
}

/// The same over TLS, whose stream cannot be halved.
pub(crate) fn serve_tls(
    mut stream: rustls::StreamOwned<rustls::ServerConnection, TcpStream>,
) -> Outcome {
    let mut request = Vec::new();
    while let Some(answer) = next(&mut request, &mut stream)? {
        stream.write_all(&answer.bytes)?;
        if answer.is_last {
            stream.conn.send_close_notify();
            stream.flush()?;
            break;
        }
    }
    Ok(())
}

struct Answer {
    bytes: Vec<u8>,
    is_last: bool,
}

/// The answer to the next request; `None` when there is none. What came behind it stays in `bytes`.
fn next(bytes: &mut Vec<u8>, from: &mut impl Read) -> io::Result<Option<Answer>> {
    let mut piece = [0; 4096];
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(length) =
            request.parse(bytes).map_err(io::Error::other)?
        {
            let word = request
                .path
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned();
            let is_last = request.headers.iter().any(|header| {
                header.name.eq_ignore_ascii_case("connection")
                    && header.value.eq_ignore_ascii_case(b"close")
            });
            bytes.drain(..length);
            think(&word);
            let connection = if is_last { "Connection: close\r\n" } else { "" };
            let bytes = format!(
                "HTTP/1.1 200 OK\r\n{connection}Content-Length: {}\r\n\r\n{word}",
                word.len()
            );
            return Ok(Some(Answer {
                bytes: bytes.into_bytes(),
                is_last,
            }));
        }
        match from.read(&mut piece)? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
