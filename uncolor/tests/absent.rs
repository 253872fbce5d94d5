//! A runtime that was built for this crate says so if it is not there. It is not, as nothing here names it.

#[path = "../../runtime/tests/child/mod.rs"]
mod child;

use child::{assert_passed, in_child, text};
use hueless_runtime::runtime::Builder;

#[test]
fn that_std_is_not_seen_is_said_once() {
    let case = || {
        for _ in 0..2 {
            let runtime = Builder::new().workers(2).build().unwrap();
            assert_eq!(runtime.run(|| 7), 7);
        }
    };
    let output = in_child("that_std_is_not_seen_is_said_once", &[], case);
    assert_eq!(text(&output).matches("std's waits are not seen").count(), 1);
    assert_passed(output);
}
