//! Channels: messages between tasks, OS threads, and across the two.
//!
//! The API is crossbeam-channel's, name for name. Beyond it there are [`broadcast`](fn@broadcast), where
//! every receiver sees every message, and [`watch`](fn@watch), which holds the latest value.
//!
//! ```
//! use hueless::{channel, go};
//!
//! let (tx, rx) = channel::bounded(2);
//! go!(move || (0..5).for_each(|n| tx.send(n).unwrap()));
//! assert_eq!(rx.iter().sum::<i32>(), 10); // ends when the last sender is gone
//! ```

#[doc(inline)]
pub use hueless_channel::{
    Drain, IntoIter, Iter, ReadyTimeoutError, Receiver, RecvError, RecvFuture, RecvStream,
    RecvTimeoutError, Select, SelectTimeoutError, SelectedOperation, SendError, SendFuture,
    SendTimeoutError, Sender, TryIter, TryReadyError, TryRecvError, TrySelectError, TrySendError,
    select, select_biased,
};
#[doc(inline)]
pub use hueless_channel::{after, at, never, tick};
#[doc(alias = "make")]
#[doc(alias = "chan")]
#[doc(inline)]
pub use hueless_channel::{bounded, unbounded};
#[doc(inline)]
pub use hueless_channel::{broadcast, watch};
