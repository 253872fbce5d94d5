//! Directories: making them, and what they hold.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, DirEntryExt};
use std::path::{Path, PathBuf};

use hueless_runtime::blocking_operation;

/// How many entries one hand-over to the blocking pool fetches.
const BATCH: usize = 128;

/// The entries of a directory; [`std::fs::ReadDir`] for tasks. Made by
/// [`read_dir`](crate::fs::read_dir).
///
/// Each step may block the task, not the worker. Entries are fetched many at a time, so what changes in
/// the directory meanwhile may show a little later than with std, which promises nothing about it
/// either.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let mut entries = fs::read_dir("/dev")?;
/// assert!(entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == "null")));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ReadDir {
    /// None once it has come to its end.
    std: Option<fs::ReadDir>,
    fetched: VecDeque<io::Result<DirEntry>>,
}

impl ReadDir {
    pub(super) fn from_std(std: fs::ReadDir) -> Self {
        Self {
            std: Some(std),
            fetched: VecDeque::new(),
        }
    }
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { std, fetched } = self;
        if let (true, Some(entries)) = (fetched.is_empty(), &mut *std) {
            blocking_operation(|| {
                fetched.extend(entries.take(BATCH).map(|entry| entry.map(DirEntry::new)))
            });
            if fetched.len() < BATCH {
                *std = None;
            }
        }
        fetched.pop_front()
    }
}

/// Prints what [`std::fs::ReadDir`] prints, as long as it has not come to its end.
impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.std {
            Some(std) => std.fmt(f),
            None => f.debug_tuple("ReadDir").finish_non_exhaustive(),
        }
    }
}

/// An entry of a directory; [`std::fs::DirEntry`] for tasks. [`DirEntryExt`] is implemented for it.
///
/// # Examples
///
/// See [`ReadDir`].
pub struct DirEntry {
    std: fs::DirEntry,
    /// If it could be told.
    file_type: Option<FileType>,
}

impl DirEntry {
    /// To be called on a thread that may block: some systems of files do not keep the type in the
    /// directory.
    fn new(std: fs::DirEntry) -> Self {
        Self {
            file_type: std.file_type().ok(),
            std,
        }
    }

    /// The directory's path, as it was given, and the entry's name. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs;
    ///
    /// let entry = fs::read_dir("/dev")?.next().unwrap()?;
    /// assert_eq!(entry.path(), std::path::Path::new("/dev").join(entry.file_name()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn path(&self) -> PathBuf {
        self.std.path()
    }

    /// What is known of the entry, not of what a symbolic link leads to. Blocks the task, not the
    /// worker.
    ///
    /// # Errors
    /// When it is gone, or the system refuses to tell.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs;
    ///
    /// for entry in fs::read_dir("/")? {
    ///     let entry = entry?;
    ///     assert_eq!(entry.metadata()?.file_type(), entry.file_type()?);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metadata(&self) -> io::Result<Metadata> {
        blocking_operation(|| self.std.metadata())
    }

    /// What the entry is, not what a symbolic link leads to. Does not block, unless that could not be
    /// told when the entry was fetched; then the task, not the worker.
    ///
    /// # Errors
    /// When it is gone, or the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`metadata`](Self::metadata).
    pub fn file_type(&self) -> io::Result<FileType> {
        match self.file_type {
            Some(file_type) => Ok(file_type),
            None => blocking_operation(|| self.std.file_type()),
        }
    }

    /// The name without the directory's path. Does not block.
    ///
    /// # Examples
    ///
    /// See [`path`](Self::path).
    pub fn file_name(&self) -> OsString {
        self.std.file_name()
    }
}

impl DirEntryExt for DirEntry {
    fn ino(&self) -> u64 {
        self.std.ino()
    }
}

/// Prints what [`std::fs::DirEntry`] prints.
impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}

/// How a directory is to be made; [`std::fs::DirBuilder`] for tasks. [`DirBuilderExt`] is implemented
/// for it.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs::DirBuilder;
///
/// let path = std::env::temp_dir().join(format!("hueless-builder-{}", std::process::id()));
/// DirBuilder::new().recursive(true).create(path.join("a/b/c"))?;
/// assert!(path.join("a/b/c").is_dir());
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirBuilder {
    std: fs::DirBuilder,
}

impl DirBuilder {
    /// For one directory that anybody may use, as far as the process's mask allows. Does not block.
    ///
    /// # Examples
    ///
    /// See [`DirBuilder`].
    #[expect(clippy::new_without_default, reason = "std has none either")]
    pub fn new() -> Self {
        Self {
            std: fs::DirBuilder::new(),
        }
    }

    /// Makes those that it lies in, too, and is content if it is there. Does not block.
    ///
    /// # Examples
    ///
    /// See [`DirBuilder`].
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.std.recursive(recursive);
        self
    }

    /// Makes the directory. Blocks the task, not the worker.
    ///
    /// # Errors
    /// `AlreadyExists`, unless it is [recursive](Self::recursive), or what the system says.
    ///
    /// # Examples
    ///
    /// See [`DirBuilder`].
    pub fn create<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        let path = path.as_ref();
        blocking_operation(|| self.std.create(path))
    }
}

impl DirBuilderExt for DirBuilder {
    fn mode(&mut self, mode: u32) -> &mut Self {
        self.std.mode(mode);
        self
    }
}
