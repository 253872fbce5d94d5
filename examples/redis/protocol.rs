//! Requests: Redis's protocol (RESP2) in its binary form and as plain lines.
//!
//! ```text
//! *2\r\n $3\r\nGET\r\n $3\r\nkey\r\n      the binary form: how many words, each with its length
//! GET key\r\n                             a line, as people type it; words may be quoted
//! ```
//!
//! The parser remembers how far it has got, so a request that comes in many pieces is not read from
//! its start each time. Nothing is reserved for what is only announced.

use std::borrow::Cow;
use std::ops::Range;

/// Bytes of a request at most.
pub(crate) const MAX_REQUEST: usize = 64 << 20;
/// Words of a request at most.
const MAX_WORDS: usize = 1 << 20;
/// Bytes of a line at most, be it a request or a length.
const MAX_LINE: usize = 64 << 10;
/// Words for which room is kept from one request to the next.
const KEPT_WORDS: usize = 256;

/// What a client that does not speak the protocol is told.
pub(crate) type Violation = Cow<'static, str>;

/// The words of a request: a command and its arguments.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    ranges: &'a [Range<usize>],
}

impl<'a> Words<'a> {
    pub(crate) fn len(self) -> usize {
        self.ranges.len()
    }

    /// The word at `index`, which must be there.
    pub(crate) fn at(self, index: usize) -> &'a [u8] {
        &self.bytes[self.ranges[index].clone()]
    }

    /// The words from `first` on.
    pub(crate) fn from(self, first: usize) -> impl Iterator<Item = &'a [u8]> + Clone {
        let ranges = self.ranges.iter().skip(first);
        ranges.map(move |range| &self.bytes[range.clone()])
    }
}

/// Reads one request after the other.
#[derive(Default)]
pub(crate) struct Parser {
    /// How many bytes of the request have been understood.
    at: usize,
    /// How many words are still to come, once the request has said so.
    left: Option<usize>,
    /// The length of the next word, once it has been announced.
    word: Option<usize>,
    /// Where the words lie, in the request or in `line`.
    ranges: Vec<Range<usize>>,
    /// The words of a request that is a line, without their quotes.
    line: Option<Vec<u8>>,
}

impl Parser {
    /// Goes on reading the request at the start of `input`, which begins with what the last call was
    /// given. Returns the request's length once it is complete; then [`words`](Self::words) has it.
    pub(crate) fn parse(&mut self, input: &[u8]) -> Result<Option<usize>, Violation> {
        let mut left = match (self.left, input.first()) {
            (Some(left), _) => left,
            (None, None) => return Ok(None),
            (None, Some(b'*')) => {
                let Some(line) = self.line(input, "too big mbulk count string")? else {
                    return Ok(None);
                };
                let count = integer(&line[1..]).filter(|&count| count <= MAX_WORDS as i64);
                // None at all, and less, is a request to ignore.
                count.ok_or("invalid multibulk length")?.max(0) as usize
            }
            (None, Some(_)) => return self.parse_line(input),
        };
        while left != 0 {
            self.left = Some(left);
            let length = match self.word {
                Some(length) => length,
                None => match self.line(input, "too big bulk count string")? {
                    Some(line) => length(line, MAX_REQUEST - self.at)?,
                    None => return Ok(None),
                },
            };
            self.word = Some(length);
            let end = self.at + length;
            if input.len() < end + 2 {
                return Ok(None);
            }
            self.ranges.push(self.at..end);
            self.at = end + 2;
            self.word = None;
            left -= 1;
        }
        self.left = Some(0);
        Ok(Some(self.at))
    }

    /// The words of the complete request at the start of `input`; none if it is to be ignored.
    pub(crate) fn words<'a>(&'a self, input: &'a [u8]) -> Words<'a> {
        Words {
            bytes: self.line.as_deref().unwrap_or(input),
            ranges: &self.ranges,
        }
    }

    /// Makes ready for the next request.
    pub(crate) fn next(&mut self) {
        (self.at, self.left, self.line) = (0, None, None);
        self.ranges.clear();
        self.ranges.shrink_to(KEPT_WORDS);
    }

    /// Takes the line that comes next, without its end, if it is all there.
    fn line<'a>(
        &mut self,
        input: &'a [u8],
        too_long: &'static str,
    ) -> Result<Option<&'a [u8]>, Violation> {
        let rest = &input[self.at..];
        match rest.iter().take(MAX_LINE).position(|&byte| byte == b'\n') {
            Some(end) => {
                self.at += end + 1;
                let line = &rest[..end];
                Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
            }
            None if rest.len() >= MAX_LINE => Err(too_long.into()),
            None => Ok(None),
        }
    }

    /// A request that is a line.
    fn parse_line(&mut self, input: &[u8]) -> Result<Option<usize>, Violation> {
        let Some(line) = self.line(input, "too big inline request")? else {
            return Ok(None);
        };
        let mut words = Vec::with_capacity(line.len());
        split(line, &mut words, &mut self.ranges).ok_or("unbalanced quotes in request")?;
        self.line = Some(words);
        Ok(Some(self.at))
    }
}

