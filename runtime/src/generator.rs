//! Iterators from blocking-style code on a stack of its own.
//!
//! A generator is a coroutine that its caller resumes: `next` switches to the generator's stack, a
//! yield switches back. To its task it is a call: what parks inside suspends the task, which comes back
//! to the pointer that it left, on the generator's stack, as with `stack::grow`.
//!
//! # States
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `Suspended` | not begun, or in a yield | its maker; the yield |
//! | `Running` | inside `next`, or being unwound | its owner |
//! | `Over` | its stack is given back, or given up | whoever has seen the end |
//!
//! # Invariants
//!
//! - It belongs to the task or thread that made it, its *home*, and runs there only. `!Send` does not say
//!   that much, as another task of the same worker can find it in a thread-local; so that is checked.
//! - It does not outlive its home: what is still suspended when a task ends is unwound then
//!   ([`Registry::unwind`]), whoever has the handle, before the locals are dropped that its frames may
//!   refer to. So does a handle that is leaked, or dropped in another task, not matter.
//! - Nothing of the thread's or the task's state that is nested by calls is left behind by a yield: scoped
//!   values are taken off; inside `no_park`, inside a frame of cancellation, and while the generator unwinds,
//!   there is no yield.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::iter::FusedIterator;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::rc::Rc;

use corosensei::CoroutineResult;

use crate::cancel::{self, Context};
use crate::scheduler::Moment;
use crate::stack::GeneratorStack;
use crate::task::{Coroutine, Entered, Home, TaskPtr, drop_quietly, hidden_task};

#[cfg(hueless_tsan)]
use crate::task::TsanFiber;

type Switch = corosensei::Coroutine<(), (), (), GeneratorStack>;
type SwitchBack = corosensei::Yielder<(), ()>;

/// Makes an iterator of a closure that yields values, on a small stack of its own.
///
/// The closure runs inside [`next`](Iterator::next), as far as the next
/// [`yield_`](Yielder::yield_), and may do there what its caller may do: block, which parks the whole task,
/// recurse and yield from any depth, panic, which goes on in the caller of `next` with the same payload,
/// use other generators. To make one takes a stack; a `next` allocates nothing.
///
/// Its stack has 192 KiB, of which memory is taken page by page;
/// [`stack::grow`](crate::stack::grow()) gives more.
///
/// # Panics
/// When there is no address space, memory map or memory left for a stack; the message says what to
/// change.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{Yielder, generator};
///
/// enum Tree {
///     Leaf,
///     Node(Box<Tree>, u32, Box<Tree>),
/// }
///
/// fn walk(tree: &Tree, y: &mut Yielder<u32>) {
///     if let Tree::Node(left, value, right) = tree {
///         walk(left, y);
///         y.yield_(*value);
///         walk(right, y);
///     }
/// }
///
/// let node = |left, value, right| Tree::Node(Box::new(left), value, Box::new(right));
/// let tree = node(node(Tree::Leaf, 1, Tree::Leaf), 2, node(Tree::Leaf, 3, Tree::Leaf));
/// let values = generator(move |y| walk(&tree, y));
/// assert_eq!(values.collect::<Vec<_>>(), [1, 2, 3]);
/// ```
///
/// A generator can be leaked, so it borrows nothing:
///
/// ```compile_fail,E0597
/// let numbers = vec![1, 2, 3];
/// let borrowed = &numbers;
/// let mut squares = hueless_runtime::generator(move |y| {
///     for n in borrowed {
///         y.yield_(n * n);
///     }
/// });
/// squares.next();
/// ```
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let numbers = hueless_runtime::generator(|y| y.yield_(1));
/// hueless_runtime::spawn(move || numbers.count());
/// ```
///
/// ```compile_fail,E0277
/// fn is_sync<T: Sync>(_: T) {}
/// is_sync(hueless_runtime::generator(|y| y.yield_(1)));
/// ```
///
/// Only the generator's own code yields, not a task that it starts:
///
/// ```compile_fail,E0277
/// hueless_runtime::generator(|y| hueless_runtime::run(|| y.yield_(1))).count();
/// ```
pub fn generator<T, F>(f: F) -> Generator<T>
where
    T: 'static,
    F: FnOnce(&mut Yielder<T>) + 'static,
{
    let stack = GeneratorStack::take();
    let stack = stack.unwrap_or_else(|error| panic!("hueless: a generator has no stack: {error}"));
    // It is written to the top of the stack by who calls, whom no guard stops. What is too large is to
    // overflow the stack when it runs there, to be reported as any overflow.
    match size_of::<F>() {
        0..=LARGE => Generator::new(stack, f),
        _ => {
            let f = Box::new(f);
            Generator::new(stack, move |yielder| f(yielder))
        }
    }
}

