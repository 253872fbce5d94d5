//! Where there is no `splice`.

use std::convert::Infallible;
use std::io;
use std::os::fd::BorrowedFd;

/// What cannot be had.
#[derive(Debug)]
pub(crate) struct Pipe(Infallible);

impl Pipe {
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn held(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn fill(&mut self, _from: BorrowedFd<'_>) -> io::Result<usize> {
        match self.0 {}
    }

    pub(crate) fn drain(&mut self, _to: BorrowedFd<'_>) -> io::Result<usize> {
        match self.0 {}
    }

    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        match self.0 {}
    }
}

pub(crate) fn is_refusal(_error: &io::Error) -> bool {
    false
}
