//! The values of `scoped_local!` that are bound, and who sees them.
//!
//! Bindings are nodes on the stacks of those who made them, one linked to the next older. Code looks
//! from the newest to the oldest:
//!
//! ```text
//!   task or thread ──► Value ──► Value ──► Inherited ──► end
//!                                              ╎
//!   its parent     ──► Value (newer)           ▼
//!                        └──────────────────► Value ──► Link ─ ─ ► …
//! ```
//!
//! - A [`Value`](Kind::Value) is gone when the closure of its `scope` ends, whatever ends it.
//! - A [`Link`](Kind::Link) is the oldest node of a generator. While the generator runs it links to
//!   what its caller has bound; a yield takes the generator's part off again ([`Entered`]).
//! - An [`Inherited`](Kind::Inherited) node of a child goes on with what its parent had bound. The
//!   parent goes on meanwhile and may bind more, which the child does not see.
//!
//! # Invariants
//!
//! - What a reference is given out to lives on in a frame below the one that has the reference, on
//!   the same stack or on one that waits for it. A generator that is suspended has no caller, so it must
//!   not hold references to its callers' values then: links count the borrows that go past them, and a
//!   yield with such a borrow panics.
//! - Of another task's nodes a child reads only what does not change while it runs: values, and links
//!   to older ones up to the first generator's, at which inheritance ends.

use std::cell::Cell;
use std::ptr;

use crate::task::local::belongings::Home;

/// What one task or thread has bound.
pub(super) struct Bindings {
    newest: Cell<*const Binding>,
}

impl Bindings {
    pub(super) const fn new() -> Self {
        Self {
            newest: Cell::new(ptr::null()),
        }
    }
}

/// A node.
struct Binding {
    older: Cell<*const Binding>,
    kind: Kind,
}

enum Kind {
    Value {
        /// The address of its variable.
        key: *const (),
        value: *const (),
    },
    Link {
        /// Borrows of what is older that are held by code of this generator, or of those that it runs.
        borrows: Cell<usize>,
    },
    Inherited {
        from: *const Binding,
    },
}

/// Pushes a node for as long as `f` runs.
fn push<R>(kind: Kind, f: impl FnOnce() -> R) -> R {
    struct Pushed<'a>(&'a Bindings, Binding);

    impl Drop for Pushed<'_> {
        fn drop(&mut self) {
            debug_assert!(ptr::eq(self.0.newest.get(), &self.1));
            self.0.newest.set(self.1.older.get());
        }
    }

    let bindings = &Home::here().get().bindings;
    let pushed = Pushed(
        bindings,
        Binding {
            older: Cell::new(bindings.newest.get()),
            kind,
        },
    );
    // From here to its drop, after `f`, it is not moved.
    bindings.newest.set(&pushed.1);
    f()
}

/// Binds `value` to the variable at `key` while `f` runs.
pub(super) fn bind<T, R>(key: *const (), value: &T, f: impl FnOnce() -> R) -> R {
    let value = ptr::from_ref(value).cast();
    push(Kind::Value { key, value }, f)
}

/// Calls `f` with the address of the newest value of the variable at `key`, which stays meanwhile.
pub(super) fn look_up<R>(key: *const (), f: impl FnOnce(Option<*const ()>) -> R) -> R {
    let newest = Home::here().get().bindings.newest.get();
    // SAFETY: the caller runs, so what it has bound is there.
    match unsafe { find(newest, key) } {
        None => f(None),
        Some(found) if !found.passes_links => f(Some(found.value)),
        Some(found) => {
            let _borrow = Borrow::new(newest, found.own);
            f(Some(found.value))
        }
    }
}

struct Found {
    value: *const (),
    /// The last node looked at that is the looking task's own.
    own: *const Binding,
    passes_links: bool,
}

/// # Safety
/// `newest` is the newest node of the code that calls.
unsafe fn find(newest: *const Binding, of: *const ()) -> Option<Found> {
    let (mut next, mut own, mut passes_links) = (newest, newest, false);
    let mut foreign = false;
    // SAFETY: nodes stay as long as those that run above them; inherited ones by the contract of
    // `Inherited::while_running`.
    while let Some(node) = unsafe { next.as_ref() } {
        if !foreign {
            own = next;
        }
        match &node.kind {
            Kind::Value { key, value } if ptr::eq(*key, of) => {
                return Some(Found {
                    value: *value,
                    own,
                    passes_links,
                });
            }
            Kind::Value { .. } => next = node.older.get(),
            Kind::Link { .. } if foreign => return None,
            Kind::Link { .. } => {
                passes_links = true;
                next = node.older.get();
            }
            Kind::Inherited { from } => {
                foreign = true;
                next = *from;
            }
        }
    }
    None
}

/// Counts in the links between two nodes of this task, while it lives.
struct Borrow {
    newest: *const Binding,
    last: *const Binding,
}

impl Borrow {
    fn new(newest: *const Binding, last: *const Binding) -> Self {
        let this = Self { newest, last };
        this.for_each_link(|borrows| borrows.set(borrows.get() + 1));
        this
    }

    fn for_each_link(&self, f: impl Fn(&Cell<usize>)) {
        let mut next = self.newest;
        while !ptr::eq(next, self.last) {
            // SAFETY: the generators between the two run, and none yields while it counts this borrow.
            // So all of their nodes stay, and their order.
            let node = unsafe { &*next };
            if let Kind::Link { borrows } = &node.kind {
                f(borrows);
            }
            next = node.older.get();
        }
    }
}

impl Drop for Borrow {
    fn drop(&mut self) {
        self.for_each_link(|borrows| borrows.set(borrows.get() - 1));
    }
}

