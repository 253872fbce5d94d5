//! The largest stacks, used to their ends.

#![cfg(not(any(feature = "sanitizer", hueless_tsan)))]

use hueless_runtime::runtime::Builder;
use hueless_runtime::stack::{grow, remaining};
use hueless_runtime::{run, task, yield_now};

mod child;
use child::{assert_passed, dig, in_child};

/// Room for what runs at the bottom.
const SPARE: usize = 32 << 10;

/// Uses all but [`SPARE`] of the current stack, and checks that it came back right.
fn use_up() {
    let before = remaining().unwrap();
    assert!(dig(SPARE) > before / 4096);
    yield_now();
    assert_eq!(remaining().unwrap(), before);
}

#[test]
fn a_task_can_use_64_mib() {
    assert_passed(in_child("a_task_can_use_64_mib", &[], || {
        for _ in 0..2 {
            let handle = task::Builder::new().stack_size(64 << 20).spawn(|| {
                assert!(remaining().unwrap() >= 64 << 20);
                use_up();
            });
            handle.unwrap().join().unwrap();
        }
    }));
}

#[test]
fn grow_gives_64_mib() {
    assert_passed(in_child("grow_gives_64_mib", &[], || {
        let check = || {
            grow(64 << 20, || {
                assert!(remaining().unwrap() >= 64 << 20);
                use_up();
            });
        };
        check();
        run(check);
    }));
}

#[test]
fn every_size_can_be_used_up() {
    assert_passed(in_child("every_size_can_be_used_up", &[], || {
        for shift in 16..=25 {
            let size = 1 << shift;
            let handle = task::Builder::new().stack_size(size).spawn(move || {
                assert!(remaining().unwrap() + (4 << 10) >= size, "{size}");
                use_up();
                grow(size, use_up);
            });
            handle.unwrap().join().unwrap();
        }
    }));
}

#[test]
fn a_runtime_whose_stacks_are_all_large_works() {
    let runtime = Builder::new()
        .workers(2)
        .stack_size(64 << 20)
        .build()
        .unwrap();
    let handles: Vec<_> = (0..50)
        .map(|i| {
            runtime.spawn(move || {
                yield_now();
                i
            })
        })
        .collect();
    let sum: u32 = handles
        .into_iter()
        .map(|handle| handle.join().unwrap())
        .sum();
    assert_eq!(sum, 1225);
}
