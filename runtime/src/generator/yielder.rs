//! What a generator's closure has.

use std::fmt;

use crate::cancel::Detached;
use crate::generator::inner::Inner;
use crate::generator::run::SwitchBack;
use crate::scheduler::Moment;

/// How a generator's closure yields: see [`generator`](crate::generator()).
pub struct Yielder<T: 'static> {
    back: *const SwitchBack,
    inner: *const Inner<T>,
}

impl<T> Yielder<T> {
    pub(super) fn new(back: *const SwitchBack, inner: *const Inner<T>) -> Self {
        Self { back, inner }
    }

    /// Has the current [`next`](Iterator::next) return `value`, and goes on when it is called again.
    ///
    /// If the generator is dropped instead, the closure is unwound from here: destructors run, and no
    /// panic is reported. A closure that is unwinding, for that or another reason, is not interrupted: what its
    /// destructors yield is dropped.
    ///
    /// # Cancellation
    /// A yield is no blocking point: nothing is delivered in it.
    ///
    /// The limits of time, [shields](crate::cancel::shield) and tokens that the closure is in are its own.
    /// Until it goes on they neither cancel nor shield whoever calls `next`; afterwards they hold as before,
    /// within what the caller is in then. Limits count the time between. One that has passed, or a token
    /// that was cancelled meanwhile, unwinds the closure at its next blocking point.
    ///
    /// # Panics
    /// When the closure itself
    /// - is inside [`no_park`](crate::task::no_park);
    /// - is inside [`ScopedKey::with`](crate::task::ScopedKey::with) with a value that the caller of `next`
    ///   has bound;
    /// - is inside the body of a [`scope`](crate::scope()), or of another call that does not return before its
    ///   tasks have ended: to drop the generator there would mean to wait for them in a destructor.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::{generator, sleep, timeout};
    /// use std::time::Duration;
    ///
    /// let mut steps = generator(|y| {
    ///     let late = timeout(Duration::from_millis(1), || {
    ///         y.yield_("within the limit");
    ///         sleep(Duration::MAX);
    ///     });
    ///     assert!(late.is_err());
    ///     y.yield_("after it");
    /// });
    /// assert_eq!(steps.next(), Some("within the limit"));
    /// // The limit passes, and is no concern of ours.
    /// sleep(Duration::from_millis(2));
    /// assert_eq!(steps.next(), Some("after it"));
    /// ```
    #[inline]
    pub fn yield_(&mut self, value: T) {
        // SAFETY: the closure runs, so the registry holds it.
        let inner = unsafe { &*self.inner };
        let common = &inner.common;
        let outside = common.outside.get();
        if outside.has_begun_to_unwind() {
            return;
        }
        assert!(
            Moment::now().task.is_some() == outside.moment.task.is_some(),
            "a generator cannot yield inside its own `no_park`"
        );
        assert!(
            !common.bindings.borrows_from_caller(),
            "a generator cannot yield while it uses a scoped value of its caller's"
        );
        match common.owner.mark() == outside.mark {
            true => self.suspend(value),
            false => self.suspend_in_frames(value),
        }
    }

    #[inline]
    fn suspend(&self, value: T) {
        // SAFETY: the closure runs, so the registry holds it, and its own coroutine runs here: a `Yielder`
        // is not `Send`, and lives as long as the closure's call.
        unsafe {
            (*self.inner).value.set(Some(value));
            (*self.back).suspend(());
        }
    }

    /// [`suspend`](Self::suspend) in calls that can be cancelled apart from the resumer.
    #[cold]
    fn suspend_in_frames(&self, value: T) {
        // SAFETY: as there.
        let common = unsafe { &(*self.inner).common };
        let (mark, owner) = (common.outside.get().mark, &common.owner);
        assert!(
            !owner.is_in_scope_since(mark),
            "a generator cannot yield inside its own scope: its drop would have to wait for the scope's tasks"
        );
        // SAFETY: the closure runs here, in its home, from the resume on, whose caller is as deep as `mark`
        // until the closure is suspended. It goes on only behind the suspension.
        let _detached = unsafe { Detached::since(mark, owner) };
        self.suspend(value);
    }
}

impl<T> fmt::Debug for Yielder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}
