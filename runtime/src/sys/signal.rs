//! Fault handlers, alternate signal stacks, and what a handler may call.
//!
//! Functions marked *handler-safe* allocate nothing, take no lock and call
//! only what POSIX lists as async-signal-safe.

use std::cell::Cell;
use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::OnceLock;

use super::memory::Span;

/// What a handler installed with `SA_SIGINFO` looks like.
pub(crate) type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// What happens when a signal arrives.
#[derive(Clone, Copy)]
pub(crate) struct Action(libc::sigaction);

/// The three kinds of [`Action`].
pub(crate) enum Kind {
    /// The system's default.
    Default,
    /// Nothing.
    Ignore,
    /// A function is called.
    Call,
}

impl Action {
    /// The action for `signal` at present.
    pub(crate) fn current(signal: libc::c_int) -> io::Result<Action> {
        let mut action = MaybeUninit::uninit();
        // SAFETY: only asks; `action` has room for the answer.
        check(unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) })?;
        // SAFETY: the call succeeded, so it has filled `action`.
        Ok(Action(unsafe { action.assume_init() }))
    }

    /// A call of `handler` on the thread's alternate stack.
    pub(crate) fn call(handler: Handler) -> Action {
        // SAFETY: a C struct of integers, function addresses and bit sets; all
        // zeros is a value of it.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        Action(action)
    }

    /// The system's default. Handler-safe.
    pub(crate) fn default() -> Action {
        // SAFETY: as in `call`.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = libc::SIG_DFL;
        Action(action)
    }

    /// Which kind it is. Handler-safe.
    pub(crate) fn kind(&self) -> Kind {
        match self.0.sa_sigaction {
            libc::SIG_DFL => Kind::Default,
            libc::SIG_IGN => Kind::Ignore,
            _ => Kind::Call,
        }
    }

    /// Makes this the action for `signal`. Handler-safe.
    ///
    /// # Safety
    ///
    /// The function of this action, if it has one, can be called at any time
    /// from now on, on any thread.
    pub(crate) unsafe fn install(&self, signal: libc::c_int) -> io::Result<()> {
        // SAFETY: the caller vouches for the function.
        check(unsafe { libc::sigaction(signal, &self.0, ptr::null_mut()) })
    }

    /// Calls the function of this action in the way it asked for.
    ///
    /// # Safety
    ///
    /// It is of [`Kind::Call`], and the arguments are those of a handler for
    /// the same signal that is running now.
    pub(crate) unsafe fn forward(
        &self,
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        context: *mut libc::c_void,
    ) {
        let function: *const () = ptr::with_exposed_provenance(self.0.sa_sigaction);
        if self.0.sa_flags & libc::SA_SIGINFO != 0 {
            // SAFETY: whoever installed it with SA_SIGINFO vouched for this
            // signature; the arguments are the kernel's own.
            unsafe { mem::transmute::<*const (), Handler>(function)(signal, info, context) }
        } else {
            // SAFETY: installed without SA_SIGINFO, so it takes the number.
            unsafe { mem::transmute::<*const (), extern "C" fn(libc::c_int)>(function)(signal) }
        }
    }
}

/// The address whose access raised the signal. Handler-safe.
///
/// # Safety
///
/// `info` is what a handler for SIGSEGV or SIGBUS was given.
pub(crate) unsafe fn fault_address(info: *const libc::siginfo_t) -> usize {
    // SAFETY: for these signals the union holds an address.
    unsafe { (*info).si_addr().addr() }
}

/// Whether the signal comes from a faulting instruction, not from `kill` or
/// `raise`. Handler-safe.
///
/// # Safety
///
/// `info` is what a handler was given.
pub(crate) unsafe fn is_fault(info: *const libc::siginfo_t) -> bool {
    // SAFETY: valid by contract; user-sent codes are zero or negative.
    unsafe { (*info).si_code > 0 }
}

/// Whether the kernel could not call a handler because the stack in use had no room for it.
/// Handler-safe.
///
/// A pointer that is none at all may raise the same.
///
/// # Safety
///
/// `info` is what a handler for SIGSEGV was given.
pub(crate) unsafe fn is_undeliverable(info: *const libc::siginfo_t) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: valid by contract, and such a signal has an address, which is null.
    return unsafe { (*info).si_code == libc::SI_KERNEL && fault_address(info) == 0 };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = info;
        false
    }
}

