//! Whether std's waits come to hueless-uncolor: see its documentation.
//!
//! That crate defines functions of libc's, and a definition in the program goes before libc's, but not in every
//! case: in a library that another program loads, what the program and libc define comes first; and one
//! function may be defined by somebody else while the others are not. So before the first runtime starts each
//! of the names is looked at: does it lead into the program, or the library, that hueless-uncolor is in? No
//! address is compared with that crate's own function, for in a library the compiler, too, gets to that one by its
//! name only.
//!
//! It is std's calls that matter. Mostly std is in the same program or library, and its names lead where
//! hueless-uncolor's do. If it is a library of its own (`-C prefer-dynamic`), its names lead where the system
//! finds them first.

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use libc::dl_phdr_info;

use crate::bare::Once;
use crate::report::report;

/// What hueless-uncolor is to the runtime.
#[derive(Debug)]
pub struct Uncolor {
    /// Called once, before the first runtime starts. A function of that crate's own.
    pub prepare: fn(),
    /// Called on each worker's thread, before it runs tasks.
    pub prepare_worker: fn(),
    /// What it defines of libc's.
    pub definitions: &'static [Definition],
}

/// A function of libc's that hueless-uncolor defines.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    name: &'static CStr,
    found: *const (),
}

// SAFETY: `found` is an address that nobody reads from.
unsafe impl Sync for Definition {}

impl Definition {
    /// The function `name`, which is `found` by that name where hueless-uncolor is.
    pub const fn new(name: &'static CStr, found: *const ()) -> Self {
        Self { name, found }
    }
}

/// Null if hueless-uncolor is not in this program.
static UNCOLOR: AtomicPtr<Uncolor> = AtomicPtr::new(null_mut());

/// Says that hueless-uncolor is in this program. It calls this before `main`, and may call nothing else then.
pub fn expect(uncolor: &'static Uncolor) {
    // Relaxed: no other thread is there yet.
    UNCOLOR.store(std::ptr::from_ref(uncolor).cast_mut(), Ordering::Relaxed);
}

fn expected() -> Option<&'static Uncolor> {
    // SAFETY: null, or from a reference that lives as long as the process. Relaxed: as above.
    unsafe { UNCOLOR.load(Ordering::Relaxed).as_ref() }
}

/// Before the first runtime starts: has hueless-uncolor prepare itself, and says what of it is without effect.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    let Some(uncolor) = expected() else { return };
    ONCE.call_once(|| {
        (uncolor.prepare)();
        let others = definitions_of_others(uncolor);
        if !others.is_empty() {
            report(format_args!(
                "hueless: other definitions of {} go before those of the feature `std`, so what std waits for \
                 by them blocks the thread of its task",
                others.join(", ")
            ));
        }
    });
}

/// On a worker's thread, before it runs tasks: hueless-uncolor gets to know the thread.
pub(crate) fn prepare_worker() {
    if let Some(uncolor) = expected() {
        (uncolor.prepare_worker)();
    }
}

/// The names that do not lead to hueless-uncolor.
fn definitions_of_others(uncolor: &Uncolor) -> Vec<String> {
    // If the system does not know itself, nothing is.
    let Some(home) = object_with(uncolor.prepare as usize) else {
        return Vec::new();
    };
    let has_std = home.contains(&(std::thread::sleep as fn(Duration) as usize));
    let is_ours = |definition: &&Definition| {
        let found = match has_std {
            true => definition.found,
            // SAFETY: a string with its end.
            false => unsafe { libc::dlsym(libc::RTLD_DEFAULT, definition.name.as_ptr()) }.cast(),
        };
        home.contains(&found.addr())
    };
    let others = uncolor.definitions.iter().filter(|it| !is_ours(it));
    others
        .map(|it| format!("`{}`", it.name.to_string_lossy()))
        .collect()
}

/// Where the program or library lies that has something at `address`.
fn object_with(address: usize) -> Option<Range<usize>> {
    struct Search {
        address: usize,
        found: Option<Range<usize>>,
    }
    unsafe extern "C" fn look(info: *mut dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
        // SAFETY: that is what the system calls this with, and it has this from below.
        let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
        if info.dlpi_phdr.is_null() {
            return 0;
        }
        // SAFETY: the system says that there are as many.
        let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let mut all: Option<Range<usize>> = None;
        for header in headers.iter().filter(|it| it.p_type == libc::PT_LOAD) {
            let begin = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
            let end = begin + header.p_memsz as usize;
            let known = all.unwrap_or(begin..end);
            all = Some(known.start.min(begin)..known.end.max(end));
        }
        search.found = all.filter(|all| all.contains(&search.address));
        // Anything but zero ends it.
        search.found.is_some().into()
    }
    let mut search = Search {
        address,
        found: None,
    };
    // SAFETY: the function gets what it expects, and does nothing that the system forbids in it.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.found
}
