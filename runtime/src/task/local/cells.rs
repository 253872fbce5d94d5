//! What variables of `task_local!` offer that hold a `Cell` or a `RefCell`: as std's.

use std::cell::{Cell, RefCell};

use crate::task::local::key::LocalKey;

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value. If there is none yet the initialiser does not run.
    ///
    /// # Panics
    /// When the value has been dropped already, at the end of the task.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::cell::Cell;
    /// hueless_runtime::task::task_local! {
    ///     static X: Cell<i32> = panic!("it never runs");
    /// }
    /// X.set(123);
    /// assert_eq!(X.get(), 123);
    /// ```
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.set_or_else(value, Cell::new, |cell, value| cell.set(value));
    }

    /// Returns a copy of the value.
    ///
    /// # Panics
    /// When the value has been dropped already, at the end of the task.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the value and leaves the type's default.
    ///
    /// # Panics
    /// When the value has been dropped already, at the end of the task.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Replaces the value and returns the one before.
    ///
    /// # Panics
    /// When the value has been dropped already, at the end of the task.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with the value.
    ///
    /// # Panics
    /// When the value is mutably borrowed, and when it has been dropped already, at the end of the task.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::cell::RefCell;
    /// hueless_runtime::task::task_local! {
    ///     static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// }
    /// LINES.with_borrow_mut(|lines| lines.push("first".into()));
    /// assert_eq!(LINES.with_borrow(Vec::len), 1);
    /// assert_eq!(LINES.take(), ["first"]);
    /// ```
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with the value, to be changed.
    ///
    /// # Panics
    /// When the value is borrowed, and when it has been dropped already, at the end of the task.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the value. If there is none yet the initialiser does not run.
    ///
    /// # Panics
    /// When the value is borrowed, and when it has been dropped already, at the end of the task.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.set_or_else(value, RefCell::new, |cell, value| {
            cell.replace(value);
        });
    }

    /// Takes the value and leaves the type's default.
    ///
    /// # Panics
    /// When the value is borrowed, and when it has been dropped already, at the end of the task.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Replaces the value and returns the one before.
    ///
    /// # Panics
    /// When the value is borrowed, and when it has been dropped already, at the end of the task.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}
