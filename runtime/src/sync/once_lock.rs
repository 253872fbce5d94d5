//! A value that is set once.

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::Limit;
use crate::sync::raw_once::RawOnce;

/// A value that is set once and may be waited for: [`std::sync::OnceLock`], which parks the task that has
/// to wait and not its worker.
///
/// # Panics
/// An initialiser that panics leaves it empty, for the next one.
///
/// # Deadlocks
/// An initialiser that initialises the same `OnceLock` waits for ever.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::OnceLock;
///
/// static CONFIG: OnceLock<String> = OnceLock::new();
/// hueless_runtime::spawn(|| CONFIG.set("from a file".to_owned()).unwrap());
/// assert_eq!(CONFIG.wait(), "from a file");
/// ```
pub struct OnceLock<T> {
    once: RawOnce,
    /// There once that is complete.
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the value is written by one thread and shared after that; any thread may drop it.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}
// SAFETY: it owns its value.
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe + RefUnwindSafe> RefUnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// static NAME: OnceLock<String> = OnceLock::new();
    /// assert!(NAME.get().is_none());
    /// ```
    pub const fn new() -> Self {
        Self {
            once: RawOnce::new(),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it has been set. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// assert_eq!(OnceLock::from(1).get(), Some(&1));
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: the value is there, and nobody writes it any more.
        self.once
            .is_complete()
            .then(|| unsafe { (*self.value.get()).assume_init_ref() })
    }

    /// The value, if it has been set.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// let mut lock = OnceLock::from(1);
    /// *lock.get_mut().unwrap() = 2;
    /// assert_eq!(lock.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the value is there, and the reference is exclusive.
        self.once
            .is_complete()
            .then(|| unsafe { self.value.get_mut().assume_init_mut() })
    }

    /// Sets the value, if that has not been done; waits if somebody else is at it, as
    /// [`get_or_init`](Self::get_or_init) does.
    ///
    /// # Errors
    /// The value, if there is one already.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// let lock = OnceLock::new();
    /// assert_eq!(lock.set(1), Ok(()));
    /// assert_eq!(lock.set(2), Err(2));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// The value, made by `f` if there is none. If somebody else is at it, waits for that: blocks the
    /// calling task, not its worker; on a plain OS thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// let lock = OnceLock::new();
    /// assert_eq!(lock.get_or_init(|| 1), &1);
    /// assert_eq!(lock.get_or_init(|| unreachable!()), &1);
    /// ```
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        let value: Result<&T, Infallible> = self.get_or_try_init(|| Ok(f()));
        let Ok(value) = value;
        value
    }

    /// [`get_or_init`](Self::get_or_init) with an initialiser that may fail; the next one tries again.
    ///
    /// # Errors
    /// What `f` fails with.
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// let lock = OnceLock::new();
    /// assert!(lock.get_or_try_init(|| "x".parse::<u32>()).is_err());
    /// assert_eq!(lock.get_or_try_init(|| "7".parse::<u32>()), Ok(&7));
    /// ```
    #[inline]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        checkpoint();
        self.once.call(|_| {
            let value = f()?;
            // SAFETY: whoever runs this is alone with the value, which is not there.
            unsafe { (*self.value.get()).write(value) };
            Ok(())
        })?;
        Ok(self.get().expect("it is complete"))
    }

    /// Waits until the value has been set. Blocks the calling task, not its worker; on a plain OS thread,
    /// the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// See [`OnceLock`].
    pub fn wait(&self) -> &T {
        self.wait_within(Limit::Never).expect("there is no limit")
    }

    /// [`wait`](Self::wait)s for `timeout` at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// use std::time::{Duration, Instant};
    /// assert!(OnceLock::<u32>::new().wait_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Option<&T> {
        self.wait_within(Limit::After(timeout))
    }

    /// [`wait`](Self::wait)s until `deadline` at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// assert!(OnceLock::<u32>::new().wait_deadline(hueless_runtime::now()).is_none());
    /// ```
    pub fn wait_deadline(&self, deadline: Instant) -> Option<&T> {
        self.wait_within(Limit::At(deadline))
    }

    fn wait_within(&self, limit: Limit) -> Option<&T> {
        checkpoint();
        self.once.wait(limit).ok()?;
        self.get()
    }

    /// Takes the value out; it can be set again then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// let mut lock = OnceLock::from(1);
    /// assert_eq!(lock.take(), Some(1));
    /// assert_eq!(lock.set(2), Ok(()));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        // SAFETY: the value was there, and from now on it is said not to be.
        self.once
            .reset()
            .then(|| unsafe { self.value.get_mut().assume_init_read() })
    }

    /// Gives the value back, if it has been set.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::OnceLock;
    /// assert_eq!(OnceLock::from(1).into_inner(), Some(1));
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self {
            once: RawOnce::completed(),
            value: UnsafeCell::new(MaybeUninit::new(value)),
        }
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        match self.get() {
            Some(value) => value.clone().into(),
            None => Self::new(),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<uninit>")),
        };
        shown.finish()
    }
}
