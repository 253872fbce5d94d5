//! Files, with the names and methods of [`std::fs`].
//!
//! The system has no files that can be waited for: a read of a slow disk blocks its thread. So each
//! call here runs on a thread of the blocking pool while the task parks, and its worker runs others.
//! On an OS thread outside any task the call is made in place. Signatures, results and errors are
//! std's; [`Metadata`], [`Permissions`] and their like are std's own types.
//!
//! # What it costs
//!
//! Each call is handed to another thread and its answer back. That takes 5 to 10 µs beside the call
//! itself, many times what reading a few cached bytes takes. So transfer much at a time: wrap a
//! [`File`] in [`BufReader`](std::io::BufReader) or [`BufWriter`](std::io::BufWriter), which call it
//! once for 8 KiB; [`read`], [`read_to_string`] and [`write()`], and the methods that read to the end,
//! read exactly or write all, are handed over once, whatever they transfer. A [`ReadDir`] fetches many
//! entries at a time.
//!
//! Dropping a [`File`] or a [`ReadDir`] closes it at once, on the thread that drops it, which may be
//! the worker. Most file systems do that in a microsecond; one that writes back when a file is closed,
//! as network file systems do, holds the worker up. [`File::sync_all`] before leaves it little to do.
//!
//! A file that is known to be fast, of `/proc` for example, may as well be read by [`std::fs`].
//!
//! # Cancellation
//!
//! A call that waits for a thread of the pool is withdrawn when its task is cancelled; one that runs
//! is waited for, and takes effect. So a file is never left between two states that std would not
//! leave it in.
//!
//! Opening a named pipe holds a thread of the pool until somebody opens its other end, whatever
//! becomes of the task, which it holds up meanwhile; and when all threads of the pool are held so,
//! calls here wait. [`File::lock`] holds none and can be cancelled.

mod convert;
mod dir;
mod file;
mod file_io;
mod options;
mod paths;

pub use std::fs::{FileTimes, FileType, Metadata, Permissions, TryLockError};

pub use dir::{DirBuilder, DirEntry, ReadDir};
pub use file::File;
pub use options::OpenOptions;
pub use paths::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read, read_dir,
    read_link, read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink_metadata, write,
};
