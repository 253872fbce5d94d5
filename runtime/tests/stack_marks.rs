//! High-water marks of stacks. Measuring holds for a whole process, so each case runs in one of its
//! own. Sanitizers make frames larger, and touch stacks themselves.

#![cfg(all(target_os = "linux", not(any(feature = "sanitizer", hueless_tsan))))]

use std::hint::black_box;
use std::panic::Location;

use hueless_runtime::runtime::{Builder, StackMark, stack_marks};
use hueless_runtime::{run, sleep, spawn, stack, task, yield_now};

mod child;
use child::{assert_passed, in_child};

/// What a task that does next to nothing needs at most, whatever the build.
const SHALLOW: usize = 16 << 10;

/// Touches `bytes` of stack, and some more.
#[inline(never)]
fn touch(bytes: usize) {
    let left = stack::remaining().unwrap();
    child::dig(left - bytes);
}

#[track_caller]
fn here() -> &'static Location<'static> {
    Location::caller()
}

/// The only mark of the line after `site`.
#[track_caller]
fn mark_below(site: &Location<'_>) -> StackMark {
    let marks = stack_marks();
    let mut below = marks
        .iter()
        .filter(|mark| mark.site.file() == site.file() && mark.site.line() == site.line() + 1);
    let mark = below.next().unwrap_or_else(|| panic!("{marks:?}"));
    assert_eq!(below.next(), None);
    *mark
}

#[test]
fn each_site_has_its_deepest() {
    assert_passed(in_child("each_site_has_its_deepest", &[], || {
        let runtime = Builder::new().workers(2).stack_marks(true).build().unwrap();
        let deep = here();
        let handles = [1, 100, 30, 2].map(|kib| runtime.spawn(move || touch(kib << 10)));
        handles
            .into_iter()
            .for_each(|handle| handle.join().unwrap());
        // On the stacks that those have used.
        let shallow = here();
        let handles = [(); 200].map(|()| runtime.spawn(yield_now));
        handles
            .into_iter()
            .for_each(|handle| handle.join().unwrap());
        let big = task::Builder::new().stack_size(1 << 20);
        let sized = here();
        let handle = big.spawn_on(&runtime, || touch(500 << 10)).unwrap();
        handle.join().unwrap();
        drop(runtime);

        let mark = mark_below(deep);
        assert_eq!((mark.tasks, mark.size), (4, 192 << 10));
        assert!(
            (100 << 10..(100 << 10) + SHALLOW).contains(&mark.deepest),
            "{mark}"
        );
        let site = format!("{}:{}", mark.site.file(), mark.site.line());
        let kib = mark.deepest >> 10;
        assert_eq!(
            mark.to_string(),
            format!("{site}: 4 tasks, deepest {kib} KiB of 192 KiB")
        );
        let mark = mark_below(shallow);
        assert_eq!(mark.tasks, 200);
        assert!((4096..=SHALLOW).contains(&mark.deepest), "{mark}");
        let mark = mark_below(sized);
        assert_eq!((mark.tasks, mark.size), (1, (2 << 20) - (64 << 10)));
        assert!(
            (500 << 10..(500 << 10) + SHALLOW).contains(&mark.deepest),
            "{mark}"
        );
        let depths: Vec<_> = stack_marks().iter().map(|mark| mark.deepest).collect();
        assert!(depths.is_sorted_by(|a, b| a >= b), "{depths:?}");
    }));
}

#[test]
fn a_frame_that_touches_only_its_end_counts() {
    #[inline(never)]
    fn sparse() {
        let mut frame = std::mem::MaybeUninit::<[u8; 150 << 10]>::uninit();
        // SAFETY: within the array.
        unsafe { frame.as_mut_ptr().cast::<u8>().write_volatile(1) };
        black_box(&mut frame);
    }
    assert_passed(in_child(
        "a_frame_that_touches_only_its_end_counts",
        &[],
        || {
            let runtime = Builder::new().workers(1).stack_marks(true).build().unwrap();
            let site = here();
            runtime.spawn(sparse).join().unwrap();
            drop(runtime);
            assert!(mark_below(site).deepest >= 150 << 10);
        },
    ));
}

