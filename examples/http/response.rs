//! The answers.

use crate::request::{Method, Request};

/// The one page there is.
const PAGE: &str = "Hello, World!\n";

/// Why a request is not served; the connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    Malformed,
    TimedOut,
    BodyTooLarge,
    HeadTooLarge,
    Encoded,
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Self::Malformed => "400 Bad Request",
            Self::TimedOut => "408 Request Timeout",
            Self::BodyTooLarge => "413 Content Too Large",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::Encoded => "501 Not Implemented",
        }
    }

    /// Appends the refusal to `out`.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let status = self.status();
        // The body is the status and a line feed.
        let length = status.len() + 1;
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{status}\n"
        );
        out.extend_from_slice(text.as_bytes());
    }
}

/// Appends the answer to `request` to `out`.
pub(crate) fn write(request: &Request, out: &mut Vec<u8>) {
    let (head, body) = match request.method {
        Method::Get => ("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n", PAGE),
        Method::Head => ("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n", ""),
        Method::Other => (
            "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 19\r\n",
            "Method Not Allowed\n",
        ),
    };
    let connection = match (request.keep_alive, request.old) {
        (false, _) => "Connection: close\r\n",
        (true, true) => "Connection: keep-alive\r\n",
        (true, false) => "",
    };
    for part in [
        head,
        "Content-Type: text/plain\r\n",
        connection,
        "\r\n",
        body,
    ] {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_right() {
        let request = Request {
            method: Method::Get,
            head: 0,
            body: 0,
            keep_alive: true,
            old: false,
            expects: false,
        };
        for method in [Method::Get, Method::Other] {
            let mut out = Vec::new();
            write(&Request { method, ..request }, &mut out);
            check(&out);
        }
        for refusal in [Refusal::Malformed, Refusal::HeadTooLarge, Refusal::Encoded] {
            let mut out = Vec::new();
            refusal.write(&mut out);
            check(&out);
        }
    }

    fn check(answer: &[u8]) {
        let text = std::str::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .unwrap();
        assert_eq!(length.parse(), Ok(body.len()), "{text}");
    }
}
