//! Memory, page tables and address space go back.

use super::*;

/// How many mappings the process has.
#[cfg(target_os = "linux")]
pub(super) fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .count()
}

/// A line of `/proc/self/status`, in KiB.
#[cfg(target_os = "linux")]
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn trim_all() -> usize {
    let mut calls = 1;
    while trim() {
        calls += 1;
        assert!(calls < 100, "trim never ends: {:?}", stats());
    }
    calls
}

// Not under sanitizers, whose shadow memory grows too.
#[test]
#[cfg(all(target_os = "linux", not(feature = "sanitizer")))]
fn after_a_wave_all_goes_back() {
    child!(after_a_wave_all_goes_back)
        .run(|| {
            let mut cache = Cache::new();
            let before = (mappings(), status("VmPTE"), status("VmRSS"));
            for wave in 0..2 {
                let mut stacks = Vec::with_capacity(20_000);
                for index in 0..20_000 {
                    let stack = cache.take(Class::DEFAULT).unwrap();
                    touch(&stack, index);
                    stacks.push(stack);
                }
                assert!(status("VmRSS") >= before.2 + 20_000 * 4);
                assert!(stats().regions >= 19, "{:?}", stats());
                for stack in stacks {
                    cache.put(stack);
                }
                cache.clear();
                assert_eq!(stats().slots_in_use, 0);
                trim_all();
                let now = stats();
                assert_eq!(
                    (now.regions, now.slots_free, now.bytes_reserved),
                    (0, 0, 0),
                    "{wave}"
                );
                let after = (mappings(), status("VmPTE"), status("VmRSS"));
                // The pool's own lists stay, and whatever the allocator keeps.
                assert!(after.0 <= before.0 + 4, "{before:?} {after:?}");
                assert!(after.1 <= before.1 + 100, "{before:?} {after:?}");
                assert!(after.2 <= before.2 + 4000, "{before:?} {after:?}");
            }
        })
        .exited(0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_region_in_use_keeps_what_is_in_use() {
    for kind in kinds() {
        child!(a_region_in_use_keeps_what_is_in_use)
            .with(super::super::guard::VARIABLE, kind)
            .run(|| {
                let mut cache = Cache::new();
                let mut stacks: Vec<_> = (0..5_000)
                    .map(|_| cache.take(Class::DEFAULT).unwrap())
                    .collect();
                for (index, stack) in stacks.iter().enumerate() {
                    touch(stack, index + 1);
                }
                let full = status("VmRSS");
                let mut index = 0;
                stacks.retain(|_| {
                    index += 1;
                    index % 100 == 1
                });
                cache.clear();
                trim_all();
                for (index, stack) in stacks.iter().enumerate() {
                    assert_eq!(touched(stack), index * 100 + 1);
                }
                assert!(status("VmRSS") + 4_900 * 4 <= full + 2000);
                let now = stats();
                assert_eq!((now.slots_in_use, now.regions), (50, 5));
                assert!(now.slots_free >= 4_950, "{now:?}");
            })
            .exited(0);
    }
}

#[test]
fn what_is_in_use_again_and_again_is_left_alone() {
    child!(what_is_in_use_again_and_again_is_left_alone)
        .run(|| {
            let mut cache = Cache::new();
            let anchor = cache.take(Class::DEFAULT).unwrap();
            for _ in 0..10 {
                let stack = cache.take(Class::DEFAULT).unwrap();
                touch(&stack, 1);
                let limit = stack.limit();
                drop(stack);
                cache.clear();
                assert!(trim(), "not yet");
                // Taken since: the interval was not an idle one.
                let again: Vec<_> = (0..64)
                    .map(|_| cache.take(Class::DEFAULT).unwrap())
                    .collect();
                let stack = again.iter().find(|stack| stack.limit() == limit).unwrap();
                assert_eq!(touched(stack), 1, "it kept its memory");
                drop(again);
                cache.clear();
            }
            drop(anchor);
        })
        .exited(0);
}

#[test]
fn trimming_nothing_ends_at_once() {
    child!(trimming_nothing_ends_at_once)
        .run(|| assert!(!trim()))
        .exited(0);
}

#[test]
fn big_classes_come_and_go() {
    child!(big_classes_come_and_go)
        .run(|| {
            let mut cache = Cache::new();
            for bytes in [8 << 20, 64 << 20] {
                let class = Class::for_usable(bytes).unwrap();
                let stacks: Vec<_> = (0..20).map(|_| cache.take(class).unwrap()).collect();
                stacks.iter().for_each(|stack| touch(stack, bytes));
                stacks.into_iter().for_each(|stack| cache.put(stack));
            }
            drop(cache);
            trim_all();
            assert_eq!(stats().regions, 0);
        })
        .exited(0);
}
