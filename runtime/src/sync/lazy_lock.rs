//! A value that is made when it is first used.

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sync::entry::checkpoint;
use crate::sync::raw_once::RawOnce;

/// A value that is made when it is first used: [`std::sync::LazyLock`], which parks the task that has to
/// wait and not its worker.
///
/// # Panics
/// The initialiser can be called only once. If it panics, every later use panics too: there is no value
/// and nothing to make one. Where that should be tried again, use
/// [`OnceLock::get_or_init`](super::OnceLock::get_or_init).
///
/// # Deadlocks
/// An initialiser that uses the value waits for ever.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::LazyLock;
///
/// static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| "a b c".split(' ').collect());
/// assert_eq!(WORDS.len(), 3);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    once: RawOnce,
    content: UnsafeCell<Content<T, F>>,
}

enum Content<T, F> {
    /// As long as nobody has begun.
    Initialiser(F),
    /// While somebody is at it, and if that has unwound.
    Nothing,
    /// Once it is complete.
    Value(T),
}

// SAFETY: one thread calls the initialiser, and the value is shared after that; any thread may drop them.
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}

impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe + RefUnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` will make.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::LazyLock;
    /// static START: LazyLock<std::time::Instant> = LazyLock::new(hueless_runtime::now);
    /// ```
    pub const fn new(f: F) -> Self {
        Self {
            once: RawOnce::new(),
            content: UnsafeCell::new(Content::Initialiser(f)),
        }
    }

    /// The value, which is made if it is not there. If somebody else is at it, waits for that: blocks the
    /// calling task, not its worker; on a plain OS thread, the thread. Dereferencing does the same.
    ///
    /// A point of cancellation.
    ///
    /// # Panics
    /// With what the initialiser panics with; or if it has panicked before.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::LazyLock;
    /// let lazy = LazyLock::new(|| 6 * 7);
    /// assert_eq!(LazyLock::force(&lazy), &42);
    /// ```
    #[inline]
    pub fn force(this: &Self) -> &T {
        checkpoint();
        let made: Result<(), Infallible> = this.once.call(|_| {
            // SAFETY: whoever runs this is alone with the content.
            let content = unsafe { &mut *this.content.get() };
            let Content::Initialiser(f) = mem::replace(content, Content::Nothing) else {
                panic!("the initialiser of a LazyLock has panicked before");
            };
            *content = Content::Value(f());
            Ok(())
        });
        let Ok(()) = made;
        // SAFETY: it is complete, so nobody writes the content any more.
        match unsafe { &*this.content.get() } {
            Content::Value(value) => value,
            _ => unreachable!("it is complete"),
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("LazyLock");
        if self.once.is_complete()
            // SAFETY: it is complete, so nobody writes the content any more.
            && let Content::Value(value) = unsafe { &*self.content.get() }
        {
            shown.field(value);
        } else {
            shown.field(&format_args!("<uninit>"));
        }
        shown.finish()
    }
}
