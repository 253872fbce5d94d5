//! The handler that turns a hit on a guard into a message and an abort.
//!
//! # Protocol
//!
//! On SIGSEGV or SIGBUS, on the faulting thread's alternate stack:
//!
//! 1. Is the address in the guard of one of our slots, and is the thread on
//!    that slot's stack? Or could the kernel not call a handler for want of room
//!    on it? Then somebody overflowed it: write who, and abort. The slot is in
//!    use by this very thread, so its region stays mapped and its owner word
//!    stays what it is.
//! 2. Otherwise it is none of our business: do what would have been done if we
//!    had not been installed. The standard library's own handler, which names
//!    overflowing OS threads, is usually next.
//!
//! A stray pointer into a guard is not an overflow, so the stack pointer is
//! looked at too, where we know how to find it.
//!
//! # Invariants
//!
//! - The handler allocates nothing, takes no lock, and calls only
//!   async-signal-safe functions, as must the `describe` it is given.
//! - It is never removed: some other handler may hold its address by then.

use std::fmt::{self, Write as _};
use std::io;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::class::GUARD;
use super::slot::{Purpose, Slot};
use super::table;
use crate::sys::memory::{self, Span};
use crate::sys::signal::{self, Action, Alternate, Kind};

/// Bytes of an alternate stack above its guard. The kernel's frame alone takes
/// up to 12 KiB on processors with wide registers, and the handlers we chain to
/// may be built without optimisation.
const ALTERNATE: usize = 64 << 10;

/// What writes a task's part of the message.
///
/// Called inside a signal handler: it may only read, and format without
/// allocating. What it writes beyond some 500 bytes is cut off.
pub(crate) type Describe = fn(owner: *const (), out: &mut dyn fmt::Write);

static DESCRIBE: OnceLock<Describe> = OnceLock::new();

/// What a handler takes at least of the stack that it is called on.
static FRAME: OnceLock<usize> = OnceLock::new();

/// The signals that a hit on a guard can raise, and who handled them before.
static PREVIOUS: [(libc::c_int, OnceLock<Action>); 2] = [
    (libc::SIGSEGV, OnceLock::new()),
    (libc::SIGBUS, OnceLock::new()),
];

/// Installs the handler, once in a process; later calls change nothing.
///
/// Each thread that runs tasks needs an [`AltStack`] besides, since there is no
/// room for a handler on the stack that overflowed.
pub(crate) fn install(describe: Describe) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let _ = DESCRIBE.set(describe);
        let _ = FRAME.set(signal::frame_size());
        for (number, previous) in &PREVIOUS {
            // Who was there before must be known before we are.
            if let Ok(action) = Action::current(*number)
                && previous.set(action).is_ok()
            {
                // SAFETY: `handle` is a function of this program, sound on any
                // thread. Should the system refuse, overflows still fault.
                let _ = unsafe { Action::call(handle).install(*number) };
            }
        }
    });
}

extern "C" fn handle(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel's own arguments.
    let (is_fault, undeliverable, address, pointer) = unsafe {
        (
            signal::is_fault(info),
            signal::is_undeliverable(info),
            signal::fault_address(info),
            signal::stack_pointer(context),
        )
    };
    let slot = if undeliverable {
        pointer.and_then(crowded)
    } else if is_fault {
        overflowed(address, pointer)
    } else {
        None
    };
    if let Some(slot) = slot {
        report(slot);
        signal::abort();
    }
    // SAFETY: as above.
    unsafe { chain(number, info, context) }
}

/// The slot whose stack has run into its guard.
fn overflowed(address: usize, pointer: Option<usize>) -> Option<Slot> {
    let slot = table::find(address).filter(|slot| slot.guard().contains(address))?;
    // A frame that was not probed moves the pointer below the guard before it
    // touches anything. No further than another guard's length is believed.
    let reach = Span {
        start: slot.start().get() - GUARD,
        len: GUARD + slot.class().slot_size(),
    };
    pointer
        .is_none_or(|pointer| reach.contains(pointer))
        .then_some(slot)
}

/// The slot that `pointer` is on, if a handler would not fit there.
///
/// To go on would be to lose the signal, and to lose this handler as well: the standard library's,
/// which is next, takes the signal for a fault that comes again.
fn crowded(pointer: usize) -> Option<Slot> {
    let slot = table::find(pointer)?;
    let left = pointer.saturating_sub(slot.body().start);
    (left < *FRAME.get()?).then_some(slot)
}

fn report(slot: Slot) {
    let mut line = Line::new();
    // SAFETY: this thread runs on the slot, so it is in use, and mapped.
    let owner = unsafe { slot.owner() };
    let _ = line.write_str("hueless: stack overflow in ");
    let _ = match DESCRIBE.get() {
        Some(describe) if !owner.who.is_null() => {
            describe(owner.who, &mut line);
            Ok(())
        }
        // Only tasks have names here; a plain thread gets to our stacks by `grow` or a generator.
        _ if owner.purpose != Purpose::Own => line.write_str("an OS thread"),
        _ => line.write_str("a coroutine"),
    };
    line.limit = line.bytes.len();
    let kib = slot.class().usable() >> 10;
    let _ = match owner.purpose {
        Purpose::Grown => writeln!(
            line,
            ", inside stack::grow: that stack has {kib} KiB; ask stack::grow for more"
        ),
        Purpose::Generator => writeln!(
            line,
            ", inside a generator: that stack has {kib} KiB; run what needs more in stack::grow"
        ),
        Purpose::Own => writeln!(
            line,
            ": its stack has {kib} KiB; give it more with task::Builder::stack_size, \
             runtime::Builder::stack_size or HUELESS_STACK, or run what needs it in stack::grow"
        ),
    };
    signal::write_stderr(&line.bytes[..line.len]);
}