/// Closures beyond this size are boxed.
const LARGE: usize = 16 << 10;

/// An iterator over what a closure yields: see [`generator`].
///
/// Once the closure has returned, or panicked, there is nothing more: `next` returns `None`, for ever.
///
/// # Drop
/// A closure that has not come to its end is unwound where it has yielded last, so its destructors run
/// (what they yield is dropped). A panic of theirs goes on in the caller. With `panic = "abort"` nothing
/// unwinds: a generator that has begun and not ended keeps its stack for ever, and what lies on it.
///
/// The same happens at the end of the task that has made the generator, whoever has it then. One that an
/// OS thread leaves behind suspended at its end stays as it is, destructors and all.
///
/// # Send
/// It is neither `Send` nor `Sync`.
///
/// # Limits
/// A generator that is kept in a [`std::thread_local!`] variable of a plain OS thread, and suspended
/// inside another one's [`with`](std::thread::LocalKey::with), may be dropped when that other one is gone
/// already. Do not yield inside `with` on plain threads, or use
/// [`task_local!`](crate::task::task_local).
pub struct Generator<T: 'static> {
    inner: Rc<Inner<T>>,
}

/// How a generator's closure yields: see [`generator`].
pub struct Yielder<T: 'static> {
    back: *const SwitchBack,
    inner: *const Inner<T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Suspended,
    Running,
    Over,
}

/// What a handle, the home's registry and the running closure share.
#[repr(C)]
struct Inner<T> {
    common: Common,
    /// What the last yield has brought.
    value: Cell<Option<T>>,
}

/// The part that does not depend on the type of what is yielded.
struct Common {
    state: Cell<State>,
    /// What the task or thread that it belongs to has.
    home: Home,
    /// That task, to compare; `None` of a thread, which it cannot leave.
    owner: Option<TaskPtr>,
    /// There unless the state is `Over`; whoever sets `Running` has it to itself.
    switch: UnsafeCell<Option<Switch>>,
    bindings: Coroutine,
    /// Of the thread and the task when `next` was called.
    outside: Cell<Outside>,
    /// Neighbours in the registry.
    prev: Cell<*const Common>,
    next: Cell<*const Common>,
    /// Takes the registry's count over.
    counted: unsafe fn(*const Common) -> Rc<dyn Any>,
    #[cfg(hueless_tsan)]
    tsan: UnsafeCell<TsanFiber>,
}

/// How things were outside when the generator was resumed.
#[derive(Clone, Copy)]
struct Outside {
    panicking: bool,
    moment: Moment,
    /// The address of the innermost call that can be cancelled apart from the rest.
    frame: usize,
    /// Whether the generator is resumed to be unwound.
    ends: bool,
}

impl Outside {
    #[inline]
    fn now() -> Self {
        let moment = Moment::now();
        Self {
            panicking: std::thread::panicking(),
            moment,
            frame: match task_of(moment) {
                // SAFETY: the running task is alive.
                Some(task) => unsafe { task.get() }.context().innermost(),
                None => Context::with_current(|context| context.innermost()),
            },
            ends: false,
        }
    }

    /// The task that runs, in `no_park` or not.
    #[inline]
    fn task(&self) -> Option<TaskPtr> {
        task_of(self.moment)
    }

    /// Whether the generator that was resumed then unwinds now, as far as can be known: std counts panics
    /// by thread, so one that has come up while other tasks ran may be a neighbour's.
    #[inline]
    fn has_begun_to_unwind(&self) -> bool {
        std::thread::panicking() && (self.ends || (!self.panicking && self.moment == Moment::now()))
    }
}

#[inline]
fn task_of(moment: Moment) -> Option<TaskPtr> {
    moment.task.or_else(hidden_task)
}

impl<T> Generator<T> {
    fn new<F>(stack: GeneratorStack, f: F) -> Self
    where
        F: FnOnce(&mut Yielder<T>) + 'static,
    {
        let (home, outside) = (Home::here(), Outside::now());
        let inner = Rc::new(Inner {
            common: Common {
                state: Cell::new(State::Suspended),
                home,
                owner: outside.task(),
                switch: UnsafeCell::new(None),
                bindings: Coroutine::new(),
                outside: Cell::new(outside),
                prev: Cell::new(ptr::null()),
                next: Cell::new(ptr::null()),
                counted: counted::<T>,
                #[cfg(hueless_tsan)]
                tsan: UnsafeCell::new(TsanFiber::new()),
            },
            value: Cell::new(None),
        });
        let at = Rc::as_ptr(&inner);
        let body = move |back: &SwitchBack, ()| {
            f(&mut Yielder { back, inner: at });
        };
        // SAFETY: the closure captures what is `'static`, and a pointer that stays valid as long as it
        // may run: the registry holds a count until the state is `Over`. Nobody has the cell yet.
        unsafe { *inner.common.switch.get() = Some(Switch::with_stack_unchecked(stack, body)) };
        home.generators().enter(inner.clone());
        Self { inner }
    }
}