#[test]
fn the_variable_asks_too() {
    assert_passed(in_child(
        "the_variable_asks_too",
        &[("HUELESS_STACK_MARKS", "1")],
        || {
            let site = here();
            run(|| touch(64 << 10));
            // The next task of that worker runs when the last has been measured.
            while stack_marks().is_empty() {
                std::thread::yield_now();
            }
            let mark = mark_below(site);
            assert!(mark.deepest >= 64 << 10, "{mark}");
            assert!(mark.size >= 8 << 20, "{mark}");
        },
    ));
}

#[test]
fn nothing_is_measured_unless_asked_for() {
    for (value, explicit) in [("0", None), ("1", Some(false))] {
        assert_passed(in_child(
            "nothing_is_measured_unless_asked_for",
            &[
                ("HUELESS_STACK_MARKS", value),
                (
                    "HUELESS_TEST_EXPLICIT",
                    if explicit.is_some() { "no" } else { "" },
                ),
            ],
            || {
                let mut builder = Builder::new().workers(1);
                if std::env::var("HUELESS_TEST_EXPLICIT").unwrap() == "no" {
                    builder = builder.stack_marks(false);
                }
                let runtime = builder.build().unwrap();
                runtime.run(|| spawn(|| touch(64 << 10)).join().unwrap());
                drop(runtime);
                assert_eq!(stack_marks(), []);
            },
        ));
    }
}

#[test]
fn what_was_used_before_does_not_count() {
    assert_passed(in_child("what_was_used_before_does_not_count", &[], || {
        // Deep stacks in a worker's cache, and in the pool, from before it began.
        let before = Builder::new().workers(1).build().unwrap();
        before.run(|| {
            let handles = [(); 50].map(|()| {
                spawn(|| {
                    touch(120 << 10);
                    sleep(std::time::Duration::from_millis(1));
                })
            });
            handles
                .into_iter()
                .for_each(|handle| handle.join().unwrap());
        });
        let runtime = Builder::new().workers(1).stack_marks(true).build().unwrap();
        // And from `grow`, while it is on.
        runtime.run(|| stack::grow(150 << 10, || touch(120 << 10)));
        let site = here();
        let handles = [(); 200].map(|()| runtime.spawn(yield_now));
        handles
            .into_iter()
            .for_each(|handle| handle.join().unwrap());
        let other = here();
        let handles = [(); 200].map(|()| before.spawn(yield_now));
        handles
            .into_iter()
            .for_each(|handle| handle.join().unwrap());
        drop((runtime, before));
        for site in [site, other] {
            let mark = mark_below(site);
            assert_eq!(mark.tasks, 200);
            assert!(mark.deepest <= SHALLOW, "{mark}");
        }
    }));
}

#[test]
fn cancelled_tasks_count() {
    assert_passed(in_child("cancelled_tasks_count", &[], || {
        let runtime = Builder::new().workers(1).stack_marks(true).build().unwrap();
        let (started, starts) = std::sync::mpsc::channel();
        let work = move || {
            touch(50 << 10);
            started.send(()).unwrap();
            sleep(std::time::Duration::MAX);
        };
        let site = here();
        let handle = runtime.spawn(work);
        starts.recv().unwrap();
        drop(runtime);
        assert!(handle.join().unwrap_err().is_cancelled());
        let mark = mark_below(site);
        assert_eq!(mark.tasks, 1);
        assert!(mark.deepest >= 50 << 10, "{mark}");
    }));
}

#[test]
fn a_bad_value_names_the_variable() {
    assert_passed(in_child(
        "a_bad_value_names_the_variable",
        &[("HUELESS_STACK_MARKS", "please")],
        || {
            let error = Builder::new().build().unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            let text = error.to_string();
            assert!(text.contains("HUELESS_STACK_MARKS=please"), "{text}");
        },
    ));
}
