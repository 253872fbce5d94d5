//! Replies, as the protocol writes them.

use std::borrow::Cow;
use std::io::Write;

/// Why a command is refused: a word for programs, a text for people.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure(pub(crate) Cow<'static, str>);

impl Failure {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Replies that are to be sent.
#[derive(Default)]
pub(crate) struct Replies(Vec<u8>);

impl Replies {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Forgets them, and gives back the memory of large ones beyond `keep` bytes.
    pub(crate) fn clear(&mut self, keep: usize) {
        self.0.clear();
        self.0.shrink_to(keep);
    }

    pub(crate) fn status(&mut self, text: &str) {
        self.line(b'+', text);
    }

    pub(crate) fn failure(&mut self, Failure(text): &Failure) {
        // It may quote the client, who may have sent anything.
        self.line(b'-', &text.replace(['\r', '\n'], " "));
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.number(b':', number);
    }

    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        self.number(b'$', text.len() as i64);
        self.0.extend_from_slice(text);
        self.0.extend_from_slice(b"\r\n");
    }

    pub(crate) fn nil(&mut self) {
        self.0.extend_from_slice(b"$-1\r\n");
    }

    /// Begins an array; its `length` elements follow.
    pub(crate) fn array(&mut self, length: usize) {
        self.number(b'*', length as i64);
    }

    fn line(&mut self, sort: u8, text: &str) {
        self.0.push(sort);
        self.0.extend_from_slice(text.as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    fn number(&mut self, sort: u8, number: i64) {
        self.0.push(sort);
        // Writing to a vector does not fail.
        let _ = write!(self.0, "{number}");
        self.0.extend_from_slice(b"\r\n");
    }
}
