//! Guards: what makes an overflow fault instead of corrupting a neighbour.
//!
//! Two ways, with one interface. *Light* guards are marks in the page tables
//! and cost no mapping, so their number is not limited. *mprotect* guards are
//! mappings of their own: each stack costs two, and `vm.max_map_count` ends it
//! at some 32,000. Which one is used is decided once in a process, by asking
//! the kernel, unless the environment variable [`VARIABLE`] says which.
//!
//! Invariant: a guard stays until its region is unmapped. Neither use of the
//! slot nor trimming takes it away, so a recycled slot costs no system call.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;

use super::slot::Slot;
use crate::bare::OnceLock;
use crate::sys::advise::{self, Advice};
use crate::sys::memory::{self, Span};

/// The environment variable that forces one kind: `light` or `mprotect`.
pub(super) const VARIABLE: &str = "HUELESS_GUARD";

/// Slots guarded by one call of [`install`], at most.
pub(super) const BATCH: usize = 64;

/// How stacks are guarded against overflow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum GuardKind {
    /// `MADV_GUARD_INSTALL` (Linux 6.13): any number of stacks.
    Light,
    /// `mprotect`: two mappings a stack, so the system's limit of mappings
    /// (`vm.max_map_count` on Linux) limits the number of stacks.
    Mprotect,
}

impl fmt::Display for GuardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            GuardKind::Light => "light",
            GuardKind::Mprotect => "mprotect",
        })
    }
}

/// The kind of this process, decided at the first call.
///
/// # Errors
///
/// `InvalidInput` if [`VARIABLE`] names no kind, `Unsupported` if it asks for
/// light guards and the kernel has none.
pub(super) fn kind() -> io::Result<GuardKind> {
    static KIND: OnceLock<Result<GuardKind, Refusal>> = OnceLock::new();
    KIND.get_or_init(|| {
        let asked = std::env::var_os(VARIABLE);
        choose(asked.as_deref(), memory::has_light_guards)
    })
    .clone()
    .map_err(io::Error::from)
}

fn choose(asked: Option<&OsStr>, has_light: impl Fn() -> bool) -> Result<GuardKind, Refusal> {
    match asked.map(|asked| (asked, asked.to_str())) {
        None | Some((_, Some(""))) if has_light() => Ok(GuardKind::Light),
        None | Some((_, Some("" | "mprotect"))) => Ok(GuardKind::Mprotect),
        Some((_, Some("light"))) if has_light() => Ok(GuardKind::Light),
        Some((_, Some("light"))) => Err(Refusal::NoLight),
        Some((asked, _)) => Err(Refusal::Unknown(asked.to_owned())),
    }
}

/// Why there are no guards of the kind that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Refusal {
    Unknown(OsString),
    NoLight,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown(asked) => write!(
                f,
                "the environment variable {VARIABLE} is {asked:?}; it can be \"light\" or \
                 \"mprotect\", or not set at all"
            ),
            Refusal::NoLight => write!(
                f,
                "the environment variable {VARIABLE} asks for light guards, which this kernel \
                 lacks (Linux 6.13 and newer have them); leave it unset or set it to \"mprotect\""
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        let kind = match refusal {
            Refusal::Unknown(_) => io::ErrorKind::InvalidInput,
            Refusal::NoLight => io::ErrorKind::Unsupported,
        };
        io::Error::new(kind, refusal)
    }
}

/// Installs the guards of `slots`, at most [`BATCH`] of them.
///
/// Answers how many have their guards now, counted from the first, and why the
/// next one has none.
///
/// # Safety
///
/// The caller owns the slots, and nothing live lies in them.
pub(super) unsafe fn install(kind: GuardKind, slots: &[Slot]) -> (usize, io::Result<()>) {
    let mut spans = [Span { start: 0, len: 0 }; BATCH];
    let spans = &mut spans[..slots.len()];
    for (span, slot) in spans.iter_mut().zip(slots) {
        *span = slot.guard();
    }
    match (kind, Advice::GUARD) {
        (GuardKind::Light, Some(advice)) => {
            // SAFETY: passed on to the caller.
            match unsafe { advise::all(spans, advice) } {
                Ok(()) => (slots.len(), Ok(())),
                Err(partial) => (partial.done, Err(light_failed(&partial.error))),
            }
        }
        _ => {
            for (done, &span) in spans.iter().enumerate() {
                // SAFETY: passed on to the caller.
                if let Err(error) = unsafe { memory::protect(span) } {
                    return (done, Err(mprotect_failed(&error)));
                }
            }
            (slots.len(), Ok(()))
        }
    }
}

fn light_failed(error: &io::Error) -> io::Error {
    let message = format!(
        "cannot guard another stack: the kernel refused MADV_GUARD_INSTALL ({error}); if memory has \
         run out, give the process more or keep fewer tasks; if it locks its memory (mlockall), \
         set {VARIABLE}=mprotect"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, message)
}

fn mprotect_failed(error: &io::Error) -> io::Error {
    let message = format!(
        "cannot guard another stack: mprotect failed ({error}); each stack takes two of the \
         mappings that the system allows a process, so raise that limit (`sysctl -w \
         vm.max_map_count=1048576` on Linux), or run on Linux 6.13 or newer, whose guards need \
         no mappings"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_decides_unless_told() {
        let choose = |asked: Option<&str>, light| choose(asked.map(OsStr::new), || light);
        for unset in [None, Some("")] {
            assert_eq!(choose(unset, true), Ok(GuardKind::Light));
            assert_eq!(choose(unset, false), Ok(GuardKind::Mprotect));
        }
        assert_eq!(choose(Some("light"), true), Ok(GuardKind::Light));
        assert_eq!(choose(Some("light"), false), Err(Refusal::NoLight));
        assert_eq!(choose(Some("mprotect"), true), Ok(GuardKind::Mprotect));
    }

    #[test]
    fn a_bad_value_names_the_variable() {
        for bad in ["Light", "none", "1"] {
            let refusal = choose(Some(OsStr::new(bad)), || true).unwrap_err();
            let error = io::Error::from(refusal);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(VARIABLE), "{error}");
            assert!(error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn kinds_print_as_the_variable_spells_them() {
        assert_eq!(GuardKind::Light.to_string(), "light");
        assert_eq!(GuardKind::Mprotect.to_string(), "mprotect");
    }
}