/// The length of a word that `line` announces.
fn length(line: &[u8], max: usize) -> Result<usize, Violation> {
    match line.split_first() {
        Some((b'$', digits)) => integer(digits)
            .and_then(|length| usize::try_from(length).ok())
            .filter(|&length| length <= max)
            .ok_or("invalid bulk length".into()),
        other => {
            let got = other.map_or('\r', |(&byte, _)| char::from(byte));
            Err(format!("expected '$', got '{}'", got.escape_default()).into())
        }
    }
}

/// Puts the words of `line` into `words`, and where they lie there into `ranges`; `None` if a quote
/// is not closed, or followed by more than a space.
fn split(line: &[u8], words: &mut Vec<u8>, ranges: &mut Vec<Range<usize>>) -> Option<()> {
    let mut bytes = line.iter().copied().peekable();
    loop {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        if bytes.peek().is_none() {
            return Some(());
        }
        let start = words.len();
        while let Some(byte) = bytes.next_if(|byte| !byte.is_ascii_whitespace()) {
            if byte != b'"' && byte != b'\'' {
                words.push(byte);
                continue;
            }
            loop {
                match bytes.next()? {
                    end if end == byte => break,
                    b'\\' if byte == b'"' => words.push(escaped(&mut bytes)?),
                    b'\\' if bytes.next_if_eq(&b'\'').is_some() => words.push(b'\''),
                    other => words.push(other),
                }
            }
            if bytes.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                return None;
            }
        }
        ranges.push(start..words.len());
    }
}

/// What follows a backslash between double quotes.
fn escaped(bytes: &mut (impl Iterator<Item = u8> + Clone)) -> Option<u8> {
    Some(match bytes.next()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        b'x' => {
            let mut ahead = bytes.clone();
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            match (digit(ahead.next()), digit(ahead.next())) {
                (Some(high), Some(low)) => {
                    *bytes = ahead;
                    (16 * high + low) as u8
                }
                _ => b'x',
            }
        }
        other => other,
    })
}

/// The number that `text` is, written as Redis would write it.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] if digits.len() == text.len() => Some(0),
        [b'1'..=b'9', ..] => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses all requests of `input`, which comes in pieces of `step` bytes.
    fn parse(input: &[u8], step: usize) -> Result<Vec<Vec<Vec<u8>>>, Violation> {
        let (mut parser, mut requests) = (Parser::default(), Vec::new());
        let (mut start, mut end) = (0, 0);
        while end < input.len() {
            end = (end + step).min(input.len());
            while let Some(length) = parser.parse(&input[start..end])? {
                let words = parser.words(&input[start..end]);
                requests.push(words.from(0).map(<[u8]>::to_vec).collect());
                parser.next();
                start += length;
            }
        }
        assert_eq!(start, end, "all of it has been read");
        Ok(requests)
    }

    #[test]
    fn pieces_make_the_same_requests_as_the_whole() {
        let input = b"*2\r\n$3\r\nGET\r\n$5\r\na\r\nbc\r\nPING\r\n*0\r\n*-1\r\n\r\n*1\r\n$0\r\n\r\nGET  k\n";
        let whole = parse(input, input.len()).unwrap();
        let words: [&[&[u8]]; 7] = [
            &[b"GET", b"a\r\nbc"],
            &[b"PING"],
            &[],
            &[],
            &[],
            &[b""],
            &[b"GET", b"k"],
        ];
        assert_eq!(whole, words);
        for step in 1..input.len() {
            assert_eq!(parse(input, step).unwrap(), whole);
        }
    }

    #[test]
    fn lines_may_have_quotes() {
        let line = b"SET \"a \\x41\\n\\\"\\q\" 'it\\'s \\n' \"\" b\"c\"\r\n";
        let words: [&[u8]; 5] = [b"SET", b"a A\n\"q", b"it's \\n", b"", b"bc"];
        assert_eq!(parse(line, line.len()).unwrap(), [words]);
        for line in ["GET \"a", "GET 'a", "GET \"a\"b", "GET \"a\\"] {
            let line = format!("{line}\r\n");
            let error = parse(line.as_bytes(), line.len()).unwrap_err();
            assert_eq!(error, "unbalanced quotes in request", "{line}");
        }
    }

    #[test]
    fn violations_are_named_as_redis_names_them() {
        let long = "x".repeat(MAX_LINE);
        for (input, error) in [
            ("*x\r\n".to_owned(), "invalid multibulk length"),
            ("*1048577\r\n".to_owned(), "invalid multibulk length"),
            ("*1\r\nGET\r\n".to_owned(), "expected '$', got 'G'"),
            ("*1\r\n$-1\r\n".to_owned(), "invalid bulk length"),
            ("*1\r\n$67108865\r\n".to_owned(), "invalid bulk length"),
            (
                "*1\r\n$99999999999999999999\r\n".to_owned(),
                "invalid bulk length",
            ),
            (long.clone(), "too big inline request"),
            (format!("*{long}"), "too big mbulk count string"),
            (format!("*1\r\n${long}"), "too big bulk count string"),
        ] {
            assert_eq!(parse(input.as_bytes(), input.len()).unwrap_err(), error);
        }
    }

    #[test]
    fn numbers_are_what_redis_takes_for_numbers() {
        assert_eq!(integer(b"0"), Some(0));
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-0",
            "1 ",
            "1.0",
            "9223372036854775808",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}
