//! Files, with [`std::fs`]'s names, on the blocking pool: a slow disk blocks no worker.
//!
//! Each call costs one hand-over to another thread, 5 to 10 µs; wrap a [`File`] in
//! [`BufReader`](std::io::BufReader) or [`BufWriter`](std::io::BufWriter).
//!
//! ```
//! use hueless::{fs, go};
//! use std::io::{BufRead, BufReader};
//!
//! let path = std::env::temp_dir().join(format!("hueless-facade-{}", std::process::id()));
//! fs::write(&path, "one\ntwo\n")?;
//! let lines = go!({
//!     let file = fs::File::open(&path)?;
//!     move || BufReader::new(file).lines().count()
//! });
//! assert_eq!(lines.join().unwrap(), 2);
//! fs::remove_file(path)?;
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(inline)]
pub use hueless_netpoll::fs::*;
