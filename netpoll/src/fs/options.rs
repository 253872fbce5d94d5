//! `OpenOptions`.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hueless_runtime::blocking_operation;

use crate::fs::File;

/// How a file is to be opened; [`std::fs::OpenOptions`] for tasks. [`OpenOptionsExt`] is implemented
/// for it.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use hueless_netpoll::fs::OpenOptions;
///
/// let path = std::env::temp_dir().join(format!("hueless-options-{}", std::process::id()));
/// for line in ["one\n", "two\n"] {
///     let mut log = OpenOptions::new().append(true).create(true).open(&path)?;
///     log.write_all(line.as_bytes())?;
/// }
/// assert_eq!(std::fs::read(&path)?, b"one\ntwo\n");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    std: fs::OpenOptions,
}

impl OpenOptions {
    /// The options, all of them off. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    #[expect(clippy::new_without_default, reason = "std has none either")]
    pub fn new() -> Self {
        Self {
            std: fs::OpenOptions::new(),
        }
    }

    /// For reading. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.std.read(read);
        self
    }

    /// For writing, over what is there. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.std.write(write);
        self
    }

    /// For writing, always to the end. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.std.append(append);
        self
    }

    /// Empties a file that is there. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.std.truncate(truncate);
        self
    }

    /// Creates a file where there is none. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.std.create(create);
        self
    }

    /// Creates a file, and fails where there is one. Does not block.
    ///
    /// # Examples
    ///
    /// See [`File::create_new`].
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.std.create_new(create_new);
        self
    }

    /// Opens the file. Blocks the task, not the worker.
    ///
    /// # Errors
    /// `InvalidInput` for options that contradict each other, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn open<P: AsRef<Path>>(&self, path: P) -> io::Result<File> {
        let path = path.as_ref();
        blocking_operation(|| self.std.open(path)).map(File::from)
    }
}

impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut Self {
        self.std.mode(mode);
        self
    }

    fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.std.custom_flags(flags);
        self
    }
}