/// A generator's part: its own bindings, and the link to its caller's.
pub(crate) struct Coroutine {
    /// The oldest.
    link: Binding,
    /// While it is suspended. Null before the first run, as the link has no address yet.
    newest: Cell<*const Binding>,
}

impl Coroutine {
    /// Of a generator that has not run.
    pub(crate) const fn new() -> Self {
        Self {
            link: Binding {
                older: Cell::new(ptr::null()),
                kind: Kind::Link {
                    borrows: Cell::new(0),
                },
            },
            newest: Cell::new(ptr::null()),
        }
    }

    /// Whether code of the generator refers to a value that its caller has bound.
    pub(crate) fn borrows_from_caller(&self) -> bool {
        matches!(&self.link.kind, Kind::Link { borrows } if borrows.get() != 0)
    }
}

/// A generator's bindings are on top of its caller's, while this lives.
pub(crate) struct Entered<'a> {
    of: &'a Coroutine,
    bindings: &'a Bindings,
}

impl<'a> Entered<'a> {
    /// # Safety
    /// `of` stays where it is until the generator is no more, which runs from here to the end of this
    /// value, in the task or thread whose `home` it is, and has not been entered.
    pub(crate) unsafe fn new(of: &'a Coroutine, home: Home) -> Self {
        let bindings = &home.get().bindings;
        of.link.older.set(bindings.newest.get());
        bindings.newest.set(match of.newest.get() {
            first if first.is_null() => &of.link,
            newest => newest,
        });
        Self { of, bindings }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.of.newest.set(self.bindings.newest.get());
        self.bindings.newest.set(self.of.link.older.get());
        self.of.link.older.set(ptr::null());
    }
}

/// What the code that calls has bound, for its children.
#[derive(Clone, Copy)]
pub(crate) struct Inherited(*const Binding);

// SAFETY: values are `Sync`, and of a parent's nodes a child reads only what does not change.
unsafe impl Send for Inherited {}
// SAFETY: as above.
unsafe impl Sync for Inherited {}

impl Inherited {
    /// What is bound here; in a generator, by the generator only.
    pub(crate) fn here() -> Self {
        Self(Home::here().get().bindings.newest.get())
    }

    /// Runs `f`, to which all that was bound is bound, in another task or here. Its own bindings come
    /// before those.
    ///
    /// # Safety
    /// The frame that called [`here`](Self::here) lives until `f` has ended: whoever calls waits for
    /// that, also when it unwinds or is cancelled.
    pub(crate) unsafe fn while_running<R>(self, f: impl FnOnce() -> R) -> R {
        push(Kind::Inherited { from: self.0 }, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generator, run, spawn, yield_now};

    crate::scoped_local! {
        static WHO: String;
        static WHERE: u32;
    }

    fn who() -> Option<String> {
        WHO.with(|who| who.cloned())
    }

    /// Runs `f` in a task to which all is bound that is bound here.
    fn in_child<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
        let inherited = Inherited::here();
        // SAFETY: this call waits for the task, which nobody cancels.
        let child = spawn(move || unsafe { inherited.while_running(f) });
        child.join().unwrap()
    }

    #[test]
    fn a_child_sees_what_its_parent_has_bound() {
        run(|| {
            assert_eq!(in_child(who), None);
            WHO.scope("parent".into(), || {
                let (inside, grandchild, after) = in_child(|| {
                    let inside = WHERE.scope(7, || {
                        yield_now();
                        let own = WHO.scope("child".into(), who);
                        // Held across a wait.
                        WHO.with(|who| {
                            yield_now();
                            (own, who.cloned(), WHERE.with(|place| place.copied()))
                        })
                    });
                    (inside, in_child(who), WHERE.with(|place| place.copied()))
                });
                let parent = Some(String::from("parent"));
                assert_eq!(inside, (Some("child".into()), parent.clone(), Some(7)));
                assert_eq!((grandchild, after), (parent.clone(), None));
                assert_eq!(who(), parent);
            });
        });
    }

    #[test]
    fn the_parent_may_bind_more_meanwhile() {
        run(|| {
            WHO.scope("first".into(), || {
                let inherited = Inherited::here();
                // SAFETY: joined below, in the frame of `here`.
                let child = spawn(move || unsafe {
                    inherited.while_running(|| {
                        (0..100).for_each(|_| {
                            assert_eq!(who().as_deref(), Some("first"));
                            yield_now();
                        });
                    })
                });
                for n in 0..100 {
                    WHO.scope(n.to_string(), yield_now);
                }
                child.join().unwrap();
            });
        });
    }

    /// A generator may yield while its child runs, and what its caller has bound be gone.
    #[test]
    fn a_generators_child_sees_the_generators_own_only() {
        run(|| {
            let mut both = generator(|y| {
                y.yield_(in_child(who));
                WHERE.scope(1, || y.yield_(in_child(who)));
                WHO.scope("generator".into(), || y.yield_(in_child(who)));
            });
            let seen: Vec<_> = WHO.scope("caller".into(), || both.by_ref().collect());
            assert_eq!(seen, [None, None, Some("generator".into())]);
        });
    }

    /// In the child the borrow passes the child's generator, which must not yield then.
    #[test]
    fn a_childs_generator_borrows_from_its_caller() {
        run(|| {
            WHO.scope("parent".into(), || {
                in_child(|| {
                    let mut one = generator(|y| WHO.with(|who| y.yield_(who.is_some())));
                    let next = std::panic::AssertUnwindSafe(|| one.next());
                    assert!(std::panic::catch_unwind(next).is_err());
                });
            });
        });
    }
}