/// Bytes that the kernel takes off a stack to call a handler on it, at most.
pub(crate) fn frame_size() -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        /// What a processor's registers take is known to the kernel alone.
        const AT_MINSIGSTKSZ: libc::c_ulong = 51;
        // SAFETY: only asks; the answer to an unknown question is zero.
        let size = unsafe { libc::getauxval(AT_MINSIGSTKSZ) };
        (size as usize).max(libc::MINSIGSTKSZ)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    libc::MINSIGSTKSZ
}

/// The stack pointer of the interrupted code, where we know how to find it.
/// Handler-safe.
///
/// # Safety
///
/// `context` is what a handler was given.
#[allow(unused_variables, clippy::unnecessary_cast)]
pub(crate) unsafe fn stack_pointer(context: *const libc::c_void) -> Option<usize> {
    let context = context.cast::<libc::ucontext_t>();
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    // SAFETY: the third argument of a handler is a `ucontext_t`.
    return Some(unsafe { (*context).uc_mcontext.gregs[libc::REG_RSP as usize] } as usize);
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    // SAFETY: as above.
    return Some(unsafe { (*context).uc_mcontext.sp } as usize);
    #[cfg(all(target_vendor = "apple", target_arch = "x86_64"))]
    // SAFETY: as above; its machine context is valid as long as it is.
    return Some(unsafe { (*(*context).uc_mcontext).__ss.__rsp } as usize);
    #[cfg(all(target_vendor = "apple", target_arch = "aarch64"))]
    // SAFETY: as above.
    return Some(unsafe { (*(*context).uc_mcontext).__ss.__sp } as usize);
    #[cfg(not(all(
        any(target_os = "linux", target_vendor = "apple"),
        any(target_arch = "x86_64", target_arch = "aarch64")
    )))]
    None
}

/// Writes all of `bytes` to standard error, if it takes them. Handler-safe.
pub(crate) fn write_stderr(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: `bytes` is valid for reads.
        let written =
            unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => bytes = &bytes[written..],
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// Ends the process by SIGABRT, whatever handler it has. Handler-safe.
pub(crate) fn abort() -> ! {
    // SAFETY: the default action is no function. If it cannot be set, a
    // handler of the program's own runs before it dies.
    let _ = unsafe { Action::default().install(libc::SIGABRT) };
    // SAFETY: always allowed; it unblocks the signal itself.
    unsafe { libc::abort() }
}

/// Sends `signal` to the calling thread; while a handler for it runs, it
/// arrives when that returns. Handler-safe.
pub(crate) fn raise(signal: libc::c_int) {
    // SAFETY: what the signal does is up to its action.
    unsafe { libc::raise(signal) };
}

/// A thread's registration of an alternate signal stack.
#[derive(Clone, Copy)]
pub(crate) struct Alternate(libc::stack_t);

impl Alternate {
    /// The calling thread's at present; it may be none.
    pub(crate) fn current() -> io::Result<Alternate> {
        let mut stack = MaybeUninit::uninit();
        // SAFETY: only asks; `stack` has room for the answer.
        check(unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) })?;
        // SAFETY: the call succeeded, so it has filled `stack`.
        Ok(Alternate(unsafe { stack.assume_init() }))
    }

    /// Whether it is the stack in `span`.
    pub(crate) fn is(&self, span: Span) -> bool {
        self.0.ss_flags & libc::SS_DISABLE == 0 && self.0.ss_sp.addr() == span.start
    }

    /// Makes the memory in `span` the calling thread's alternate stack.
    ///
    /// # Safety
    ///
    /// The memory stays mapped and unused until the thread registers another
    /// stack or ends.
    pub(crate) unsafe fn set(span: Span) -> io::Result<()> {
        let stack = libc::stack_t {
            ss_sp: ptr::with_exposed_provenance_mut(span.start),
            ss_flags: 0,
            ss_size: span.len,
        };
        // SAFETY: the caller leaves the memory to the kernel.
        check(unsafe { libc::sigaltstack(&stack, ptr::null_mut()) })
    }

    /// Registers this stack (or none) again, as it was when asked for.
    ///
    /// # Safety
    ///
    /// The calling thread is the one it was asked on, and its memory is still
    /// mapped.
    pub(crate) unsafe fn restore(mut self) -> io::Result<()> {
        self.0.ss_flags &= libc::SS_DISABLE;
        if self.0.ss_flags != 0 {
            // Some systems check the size even of no stack.
            self.0.ss_size = libc::SIGSTKSZ;
        }
        // SAFETY: the caller vouches for the memory.
        check(unsafe { libc::sigaltstack(&self.0, ptr::null_mut()) })
    }
}

