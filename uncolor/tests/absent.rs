//! A runtime says so if this crate's definitions are not in effect. Here they are not: nothing names the crate,
//! so it is not in the program, though the runtime is told that it is.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

#[path = "../../runtime/tests/child/mod.rs"]
mod child;

use child::{assert_passed, in_child, text};
use hueless_runtime::runtime::Builder;

#[test]
fn that_std_is_not_seen_is_said_once() {
    let case = || {
        hueless_runtime::park::std_waits::expect();
        for _ in 0..2 {
            let runtime = Builder::new().workers(2).build().unwrap();
            assert_eq!(runtime.run(|| 7), 7);
        }
    };
    let output = in_child("that_std_is_not_seen_is_said_once", &[], case);
    assert_eq!(
        text(&output)
            .matches("another definition of `syscall`")
            .count(),
        1
    );
    assert_passed(output);
}