impl<T> Iterator for Generator<T> {
    type Item = T;

    /// Runs the closure as far as its next yield, or to its end. Blocks the calling task, not its worker,
    /// if the closure does.
    ///
    /// # Panics
    /// With what the closure panics with. When it is called in another task than the one that has made
    /// the generator.
    #[inline]
    fn next(&mut self) -> Option<T> {
        let common = &self.inner.common;
        match common.state.get() {
            State::Suspended => {}
            // Its own code, which has found the handle while it is unwound.
            State::Running | State::Over => return None,
        }
        let outside = Outside::now();
        assert!(
            common.owner == outside.task(),
            "a generator runs in the task that has made it"
        );
        common.resume(outside);
        self.inner.value.take()
    }
}

impl<T> FusedIterator for Generator<T> {}

impl<T> Drop for Generator<T> {
    fn drop(&mut self) {
        let common = &self.inner.common;
        // Else its task's end unwinds it.
        if common.state.get() == State::Suspended && common.owner == Outside::now().task() {
            common.unwind();
        }
    }
}

impl<T> fmt::Debug for Generator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("over", &(self.inner.common.state.get() == State::Over))
            .finish_non_exhaustive()
    }
}

impl<T> Yielder<T> {
    /// Has the current [`next`](Iterator::next) return `value`, and goes on when it is called again.
    ///
    /// If the generator is dropped instead, the closure is unwound from here: destructors run, and no
    /// panic is reported. A closure that is unwinding, for that or another reason, is not interrupted: what its
    /// destructors yield is dropped.
    ///
    /// # Panics
    /// Inside [`no_park`](crate::task::no_park), [`timeout`](crate::timeout), [`shield`](crate::cancel::shield)
    /// and whatever else can be cancelled by itself, which belong to the caller's task, or inside
    /// [`ScopedKey::with`](crate::task::ScopedKey::with) with a value that the caller of `next` has
    /// bound, when the generator itself has called those.
    #[inline]
    pub fn yield_(&mut self, value: T) {
        // SAFETY: the closure runs, so the registry holds it.
        let inner = unsafe { &*self.inner };
        let common = &inner.common;
        let outside = common.outside.get();
        if outside.has_begun_to_unwind() {
            return;
        }
        let now = Outside::now();
        assert!(
            now.moment.task.is_some() == outside.moment.task.is_some(),
            "a generator cannot yield inside its own `no_park`"
        );
        assert!(
            now.frame == outside.frame,
            "a generator cannot yield inside its own limit of time, shield or scope"
        );
        assert!(
            !common.bindings.borrows_from_caller(),
            "a generator cannot yield while it uses a scoped value of its caller's"
        );
        inner.value.set(Some(value));
        // SAFETY: that of this generator's own coroutine, which runs here: a `Yielder` is not `Send`, and
        // lives as long as the closure's call.
        unsafe { (*self.back).suspend(()) };
    }
}

impl<T> fmt::Debug for Yielder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}

impl Common {
    /// Runs the closure as far as it goes.
    #[inline]
    fn resume(&self, outside: Outside) {
        let running = Run::new(self, outside);
        if let CoroutineResult::Yield(()) = running.switch(|switch| switch.resume(())) {
            mem::forget(running);
            self.state.set(State::Suspended);
        }
    }

    /// Ends the closure where it has yielded. Unwinds with what a destructor panics with.
    #[cold]
    fn unwind(&self) {
        let outside = Outside {
            ends: true,
            ..Outside::now()
        };
        let running = Run::new(self, outside);
        let unwound = match running.has_begun() && !cancel::UNWINDS {
            false => running.end(),
            true => {
                running.forget_stack();
                Ok(())
            }
        };
        drop(running);
        match unwound {
            Err(payload) if !std::thread::panicking() => resume_unwind(payload),
            // To go on with it would end the process.
            Err(payload) => drop_quietly(payload),
            Ok(()) => {}
        }
    }

    /// Leaves the stack as it is, for good; a closure that has not begun is dropped.
    #[cold]
    fn give_up(&self) {
        let running = Run::new(self, Outside::now());
        match running.has_begun() {
            true => running.forget_stack(),
            false => drop_quietly(running.end()),
        }
    }
}

/// A generator runs; its drop says that it is over. Whoever has it holds a count.
struct Run<'a>(&'a Common);

