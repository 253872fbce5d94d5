//! `File`: opening it, and what can be done with it besides reading and writing (`file_io.rs`).

use std::fmt;
use std::fs::{self, FileTimes, Metadata, Permissions, TryLockError};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use hueless_runtime::blocking_operation;
use hueless_runtime::park::Wait;

use crate::backoff::Backoff;
use crate::fs::OpenOptions;

/// An open file; [`std::fs::File`] for tasks.
///
/// Reading, writing and seeking work through shared references too; all who use one file, clones
/// included, share one position in it. Dropping it closes it.
///
/// It has no buffer: see the [module](crate::fs) for what each call costs.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use hueless_netpoll::fs::File;
///
/// let path = std::env::temp_dir().join(format!("hueless-file-{}", std::process::id()));
/// File::create(&path)?.write_all(b"one\ntwo\n")?;
/// let lines: Vec<_> = BufReader::new(File::open(&path)?).lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, ["one", "two"]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct File {
    pub(super) std: fs::File,
}

impl File {
    /// Opens a file for reading. Blocks the task, not the worker.
    ///
    /// # Errors
    /// `NotFound` if there is no such file, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`File`].
    pub fn open<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let path = path.as_ref();
        blocking_operation(|| fs::File::open(path)).map(Self::from)
    }

    /// Opens a file for writing; creates it if there is none, and empties it if there is one. Blocks
    /// the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// See [`File`].
    pub fn create<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let path = path.as_ref();
        blocking_operation(|| fs::File::create(path)).map(Self::from)
    }

    /// Creates a file, for reading and writing, that must not exist yet. Blocks the task, not the
    /// worker.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use hueless_netpoll::fs::File;
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-new-{}", std::process::id()));
    /// File::create_new(&path)?;
    /// assert_eq!(File::create_new(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn create_new<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let path = path.as_ref();
        blocking_operation(|| fs::File::create_new(path)).map(Self::from)
    }

    /// The ways of opening a file, none of them chosen yet. Does not block.
    ///
    /// # Examples
    ///
    /// See [`OpenOptions`].
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Waits until what was written, and what is known of the file, has reached the disk. Blocks the
    /// task, not the worker.
    ///
    /// # Errors
    /// When something could not be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use hueless_netpoll::fs::File;
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-sync-{}", std::process::id()));
    /// let mut file = File::create(&path)?;
    /// file.write_all(b"dear diary")?;
    /// file.sync_all()?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn sync_all(&self) -> io::Result<()> {
        blocking_operation(|| self.std.sync_all())
    }

    /// [`sync_all`](Self::sync_all) without what is not needed to read the data again. Blocks the
    /// task, not the worker.
    ///
    /// # Errors
    /// When something could not be written.
    ///
    /// # Examples
    ///
    /// See [`sync_all`](Self::sync_all).
    pub fn sync_data(&self) -> io::Result<()> {
        blocking_operation(|| self.std.sync_data())
    }

    /// Locks the file for this handle alone, which others see that lock it too. Blocks the task, not
    /// the worker, and no thread of the blocking pool, until nobody else has it locked.
    ///
    /// The system tells nobody but a blocked thread that a lock is free. So a task asks again and
    /// again, after 1 ms at first, at last every 100 ms: that much later may it learn of its turn, and
    /// who asks first gets the lock, not who has waited longest. A point of cancellation, unless the
    /// lock is had at once. An OS thread blocks as in std.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// See [`try_lock`](Self::try_lock).
    pub fn lock(&self) -> io::Result<()> {
        wait_to_lock(|| self.std.try_lock(), || self.std.lock())
    }

    /// Locks the file against [`lock`](Self::lock), together with others who do the same. Blocks the
    /// task, not the worker, until nobody has it locked otherwise; it waits as `lock` does. Those who
    /// share may keep one who wants the file alone waiting for ever.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// See [`try_lock`](Self::try_lock).
    pub fn lock_shared(&self) -> io::Result<()> {
        wait_to_lock(|| self.std.try_lock_shared(), || self.std.lock_shared())
    }

    /// [`lock`](Self::lock), if that can be had at once. Blocks the task, not the worker, for as long
    /// as the call takes.
    ///
    /// # Errors
    /// `WouldBlock` if the file is locked, or what the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs::{File, TryLockError};
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-lock-{}", std::process::id()));
    /// let (first, second) = (File::create(&path)?, File::open(&path)?);
    /// first.lock()?;
    /// assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
    /// first.unlock()?;
    /// second.lock_shared()?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        blocking_operation(|| self.std.try_lock())
    }

    /// [`lock_shared`](Self::lock_shared), if that can be had at once. Blocks the task, not the worker,
    /// for as long as the call takes.
    ///
    /// # Errors
    /// `WouldBlock` if the file is locked, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`try_lock`](Self::try_lock).
    pub fn try_lock_shared(&self) -> Result<(), TryLockError> {
        blocking_operation(|| self.std.try_lock_shared())
    }

    /// Undoes [`lock`](Self::lock) or [`lock_shared`](Self::lock_shared). Closing the file does, too.
    /// Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// See [`try_lock`](Self::try_lock).
    pub fn unlock(&self) -> io::Result<()> {
        blocking_operation(|| self.std.unlock())
    }

    /// Cuts the file off, or fills it up with zeros, to `size` bytes. Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses, or the file was opened for reading only.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs::File;
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-len-{}", std::process::id()));
    /// let file = File::create(&path)?;
    /// file.set_len(100)?;
    /// assert_eq!(file.metadata()?.len(), 100);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        blocking_operation(|| self.std.set_len(size))
    }

    /// What is known of the file. Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_len`](Self::set_len).
    pub fn metadata(&self) -> io::Result<Metadata> {
        blocking_operation(|| self.std.metadata())
    }

    /// Makes another handle of the same open file, with the same position. Does not block.
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::fs::File;
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-clone-{}", std::process::id()));
    /// let mut file = File::create_new(&path)?;
    /// file.try_clone()?.write_all(b"ab")?;
    /// file.write_all(b"c")?;
    /// assert_eq!(std::fs::read(&path)?, b"abc");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_clone(&self) -> io::Result<Self> {
        self.std.try_clone().map(Self::from)
    }

    /// Says who may do what with the file. Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::fs::File;
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-perm-{}", std::process::id()));
    /// let file = File::create(&path)?;
    /// let mut permissions = file.metadata()?.permissions();
    /// permissions.set_readonly(true);
    /// file.set_permissions(permissions)?;
    /// assert!(file.metadata()?.permissions().readonly());
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_permissions(&self, perm: Permissions) -> io::Result<()> {
        blocking_operation(|| self.std.set_permissions(perm))
    }

    /// Sets when the file was last read and written. Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use hueless_netpoll::fs::{File, FileTimes};
    ///
    /// let path = std::env::temp_dir().join(format!("hueless-times-{}", std::process::id()));
    /// let file = File::create(&path)?;
    /// let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    /// file.set_times(FileTimes::new().set_accessed(then).set_modified(then))?;
    /// assert_eq!(file.metadata()?.modified()?, then);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        blocking_operation(|| self.std.set_times(times))
    }

    /// Sets when the file was last written. Blocks the task, not the worker.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// See [`set_times`](Self::set_times).
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        blocking_operation(|| self.std.set_modified(time))
    }
}

/// Locks a file: on an OS thread by `lock`, which blocks it. A thread of the pool must not be blocked
/// so, for whoever has the lock may need one to go on; so a task tries until it succeeds.
fn wait_to_lock(
    try_lock: impl Fn() -> Result<(), TryLockError> + Sync,
    lock: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    if !Wait::would_park() {
        return lock();
    }
    let mut pauses = Backoff::new();
    loop {
        match blocking_operation(&try_lock) {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => pauses.pause(),
        };
    }
}

/// Prints what [`std::fs::File`] prints. That asks the system for the path, and does not wait long.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
