//! What a request's head says.

use httparse::{EMPTY_HEADER, Status};

use crate::response::Refusal;

/// Bytes of a head at most.
pub(crate) const MAX_HEAD: usize = 16 << 10;
/// Header lines of a head at most.
const MAX_HEADERS: usize = 64;
/// Bytes of a body at most.
pub(crate) const MAX_BODY: u64 = 1 << 20;

/// A request, as far as this server cares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The bytes of the head.
    pub(crate) head: usize,
    /// The bytes of the body, which follows.
    pub(crate) body: u64,
    /// Whether the connection stays open.
    pub(crate) keep_alive: bool,
    /// Whether the client speaks HTTP/1.0, where keeping the connection is to be said.
    pub(crate) old: bool,
    /// Whether the client waits for a word before it sends the body.
    pub(crate) expects: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Get,
    Head,
    Other,
}

impl Request {
    /// Reads the head at the start of `bytes`; `None` if it is not complete.
    ///
    /// # Errors
    /// How to refuse it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, Refusal> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let head = match parsed.parse(bytes) {
            Ok(Status::Complete(head)) if head <= MAX_HEAD => head,
            Ok(Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
            Err(_) => return Err(Refusal::Malformed),
        };
        let old = parsed.version == Some(0);
        let mut request = Self {
            method: match parsed.method {
                Some("GET") => Method::Get,
                Some("HEAD") => Method::Head,
                _ => Method::Other,
            },
            head,
            body: 0,
            keep_alive: !old,
            old,
            expects: false,
        };
        let (mut hosts, mut length) = (0, None);
        for header in parsed.headers.iter() {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("host") {
                hosts += 1;
            } else if is("connection") {
                request.keep_alive = match () {
                    () if has_token(header.value, "close") => false,
                    () if has_token(header.value, "keep-alive") => true,
                    () => request.keep_alive,
                };
            } else if is("content-length") {
                let bytes = parse_length(header.value).ok_or(Refusal::Malformed)?;
                if length.is_some_and(|before| before != bytes) {
                    return Err(Refusal::Malformed);
                }
                length = Some(bytes);
            } else if is("transfer-encoding") {
                return Err(Refusal::Encoded);
            } else if is("expect") {
                request.expects = has_token(header.value, "100-continue") && !old;
            }
        }
        // HTTP/1.1 asks for exactly one Host line.
        if hosts > 1 || (hosts == 0 && !old) {
            return Err(Refusal::Malformed);
        }
        request.body = length.unwrap_or(0);
        if request.body > MAX_BODY {
            return Err(Refusal::BodyTooLarge);
        }
        Ok(Some(request))
    }
}

/// Whether `word` is in a list with commas.
fn has_token(value: &[u8], word: &str) -> bool {
    value
        .split(|&byte| byte == b',')
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Digits and nothing else; a number that is too large for us is larger than any limit.
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = std::str::from_utf8(value).ok()?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Request>, Refusal> {
        Request::parse(text.as_bytes())
    }

    fn complete(text: &str) -> Request {
        parse(text).unwrap().expect("a complete head")
    }

    #[test]
    fn versions_and_connection_decide_what_stays_open() {
        for (text, stays) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n\r\n",
                false,
            ),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
        ] {
            let request = complete(text);
            assert_eq!(request.keep_alive, stays, "{text}");
            assert_eq!(request.head, text.len());
        }
    }

    #[test]
    fn incomplete_heads_are_waited_for() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), Ok(None));
        }
    }

    #[test]
    fn bad_heads_are_refused() {
        for text in [
            "NONSENSE\r\n\r\n",
            "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        ] {
            assert_eq!(parse(text), Err(Refusal::Malformed), "{text}");
        }
        let post = |line: &str| parse(&format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n"));
        assert_eq!(post("Transfer-Encoding: chunked"), Err(Refusal::Encoded));
        assert_eq!(post("Content-Length: 1048577"), Err(Refusal::BodyTooLarge));
        assert_eq!(
            post("Content-Length: 99999999999999999999"),
            Err(Refusal::BodyTooLarge)
        );
        assert_eq!(
            post("Content-Length: 1048576").unwrap().unwrap().body,
            MAX_BODY
        );
    }

    #[test]
    fn large_heads_are_refused() {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(MAX_HEAD));
        assert_eq!(parse(&long), Err(Refusal::HeadTooLarge));
        assert_eq!(parse(&(long + "\r\n\r\n")), Err(Refusal::HeadTooLarge));
        let many = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(MAX_HEADERS + 1)
        );
        assert_eq!(parse(&many), Err(Refusal::HeadTooLarge));
    }
}