/// Does what the action before ours would have done.
///
/// # Safety
///
/// The arguments are those that the handler was given.
unsafe fn chain(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let previous = PREVIOUS.iter().find(|(signal, _)| *signal == number);
    let Some(previous) = previous.and_then(|(_, previous)| previous.get()) else {
        return;
    };
    // SAFETY: the kernel's own argument.
    let is_fault = unsafe { signal::is_fault(info) };
    match previous.kind() {
        // SAFETY: a function, installed for this signal before us.
        Kind::Call => unsafe { previous.forward(number, info, context) },
        // The kernel does not let a program ignore a fault either.
        Kind::Ignore if !is_fault => {}
        Kind::Default | Kind::Ignore => {
            // SAFETY: the default action is no function.
            let _ = unsafe { Action::default().install(number) };
            // On return the instruction faults again, this time for good. A
            // signal that was sent has to be sent again.
            if !is_fault {
                signal::raise(number);
            }
        }
    }
}

/// A message in a fixed buffer; what does not fit is dropped.
struct Line {
    bytes: [u8; 1024],
    len: usize,
    /// Writes stop here, so that a long description leaves room for the rest.
    limit: usize,
}

impl Line {
    fn new() -> Line {
        Line {
            bytes: [0; 1024],
            len: 0,
            limit: 640,
        }
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.floor_char_boundary(self.limit - self.len);
        self.bytes[self.len..][..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

/// An alternate signal stack for the thread that installs it, with a guard of
/// its own.
///
/// # Drop
///
/// The stack that was registered before is registered again.
///
/// Neither `Send` nor `Sync`: the registration is the thread's.
pub(crate) struct AltStack {
    mapping: Span,
    previous: Alternate,
    _thread: PhantomData<*mut ()>,
}

impl AltStack {
    /// Gives the calling thread an alternate stack.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when there is no room for it, saying what to change; also if
    /// the calling thread runs on an alternate stack now.
    pub(crate) fn install() -> io::Result<AltStack> {
        let previous = Alternate::current()?;
        let mapping = memory::reserve(GUARD + ALTERNATE, 1).map_err(|error| no_room(&error))?;
        let guard = Span {
            start: mapping.start,
            len: GUARD,
        };
        let stack = Span {
            start: guard.end(),
            len: ALTERNATE,
        };
        // SAFETY: mapped just now, and used for nothing yet; it stays mapped
        // until the drop has registered another.
        let armed = unsafe { memory::protect(guard).and_then(|()| Alternate::set(stack)) };
        if let Err(error) = armed {
            // SAFETY: mapped just now, and not registered.
            let _ = unsafe { memory::release(mapping) };
            return Err(no_room(&error));
        }
        Ok(AltStack {
            mapping,
            previous,
            _thread: PhantomData,
        })
    }

    fn stack(&self) -> Span {
        Span {
            start: self.mapping.start + GUARD,
            len: ALTERNATE,
        }
    }
}

fn no_room(error: &io::Error) -> io::Error {
    let message = format!(
        "cannot give a worker a stack for signals: {error}; raise the limit of address space \
         (`ulimit -v`) or of mappings (`sysctl vm.max_map_count` on Linux), or ask for fewer workers"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, message)
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let current = Alternate::current();
        if !current.is_ok_and(|current| current.is(self.stack())) {
            // Somebody has registered a third one since, and may put ours back:
            // it stays mapped for ever.
            return;
        }
        // SAFETY: we are on the thread that it was asked on. Whoever registered
        // the previous stack keeps it mapped until another one is registered,
        // and that would have replaced ours.
        if unsafe { self.previous.restore() }.is_err() {
            return;
        }
        // SAFETY: mapped by `install`, and no longer registered.
        let _ = unsafe { memory::release(self.mapping) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_leaves_room() {
        let mut line = Line::new();
        assert!(line.write_str(&"ä".repeat(1000)).is_err());
        assert_eq!(line.len, 640);
        assert!(line.write_str("x").is_err());
        line.limit = line.bytes.len();
        assert!(line.write_str("the rest").is_ok());
        assert!(
            std::str::from_utf8(&line.bytes[..line.len])
                .unwrap()
                .ends_with("äthe rest")
        );
    }

    #[test]
    fn the_previous_alternate_stack_comes_back() {
        std::thread::spawn(|| {
            let outer = AltStack::install().unwrap();
            let inner = AltStack::install().unwrap();
            assert!(Alternate::current().unwrap().is(inner.stack()));
            drop(inner);
            assert!(Alternate::current().unwrap().is(outer.stack()));
            let span = outer.stack();
            drop(outer);
            assert!(!Alternate::current().unwrap().is(span));
        })
        .join()
        .unwrap();
    }
}
