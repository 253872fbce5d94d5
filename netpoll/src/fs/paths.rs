//! Functions of paths.
//!
//! A path is borrowed, for `blocking` returns only once the call on the other thread has.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use hueless_runtime::blocking_operation;

use crate::fs::ReadDir;

/// Reads a whole file. Blocks the task, not the worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-read-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), b"bytes")?;
/// assert_eq!(fs::read(dir.join("a"))?, b"bytes");
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read<P: AsRef<Path>>(path: P) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    blocking_operation(|| fs::read(path))
}

/// Reads a whole file as text. Blocks the task, not the worker.
///
/// # Errors
/// `InvalidData` if it is no UTF-8, `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-text-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "text")?;
/// assert_eq!(fs::read_to_string(dir.join("a"))?, "text");
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_to_string<P: AsRef<Path>>(path: P) -> io::Result<String> {
    let path = path.as_ref();
    blocking_operation(|| fs::read_to_string(path))
}

/// Writes a whole file: creates it, or replaces what is in it. Blocks the task, not the worker.
///
/// # Errors
/// When the system refuses.
///
/// # Examples
///
/// See [`read`].
pub fn write<P: AsRef<Path>, C: AsRef<[u8]>>(path: P, contents: C) -> io::Result<()> {
    let (path, contents) = (path.as_ref(), contents.as_ref());
    blocking_operation(|| fs::write(path, contents))
}

/// Removes a file, or a symbolic link. Blocks the task, not the worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-remove-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "")?;
/// fs::remove_file(dir.join("a"))?;
/// assert!(!fs::exists(dir.join("a"))?);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn remove_file<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::remove_file(path))
}

/// Tells what is known of a file; of what a symbolic link leads to. Blocks the task, not the
/// worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-meta-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "abc")?;
/// assert_eq!(fs::metadata(dir.join("a"))?.len(), 3);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking_operation(|| fs::metadata(path))
}

/// Tells what is known of a file; of a symbolic link itself. Blocks the task, not the worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-lmeta-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// std::os::unix::fs::symlink("nowhere", dir.join("a"))?;
/// assert!(fs::symlink_metadata(dir.join("a"))?.is_symlink());
/// assert!(fs::metadata(dir.join("a")).is_err());
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn symlink_metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking_operation(|| fs::symlink_metadata(path))
}

/// Gives a file or directory another name, in place of what has that name. Blocks the task, not the
/// worker.
///
/// # Errors
/// When the system refuses; names in different file systems, for example.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-rename-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "abc")?;
/// fs::rename(dir.join("a"), dir.join("b"))?;
/// assert_eq!(fs::read(dir.join("b"))?, b"abc");
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn rename<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking_operation(|| fs::rename(from, to))
}

/// Copies a file with its permissions, over what is there, and says how long it is. Blocks the
/// task, not the worker.
///
/// # Errors
/// When the system refuses.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-copy-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "abc")?;
/// assert_eq!(fs::copy(dir.join("a"), dir.join("b"))?, 3);
/// assert_eq!(fs::read(dir.join("b"))?, b"abc");
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn copy<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking_operation(|| fs::copy(from, to))
}

/// Gives a file one more name. Blocks the task, not the worker.
///
/// # Errors
/// When the system refuses.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-link-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::write(dir.join("a"), "abc")?;
/// fs::hard_link(dir.join("a"), dir.join("b"))?;
/// assert_eq!(fs::read(dir.join("b"))?, b"abc");
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn hard_link<P: AsRef<Path>, Q: AsRef<Path>>(original: P, link: Q) -> io::Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    blocking_operation(|| fs::hard_link(original, link))
}

/// Tells where a symbolic link leads to. Blocks the task, not the worker.
///
/// # Errors
/// `InvalidInput` if it is none, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-readlink-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// std::os::unix::fs::symlink("there", dir.join("a"))?;
/// assert_eq!(fs::read_link(dir.join("a"))?.to_str(), Some("there"));
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_link<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking_operation(|| fs::read_link(path))
}

/// Tells the absolute path without links and detours. Blocks the task, not the worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-canon-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// assert_eq!(fs::canonicalize(dir.join("../").join(&dir))?, fs::canonicalize(&dir)?);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn canonicalize<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking_operation(|| fs::canonicalize(path))
}

/// Makes a directory. Blocks the task, not the worker.
///
/// # Errors
/// `AlreadyExists`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-mkdir-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::create_dir(dir.join("a"))?;
/// assert!(fs::create_dir(dir.join("a")).is_err());
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::create_dir(path))
}

/// Makes a directory and those that it lies in, as far as they are not there. Blocks the task, not
/// the worker.
///
/// # Errors
/// When the system refuses.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-mkdirs-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::create_dir_all(dir.join("a/b/c"))?;
/// fs::create_dir_all(dir.join("a/b/c"))?;
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::create_dir_all(path))
}

/// Removes a directory that is empty. Blocks the task, not the worker.
///
/// # Errors
/// `DirectoryNotEmpty`, or what the system says.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-rmdir-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::create_dir_all(dir.join("a/b"))?;
/// assert!(fs::remove_dir(dir.join("a")).is_err());
/// fs::remove_dir(dir.join("a/b"))?;
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn remove_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::remove_dir(path))
}

/// Removes a directory with all that is in it. Symbolic links are removed, not followed. Blocks the
/// task, not the worker.
///
/// # Errors
/// When the system refuses; some may be gone by then.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-rmdirs-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// fs::create_dir_all(dir.join("a/b"))?;
/// fs::remove_dir_all(dir.join("a"))?;
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn remove_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::remove_dir_all(path))
}

/// Iterates over what is in a directory. Blocks the task, not the worker.
///
/// # Errors
/// `NotFound`, or what the system says.
///
/// # Examples
///
/// See [`ReadDir`].
pub fn read_dir<P: AsRef<Path>>(path: P) -> io::Result<ReadDir> {
    let path = path.as_ref();
    blocking_operation(|| fs::read_dir(path)).map(ReadDir::from_std)
}

/// Says who may do what with a file. Blocks the task, not the worker.
///
/// # Errors
/// When the system refuses.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// let dir = std::env::temp_dir().join(format!("hueless-chmod-{}", std::process::id()));
/// fs::create_dir(&dir)?;
/// let mut permissions = fs::metadata(&dir)?.permissions();
/// permissions.set_readonly(true);
/// fs::set_permissions(&dir, permissions.clone())?;
/// assert_eq!(fs::metadata(&dir)?.permissions(), permissions);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn set_permissions<P: AsRef<Path>>(path: P, perm: Permissions) -> io::Result<()> {
    let path = path.as_ref();
    blocking_operation(|| fs::set_permissions(path, perm))
}

/// Whether there is something; something that a symbolic link leads to. Blocks the task, not the
/// worker.
///
/// # Errors
/// When that cannot be told, for want of permission for example.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::fs;
///
/// assert!(fs::exists("/dev/null")?);
/// assert!(!fs::exists("/dev/nothing")?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn exists<P: AsRef<Path>>(path: P) -> io::Result<bool> {
    let path = path.as_ref();
    blocking_operation(|| fs::exists(path))
}
