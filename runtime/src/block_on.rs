//! Futures in blocking code.
//!
//! The waker is a park slot of its own, behind a count: see `park/slot.rs` for its protocol, which
//! loses no wake-up, and for the models. It is another one than the caller's, so a future that is
//! woken leaves no token for the caller's own `task::park`, and takes none away. Who holds a waker
//! holds a count, so it may be run at any time, on any thread; after the end it leaves a token that
//! nobody looks at.

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::park::{Outcome, ThreadSlot, Wait, unwind_cancelled};
use crate::scheduler;

struct Signal(ThreadSlot);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end and returns its output. Blocks the calling task, not its worker, while
/// the future waits; on a plain OS thread, the thread.
///
/// The future is polled here and nowhere else, so it need not be `Send` and may borrow. It may block,
/// too, as any code in a task may, and call `block_on` again. Each poll but the last is followed by a
/// chance for other tasks: a future that wakes itself all the time does not starve them.
///
/// A point of cancellation, at its entry and whenever the future waits: the future is then dropped,
/// and the caller unwinds.
///
/// # Panics
/// With what the future panics with.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{block_on, run, spawn};
///
/// let sum = run(|| {
///     let (a, b) = (spawn(|| 1), spawn(|| 2));
///     block_on(async { a.await.unwrap() + b.await.unwrap() })
/// });
/// assert_eq!(sum, 3);
/// ```
///
/// What is polled need not be `Send`:
///
/// ```
/// use std::rc::Rc;
///
/// let shared = Rc::new(7);
/// assert_eq!(hueless_runtime::block_on(async { *shared }), 7);
/// ```
pub fn block_on<F: IntoFuture>(f: F) -> F::Output {
    scheduler::checkpoint();
    // Unwinds if the caller is cancelled.
    drop(Wait::begin());
    let mut future = pin!(f.into_future());
    let signal = Arc::new(Signal(ThreadSlot::new()));
    let waker = Waker::from(signal.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        if signal.0.take_token() {
            // Woken already, most likely by itself: it waits for somebody without saying for whom.
            if Wait::would_park() {
                scheduler::yield_now();
            } else {
                drop(Wait::begin());
            }
        } else if signal.0.park(None) == Outcome::Cancelled {
            unwind_cancelled();
        }
    }
}
