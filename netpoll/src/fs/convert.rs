//! Conversions from and to std's file and descriptors. They change nothing and do not block.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::process::Stdio;

use crate::fs::File;

impl File {
    /// The std file. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs::File;
    ///
    /// let file: std::fs::File = File::open("/dev/null")?.into_std();
    /// let file: File = file.into();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_std(self) -> fs::File {
        self.std
    }
}

impl From<fs::File> for File {
    fn from(std: fs::File) -> Self {
        Self { std }
    }
}

impl From<File> for fs::File {
    fn from(file: File) -> Self {
        file.std
    }
}

impl From<OwnedFd> for File {
    fn from(descriptor: OwnedFd) -> Self {
        fs::File::from(descriptor).into()
    }
}

impl From<File> for OwnedFd {
    fn from(file: File) -> Self {
        file.std.into()
    }
}

/// For a child process to use.
impl From<File> for Stdio {
    fn from(file: File) -> Self {
        file.std.into()
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

impl FromRawFd for File {
    unsafe fn from_raw_fd(descriptor: RawFd) -> Self {
        // SAFETY: the caller owns the descriptor and gives it up, by the trait's contract.
        unsafe { fs::File::from_raw_fd(descriptor) }.into()
    }
}

impl IntoRawFd for File {
    fn into_raw_fd(self) -> RawFd {
        self.std.into_raw_fd()
    }
}