impl<'a> Run<'a> {
    fn new(common: &'a Common, outside: Outside) -> Self {
        debug_assert!(common.state.get() == State::Suspended);
        common.outside.set(outside);
        common.state.set(State::Running);
        Self(common)
    }

    /// Calls `f`, which switches to the generator's stack.
    #[inline]
    fn switch<R>(&self, f: impl FnOnce(&mut Switch) -> R) -> R {
        let common = self.0;
        // SAFETY: the state gives the cell to this value.
        let switch = unsafe { (*common.switch.get()).as_mut() };
        let switch = switch.expect("a suspended generator has a stack");
        // SAFETY: counted as long as it may run; suspended till now, and inside of its home.
        let _entered = unsafe { Entered::new(&common.bindings, common.home) };
        // SAFETY: as for the switch.
        #[cfg(hueless_tsan)]
        let resumer = unsafe { (*common.tsan.get()).enter() };
        #[cfg(hueless_tsan)]
        let f = |switch: &mut Switch| catch_unwind(AssertUnwindSafe(|| f(switch)));
        let result = f(switch);
        // SAFETY: as for the switch.
        #[cfg(hueless_tsan)]
        unsafe {
            (*common.tsan.get()).leave(resumer)
        };
        #[cfg(hueless_tsan)]
        let result = result.unwrap_or_else(|payload| resume_unwind(payload));
        result
    }

    /// Unwinds the closure, or drops it if it has not begun.
    fn end(&self) -> std::thread::Result<()> {
        self.switch(|switch| {
            let result = catch_unwind(AssertUnwindSafe(|| switch.force_unwind()));
            if !switch.done() {
                // SAFETY: it has not begun, and the drop of its closure has panicked, so it has no frame,
                // and nothing that is still to be dropped.
                unsafe { switch.force_reset() };
            }
            result
        })
    }

    fn has_begun(&self) -> bool {
        // SAFETY: the state gives the cell to this value.
        unsafe { (*self.0.switch.get()).as_ref() }.is_some_and(Switch::started)
    }

    fn forget_stack(&self) {
        // SAFETY: as above.
        mem::forget(unsafe { (*self.0.switch.get()).take() });
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // SAFETY: the state gives the cell to this value. The coroutine has ended, or has been
        // forgotten.
        unsafe { *self.0.switch.get() = None };
        self.0.state.set(State::Over);
        self.0.home.generators().leave(self.0);
    }
}

/// Takes the registry's count over.
///
/// # Safety
/// Of an `Inner<T>`; the registry gives its count up.
unsafe fn counted<T: 'static>(common: *const Common) -> Rc<dyn Any> {
    // SAFETY: it came from `Rc::into_raw` in `enter`, and opens the `Inner`.
    unsafe { Rc::from_raw(common.cast::<Inner<T>>()) }
}

/// The generators of a task or thread that are not over. It holds a count of each.
pub(crate) struct Registry {
    first: Cell<*const Common>,
}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self {
            first: Cell::new(ptr::null()),
        }
    }

    fn enter<T>(&self, inner: Rc<Inner<T>>) {
        let common: *const Common = Rc::into_raw(inner).cast();
        let first = self.first.replace(common);
        // SAFETY: those in the registry are alive, since it counts them.
        unsafe {
            (*common).next.set(first);
            if let Some(first) = first.as_ref() {
                first.prev.set(common);
            }
        }
    }

    /// Takes one out, of which the caller holds a count of its own.
    fn leave(&self, common: &Common) {
        let (prev, next) = (common.prev.get(), common.next.get());
        // SAFETY: as in `enter`. The registry's count is given up once, as each leaves once.
        unsafe {
            match prev.as_ref() {
                Some(prev) => prev.next.set(next),
                None => self.first.set(next),
            }
            if let Some(next) = next.as_ref() {
                next.prev.set(prev);
            }
            drop((common.counted)(common));
        }
    }

    /// Ends those that are suspended: at the end of a task. Does not unwind itself.
    #[inline]
    pub(crate) fn unwind(&self) {
        self.end_all(Common::unwind);
    }

    /// Leaves those that are suspended as they are: at the end of a thread. Does not unwind.
    pub(crate) fn give_up(&self) {
        self.end_all(Common::give_up);
    }

    fn end_all(&self, end: impl Fn(&Common)) {
        while !self.first.get().is_null() {
            let first = self.first.get();
            // SAFETY: as in `enter`. The registry keeps its count; this is one more.
            let _held = unsafe {
                let count = ((*first).counted)(first);
                mem::forget(count.clone());
                count
            };
            // SAFETY: counted.
            let first = unsafe { &*first };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| end(first))) {
                drop_quietly(payload);
            }
        }
    }
}
