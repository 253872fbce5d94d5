//! No stack to be had: for whatever reason, the error names a remedy, the rest goes on, and nothing
//! is lost. Each case runs in a child process.

// Under sanitizers, which map memory all the time, these limits hit the sanitizer.
#![cfg(all(target_os = "linux", not(any(feature = "sanitizer", hueless_tsan))))]

use std::io;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, GuardKind, stacks};
use hueless_runtime::{sleep, stack, task};

mod child;
use child::refuse::refuse;
use child::{assert_passed, in_child};

const EVERY: (u32, u32) = (0, u32::MAX);
const MADV_GUARD_INSTALL: (u32, u32) = (102, 102);
/// Lengths of the mappings that hold stacks.
const REGIONS: (u32, u32) = (256 << 20, u32::MAX);

/// Starts `count` tasks that wait for ever, of which some cannot have a stack. Each of those says
/// `remedy`; none is lost; the others live, and their stacks serve again.
fn some_have_no_stack(count: usize, size: usize, remedy: &str) {
    let runtime = Builder::new().workers(1).build().unwrap();
    // Kept by every closure, so it counts those that are still there.
    let token = Arc::new(());
    let started = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..count)
        .map(|_| {
            let (token, started) = (token.clone(), started.clone());
            task::Builder::new()
                .stack_size(size)
                .spawn_on(&runtime, move || {
                    let _token = token;
                    started.fetch_add(1, SeqCst);
                    sleep(Duration::MAX);
                })
                .unwrap()
        })
        .collect();
    let failed = || handles.iter().filter(|handle| handle.is_finished()).count();
    while started.load(SeqCst) + failed() < count {
        std::thread::yield_now();
    }
    let (without, parked): (Vec<_>, Vec<_>) =
        handles.into_iter().partition(|handle| handle.is_finished());
    let figures = (without.len(), parked.len());
    assert!(figures.0 > 0 && figures.1 > 0, "{figures:?}");
    for handle in without {
        let error = handle.join().unwrap_err();
        assert!(error.is_no_stack(), "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
        let error = io::Error::from(error);
        assert!(error.to_string().contains(remedy), "{error}");
    }
    assert_eq!(Arc::strong_count(&token), parked.len() + 1);
    drop(runtime);
    for handle in parked {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
    assert_eq!(Arc::strong_count(&token), 1);
    // What they had serves others, of the same process and size.
    let again = task::Builder::new().stack_size(size).spawn(|| 7);
    assert_eq!(again.unwrap().join().unwrap(), 7);
}

/// A task whose `grow` fails learns the remedy and goes on; so does a thread.
fn grow_has_no_stack(remedy: &str) {
    // Each keeps its stack until the failure, so that what is free runs out.
    fn deeper(n: usize) {
        if n > 0 {
            stack::grow(60 << 20, || deeper(n - 1));
        }
    }
    fn check(remedy: &str) {
        let payload = catch_unwind(|| deeper(100)).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(
            text.contains("stack::grow(62914560) has no stack"),
            "{text}"
        );
        assert!(text.contains(remedy), "{text}");
        sleep(Duration::from_millis(1));
    }
    // In the task that calls this, which has its stack already, and on a plain thread.
    check(remedy);
    std::thread::scope(|scope| scope.spawn(|| check(remedy)).join().unwrap());
}

#[test]
fn address_space_names_ulimit_v() {
    assert_passed(in_child("address_space_names_ulimit_v", &[], || {
        assert_eq!(hueless_runtime::run(|| 1), 1);
        let limit = libc::rlimit {
            rlim_cur: 2 << 30,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: a valid limit.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
        hueless_runtime::run(|| {
            some_have_no_stack(100, 60 << 20, "ulimit -v");
            grow_has_no_stack("ulimit -v");
        });
    }));
}

#[test]
fn one_region_of_address_space_is_enough() {
    assert_passed(in_child(
        "one_region_of_address_space_is_enough",
        &[],
        || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
            // No room for twice of it, which an aligned mapping may take.
            let limit = libc::rlimit {
                rlim_cur: (pages << 12) + (400 << 20),
                rlim_max: libc::RLIM_INFINITY,
            };
            // SAFETY: a valid limit.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            assert_eq!(stack::grow(1 << 20, || 3), 3);
        },
    ));
}

#[test]
fn mappings_name_the_sysctl() {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    if limit
        .trim()
        .parse()
        .is_ok_and(|limit: usize| limit > 100_000)
    {
        eprintln!("skipped: the limit of mappings is too high to be reached here");
        return;
    }
    assert_passed(in_child(
        "mappings_name_the_sysctl",
        &[("HUELESS_GUARD", "mprotect")],
        || {
            // A big class before mappings run out, for `grow` to find its region.
            stack::grow(60 << 20, || ());
            assert_eq!(hueless_runtime::run(|| 1), 1);
            some_have_no_stack(51_000, 64 << 10, "vm.max_map_count");
        },
    ));
}

#[test]
fn a_refused_mapping_names_remedies() {
    for (errno, remedy) in [(libc::ENOMEM, "ulimit -v"), (libc::EAGAIN, "ulimit -l")] {
        let variable = errno.to_string();
        assert_passed(in_child(
            "a_refused_mapping_names_remedies",
            &[
                ("HUELESS_TEST_ERRNO", &variable),
                ("HUELESS_TEST_REMEDY", remedy),
            ],
            || {
                let errno = std::env::var("HUELESS_TEST_ERRNO")
                    .unwrap()
                    .parse()
                    .unwrap();
                let remedy = std::env::var("HUELESS_TEST_REMEDY").unwrap();
                stack::grow(60 << 20, || ());
                assert_eq!(hueless_runtime::run(|| 1), 1);
                hueless_runtime::run(|| {
                    if refuse(libc::SYS_mmap, 1, REGIONS, errno) {
                        some_have_no_stack(100, 60 << 20, &remedy);
                        grow_has_no_stack(&remedy);
                    }
                });
            },
        ));
    }
}

#[test]
fn a_refused_guard_names_remedies() {
    for errno in [libc::ENOMEM, libc::EAGAIN] {
        let variable = errno.to_string();
        assert_passed(in_child(
            "a_refused_guard_names_remedies",
            &[("HUELESS_TEST_ERRNO", &variable)],
            || {
                let errno = std::env::var("HUELESS_TEST_ERRNO")
                    .unwrap()
                    .parse()
                    .unwrap();
                stack::grow(60 << 20, || ());
                assert_eq!(hueless_runtime::run(|| 1), 1);
                // What it leaves is all there is from now on.
                drop(Builder::new().workers(1).build().unwrap());
                if stacks().guard != GuardKind::Light {
                    eprintln!("skipped: no light guards here");
                    return;
                }
                hueless_runtime::run(|| {
                    let refused = refuse(libc::SYS_madvise, 2, MADV_GUARD_INSTALL, errno)
                        && refuse(libc::SYS_process_madvise, 3, MADV_GUARD_INSTALL, errno);
                    let remedy = "if memory has run out, give the process more";
                    if refused {
                        some_have_no_stack(300, 192 << 10, remedy);
                        grow_has_no_stack(remedy);
                    }
                });
            },
        ));
    }
}

#[test]
fn a_refused_signal_stack_is_an_error_of_build() {
    assert_passed(in_child(
        "a_refused_signal_stack_is_an_error_of_build",
        &[],
        || {
            if !refuse(libc::SYS_mmap, 1, (128 << 10, 128 << 10), libc::ENOMEM) {
                return;
            }
            let error = Builder::new().workers(2).build().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
            assert!(error.to_string().contains("ulimit -v"), "{error}");
            let error = task::Builder::new().spawn(|| ()).unwrap_err();
            assert!(error.to_string().contains("ulimit -v"), "{error}");
        },
    ));
}

#[test]
fn memory_that_the_system_will_not_take_back_is_kept() {
    assert_passed(in_child(
        "memory_that_the_system_will_not_take_back_is_kept",
        &[],
        || {
            let refused = refuse(libc::SYS_madvise, 2, EVERY, libc::EAGAIN)
                && refuse(libc::SYS_process_madvise, 3, EVERY, libc::EAGAIN)
                && refuse(libc::SYS_munmap, 1, REGIONS, libc::ENOMEM);
            if !refused {
                return;
            }
            for _ in 0..3 {
                assert_eq!(stack::grow(1 << 20, || 3), 3);
                let runtime = Builder::new().workers(2).build().unwrap();
                let handles: Vec<_> = (0..1000).map(|i| runtime.spawn(move || i)).collect();
                let sum: i32 = handles
                    .into_iter()
                    .map(|handle| handle.join().unwrap())
                    .sum();
                assert_eq!(sum, 499_500);
            }
        },
    ));
}
