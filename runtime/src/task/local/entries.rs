//! The values of `task_local!` that a task or thread has: a list of boxes, the newest first.
//!
//! A value stays at its address until it is dropped, at the end of its task. Few tasks have more than a
//! handful, so they are looked for one by one.

use std::cell::Cell;
use std::mem::needs_drop;
use std::ptr::{self, NonNull};

use crate::task::cell::drop_quietly;

/// See the module.
pub(super) struct Entries {
    newest: Cell<*mut Entry>,
}

/// How far a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    There,
    /// Dropped, or being dropped.
    Gone,
}

/// The part of a value's box that does not depend on its type.
struct Entry {
    older: *mut Entry,
    /// The address of its variable.
    key: *const (),
    life: Cell<Life>,
    /// Drops the value; `None` if there is nothing to do.
    drop_value: Option<unsafe fn(*mut Entry)>,
    /// Frees the box of a value that has been dropped.
    free: unsafe fn(*mut Entry),
}

#[repr(C)]
struct EntryOf<T> {
    entry: Entry,
    value: std::mem::ManuallyDrop<T>,
}

/// What is known of a variable's value.
pub(super) enum Found<T> {
    None,
    /// It stays there until it is dropped at the end.
    There(NonNull<T>),
    Gone,
}

impl Entries {
    pub(super) const fn new() -> Self {
        Self {
            newest: Cell::new(ptr::null_mut()),
        }
    }

    /// The value of the variable at `key`.
    ///
    /// # Safety
    /// The variable is of type `T`.
    pub(super) unsafe fn find<T>(&self, key: *const ()) -> Found<T> {
        let mut next = self.newest.get();
        // SAFETY: listed entries are alive, and the one of this key is an `EntryOf<T>`. Pointers are
        // projected from the box's own.
        unsafe {
            while let Some(entry) = next.as_ref() {
                if ptr::eq(entry.key, key) {
                    return match entry.life.get() {
                        Life::There => {
                            let value = &raw mut (*next.cast::<EntryOf<T>>()).value;
                            Found::There(NonNull::new_unchecked(value.cast()))
                        }
                        Life::Gone => Found::Gone,
                    };
                }
                next = entry.older;
            }
        }
        Found::None
    }

    /// Adds the value of the variable at `key`, which has none.
    pub(super) fn add<T>(&self, key: *const (), value: T) -> NonNull<T> {
        let made = Box::into_raw(Box::new(EntryOf {
            entry: Entry {
                older: self.newest.get(),
                key,
                life: Cell::new(Life::There),
                drop_value: needs_drop::<T>().then_some(drop_value::<T> as unsafe fn(*mut Entry)),
                free: free::<T>,
            },
            value: std::mem::ManuallyDrop::new(value),
        }));
        self.newest.set(made.cast());
        // SAFETY: just made.
        unsafe { NonNull::new_unchecked((&raw mut (*made).value).cast()) }
    }

    /// Drops the newest value that is there; false if there is none to be dropped. Does not unwind.
    pub(super) fn drop_one(&self) -> bool {
        let mut next = self.newest.get();
        // SAFETY: listed entries are alive. One that is there is dropped once.
        unsafe {
            while let Some(entry) = next.as_ref() {
                if let (Life::There, Some(drop_value)) = (entry.life.get(), entry.drop_value) {
                    entry.life.set(Life::Gone);
                    drop_quietly(Dropping(next, drop_value));
                    return true;
                }
                next = entry.older;
            }
        }
        false
    }

    /// Frees all.
    ///
    /// # Safety
    /// [`drop_one`](Self::drop_one) has said that nothing is left, and no reference to a value is.
    pub(super) unsafe fn free(&self) {
        let mut next = self.newest.replace(ptr::null_mut());
        // SAFETY: as listed, entries are alive; each is freed once.
        unsafe {
            while let Some(entry) = next.as_ref() {
                let (this, free) = (next, entry.free);
                next = entry.older;
                free(this);
            }
        }
    }
}

/// Drops the value of an entry when it is dropped.
struct Dropping(*mut Entry, unsafe fn(*mut Entry));

impl Drop for Dropping {
    fn drop(&mut self) {
        // SAFETY: made by `drop_one` only, for the entry's own function.
        unsafe { (self.1)(self.0) }
    }
}

/// # Safety
/// The entry is an `EntryOf<T>` whose value has not been dropped.
unsafe fn drop_value<T>(entry: *mut Entry) {
    // SAFETY: by this function's contract.
    unsafe { std::mem::ManuallyDrop::drop(&mut (*entry.cast::<EntryOf<T>>()).value) }
}

/// # Safety
/// The entry is an `EntryOf<T>`, made by `add`, and used no more.
unsafe fn free<T>(entry: *mut Entry) {
    // SAFETY: by this function's contract.
    drop(unsafe { Box::from_raw(entry.cast::<EntryOf<T>>()) });
}
