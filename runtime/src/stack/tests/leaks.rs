//! What LeakSanitizer sees of parked tasks. Only in a build with it.

use super::*;
use std::hint::black_box;

/// The exit code of a process in which LeakSanitizer found something, as part
/// of AddressSanitizer.
const LEAK: i32 = 1;

/// Parks a coroutine for ever that holds the only pointer to a box.
fn park_with_a_box() {
    let stack = Cache::new().take(Class::DEFAULT).unwrap();
    let mut coroutine = Coroutine::<(), (), (), Stack>::with_stack(stack, |yielder, ()| {
        let hidden = Box::new([7_u64; 100]);
        yielder.suspend(());
        drop(black_box(hidden));
    });
    coroutine.resume(());
    std::mem::forget(coroutine);
}

/// Overwrites what dead frames have left of pointers.
#[inline(never)]
fn scrub() {
    black_box([0_u8; 16 << 10]);
}

#[test]
fn what_a_parked_stack_refers_to_is_no_leak() {
    child!(what_a_parked_stack_refers_to_is_no_leak)
        .run(|| {
            park_with_a_box();
            scrub();
        })
        .exited(0);
}

#[test]
fn a_true_leak_is_reported() {
    let said = child!(a_true_leak_is_reported)
        .run(|| {
            for _ in 0..10 {
                std::mem::forget(black_box(Box::new([7_u64; 100])));
            }
            scrub();
        })
        .exited(LEAK);
    assert!(said.contains("LeakSanitizer"), "{said}");
}