/// A set of signals that a thread does not take.
pub(crate) struct Mask(libc::sigset_t);

/// What the first thread that [`block_asynchronous`] was called on had blocked by itself.
static INHERITED: OnceLock<Mask> = OnceLock::new();

/// What that thread has blocked since, as other workers have; and so have threads that tasks start.
static OF_WORKERS: OnceLock<Mask> = OnceLock::new();

thread_local! {
    /// Whether this thread has called [`block_asynchronous`].
    static BLOCKS: Cell<bool> = const { Cell::new(false) };
}

impl Mask {
    /// The program's own, which its threads have unless they are workers. `None` as long as there has
    /// been no worker.
    pub(crate) fn of_program() -> Option<&'static Mask> {
        INHERITED.get()
    }

    /// The calling thread's.
    fn current() -> io::Result<Mask> {
        // SAFETY: a set that is filled in before it is used.
        let none = unsafe {
            let mut none = mem::zeroed();
            libc::sigemptyset(&mut none);
            none
        };
        change_mask(libc::SIG_BLOCK, &none)
    }

    /// Whether both hold the same signals.
    fn is_like(&self, other: &Mask) -> bool {
        /// The highest number of a signal, or more: of what is none the answers are the same.
        const LAST: libc::c_int = 64;
        (1..=LAST).all(|signal| {
            // SAFETY: the sets are filled in; the calls only ask.
            unsafe { libc::sigismember(&self.0, signal) == libc::sigismember(&other.0, signal) }
        })
    }

    /// Makes it the calling thread's, and says which was before.
    pub(crate) fn set(&self) -> io::Result<Mask> {
        change_mask(libc::SIG_SETMASK, &self.0)
    }
}

/// Keeps signals that may come at any time away from this thread.
///
/// Their handlers would run on whichever stack is in use, a task's perhaps, with little room left.
/// Faults still come, and so does `SIGPROF`: a profiler that cannot see the workers is of no use.
/// Child processes inherit the mask of the thread that starts them: see [`with_program_mask`].
pub(crate) fn block_asynchronous() -> io::Result<()> {
    const LEFT: [libc::c_int; 7] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
        libc::SIGPROF,
    ];
    // SAFETY: the set is filled in before it is used, and the calls touch nothing else.
    let set = unsafe {
        let mut set = mem::zeroed();
        libc::sigfillset(&mut set);
        for signal in LEFT {
            libc::sigdelset(&mut set, signal);
        }
        set
    };
    let before = change_mask(libc::SIG_BLOCK, &set)?;
    let _ = OF_WORKERS.set(Mask::current()?);
    let _ = INHERITED.set(before);
    BLOCKS.set(true);
    Ok(())
}

/// Calls `f`, on a worker, or a thread that has its mask from one, with the program's own mask. A
/// handler that runs meanwhile has the stack in use to run on. `f` must not park. For this workspace's
/// crates.
#[inline(never)]
pub fn with_program_mask<R>(f: impl FnOnce() -> R) -> R {
    /// Sets the worker's mask again, however `f` ends.
    struct Again(Mask);
    impl Drop for Again {
        fn drop(&mut self) {
            // Setting a mask does not fail.
            let _ = self.0.set();
        }
    }
    let mask = Mask::of_program().filter(|_| BLOCKS.get() || has_a_workers());
    let _again = mask.and_then(|mask| mask.set().ok()).map(Again);
    f()
}

/// Whether the calling thread's mask is that of the workers.
fn has_a_workers() -> bool {
    match (Mask::current(), OF_WORKERS.get()) {
        (Ok(mask), Some(workers)) => mask.is_like(workers),
        _ => false,
    }
}

fn change_mask(how: libc::c_int, set: &libc::sigset_t) -> io::Result<Mask> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: a set that is filled in, and room for the answer.
    match unsafe { libc::pthread_sigmask(how, set, before.as_mut_ptr()) } {
        // SAFETY: the call has succeeded, so it has filled it in.
        0 => Ok(Mask(unsafe { before.assume_init() })),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
