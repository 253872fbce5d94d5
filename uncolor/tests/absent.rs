//! A runtime names those of hueless-uncolor's definitions that are not in effect. Here none is: nothing names the
//! crate, so it is not in the program. The tests stand in for it: they define a function of libc's, and tell the
//! runtime of more.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "../../runtime/tests/child/mod.rs"]
mod child;

use child::{assert_passed, in_child};
use hueless_runtime::park::std_waits::{Definition, Uncolor, expect};
use hueless_runtime::runtime::Builder;

static PREPARED: AtomicUsize = AtomicUsize::new(0);
static WORKERS: AtomicUsize = AtomicUsize::new(0);

fn prepare() {
    PREPARED.fetch_add(1, Ordering::Relaxed);
}

fn prepare_worker() {
    WORKERS.fetch_add(1, Ordering::Relaxed);
}

/// libc's, and nobody's here.
#[unsafe(no_mangle)]
extern "C" fn sched_yield() -> c_int {
    0
}

const OURS: Definition = Definition::new(c"sched_yield", libc::sched_yield as *const ());
const READ: Definition = Definition::new(c"read", libc::read as *const ());
const POLL: Definition = Definition::new(c"poll", libc::poll as *const ());

/// What a runtime says that expects `uncolor`; two runtimes are started.
fn said(test: &str, uncolor: &'static Uncolor) -> String {
    let case = || {
        expect(uncolor);
        for _ in 0..2 {
            let runtime = Builder::new().workers(2).build().unwrap();
            assert_eq!(runtime.run(|| 7), 7);
        }
        assert_eq!(PREPARED.load(Ordering::Relaxed), 1);
        assert!(WORKERS.load(Ordering::Relaxed) >= 4);
    };
    let output = in_child(test, &[], case);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_passed(output);
    said
}

#[test]
fn what_is_not_in_effect_is_said_once() {
    static NOTHING: Uncolor = Uncolor {
        prepare,
        prepare_worker,
        definitions: &[READ, POLL],
    };
    let said = said("what_is_not_in_effect_is_said_once", &NOTHING);
    let line = "hueless: other definitions of `read`, `poll` go before those of the feature `std`";
    assert_eq!(said.matches(line).count(), 1, "{said}");
    assert_eq!(said.matches("hueless:").count(), 1, "{said}");
}

#[test]
fn what_is_in_effect_is_not_named() {
    static SOME: Uncolor = Uncolor {
        prepare,
        prepare_worker,
        definitions: &[OURS, POLL],
    };
    let said = said("what_is_in_effect_is_not_named", &SOME);
    assert!(said.contains("other definitions of `poll` go"), "{said}");
}

#[test]
fn nothing_is_said_if_all_is_in_effect() {
    static ALL: Uncolor = Uncolor {
        prepare,
        prepare_worker,
        definitions: &[OURS],
    };
    let said = said("nothing_is_said_if_all_is_in_effect", &ALL);
    assert!(!said.contains("hueless:"), "{said}");
}
