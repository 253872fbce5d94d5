//! A bigger stack for a closure.
//!
//! The switch is corosensei's `on_stack`: a call of a function whose frame begins elsewhere. It is
//! no coroutine, so what suspends inside is the task around it, which comes back to the pointer that
//! it left, wherever that is; the task's own stack waits below, as it would below any call. Panics,
//! and with them cancellation, are caught at the bottom of the new stack and go on from the call.
//!
//! Nothing here knows of tasks. Who runs is read from the owner word of the stack that `grow` is
//! called on, and nothing of the thread is kept while the closure runs: where tasks migrate it may
//! end on another one.

use corosensei::on_stack;

use super::class::Class;
use super::handle::Stack;
use super::remaining::current_owner;
use super::slot::Purpose;

/// Runs `f` on a temporary stack with at least `size` bytes for its frames, and returns what it
/// returns.
///
/// It works in tasks and on plain OS threads, and `f` may do there what its caller may do here:
/// borrow, block, spawn, panic, be cancelled, grow again. A task that parks inside keeps both stacks.
/// Memory is taken page by page as `f` touches it, so a generous size costs address space only; when
/// `f` is done the stack serves others. It is meant for deep recursion; see
/// [the module](crate::stack) for how to do that without a bound.
///
/// The call itself blocks nobody. In a task it takes some 50 ns when such a stack has been used before,
/// on a plain thread some 2 µs, because there the memory goes back at once; the first stack of a size
/// takes a few system calls.
///
/// An overflow ends the process with a message that names the task and says that it was inside
/// `grow`, once a runtime has been started in the process.
///
/// # Panics
/// With `f`'s payload when `f` panics. When `size` is more than the largest stack there is (somewhat
/// less than 128 MiB), and when there is no address space, memory map or memory left for a stack: the
/// message says what to change. Then `f` has not run.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{spawn, stack};
///
/// fn depth(n: u32) -> u32 {
///     let frame = std::hint::black_box([n; 64]);
///     if n == 0 { 0 } else { depth(n - 1) + frame[0] / n }
/// }
///
/// // A task's own stack has 192 KiB.
/// let deep = spawn(|| stack::grow(32 << 20, || depth(10_000)));
/// assert_eq!(deep.join().unwrap(), 10_000);
/// ```
#[track_caller]
pub fn grow<F, T>(size: usize, f: F) -> T
where
    F: FnOnce() -> T,
{
    let mut grown = Grown::take(size);
    on_stack(grown.stack(), f)
}

/// The temporary stack; its drop, which also a panic reaches, gives it back.
struct Grown {
    /// `None` only at the end of the drop.
    stack: Option<Stack>,
    /// Whether a task runs on it.
    of_task: bool,
}

impl Grown {
    // Not inlined, nor is `give_back`: neither may share anything of the thread's with the other.
    #[inline(never)]
    #[track_caller]
    fn take(size: usize) -> Grown {
        let who = current_owner();
        match Class::for_frames(size).and_then(|class| Stack::another(class, who, Purpose::Grown)) {
            Ok(stack) => Grown {
                stack: Some(stack),
                of_task: !who.is_null(),
            },
            Err(error) => panic!("hueless: stack::grow({size}) has no stack: {error}"),
        }
    }

    fn stack(&mut self) -> &mut Stack {
        self.stack.as_mut().expect("taken by the drop only")
    }

    #[inline(never)]
    fn give_back(&mut self) {
        if let Some(stack) = self.stack.take() {
            // Memory of warm stacks is trimmed when runtimes fall idle. A process may have none, and
            // then nobody would ever give the pages back.
            stack.shrink(self.of_task);
        }
    }
}

impl Drop for Grown {
    fn drop(&mut self) {
        self.give_back();
    }
}
