//! What happens at the limits: overflows, exhausted stacks, many runtimes. Each case runs in a child
//! process of this test's own binary.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{run, sleep, spawn, task};

const CASE: &str = "HUELESS_TEST_CASE";

/// Runs `case` in a child with `variables` set; in the child itself, calls it.
fn in_child(test: &str, variables: &[(&str, &str)], case: fn()) -> Option<Output> {
    if std::env::var(CASE).as_deref() == Ok(test) {
        case();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, test)
        .env("RUST_BACKTRACE", "0");
    for (name, value) in variables {
        command.env(name, value);
    }
    Some(command.output().unwrap())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[track_caller]
fn assert_passed(output: Option<Output>) {
    if let Some(output) = output {
        assert!(output.status.success(), "{}", text(&output));
    }
}

#[track_caller]
fn assert_overflow(output: Option<Output>, name: &str) {
    let Some(output) = output else { return };
    let said = text(&output);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
    assert!(said.contains("stack overflow in task"), "{said}");
    assert!(said.contains(name), "{said}");
    assert!(said.contains("tests/limits.rs:"), "{said}");
    assert!(said.contains("stack_size"), "{said}");
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth + 1) + frame[7]
}

#[test]
fn recursion_without_end_is_named() {
    let output = in_child("recursion_without_end_is_named", &[], || {
        let handle = task::Builder::new()
            .name("deep thought")
            .spawn(|| recurse(0))
            .unwrap();
        let _ = handle.join();
    });
    assert_overflow(output, "deep thought");
}

#[test]
fn recursion_is_named_under_mprotect_guards_too() {
    let output = in_child(
        "recursion_is_named_under_mprotect_guards_too",
        &[("HUELESS_GUARD", "mprotect")],
        || {
            let handle = task::Builder::new().name("deep").spawn(|| recurse(0));
            let _ = handle.unwrap().join();
        },
    );
    assert_overflow(output, "deep");
}

#[test]
fn without_the_handler_an_overflow_is_a_plain_fault() {
    let test = "without_the_handler_an_overflow_is_a_plain_fault";
    let output = in_child(test, &[], || {
        // std's own handler would say what it makes of it.
        // SAFETY: the default action is a valid one.
        unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
        let runtime = Builder::new().overflow_handler(false).build().unwrap();
        let _ = runtime.spawn(|| recurse(0)).join();
    });
    if let Some(output) = output {
        assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
        assert!(!text(&output).contains("stack overflow in task"));
    }
}

#[test]
fn one_big_frame_is_named() {
    let output = in_child("one_big_frame_is_named", &[], || {
        let handle = task::Builder::new().name("big frame").spawn(|| {
            let frame = std::hint::black_box([1u8; 1 << 20]);
            frame.iter().map(|byte| u64::from(*byte)).sum::<u64>()
        });
        let _ = handle.unwrap().join();
    });
    assert_overflow(output, "big frame");
}

#[test]
fn a_fault_elsewhere_is_no_overflow() {
    let output = in_child("a_fault_elsewhere_is_no_overflow", &[], || {
        run(|| {
            // SAFETY: none; the fault is the test.
            unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
        });
    });
    if let Some(output) = output {
        assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
        assert!(!text(&output).contains("stack overflow"));
    }
}

#[test]
fn a_bigger_stack_holds_what_the_default_cannot() {
    fn deep(n: u32) -> u32 {
        let frame = std::hint::black_box([n; 250]);
        if n == 0 {
            0
        } else {
            deep(n - 1) + frame[3] - n + 1
        }
    }
    let handle = task::Builder::new()
        .stack_size(16 << 20)
        .spawn(|| deep(3000))
        .unwrap();
    assert_eq!(handle.join().unwrap(), 3000);
}

#[test]
fn everything_works_with_mprotect_guards() {
    assert_passed(in_child(
        "everything_works_with_mprotect_guards",
        &[("HUELESS_GUARD", "mprotect")],
        || {
            run(|| {
                let handles: Vec<_> = (0..2000)
                    .map(|i| {
                        spawn(move || {
                            sleep(std::time::Duration::from_millis(1));
                            i
                        })
                    })
                    .collect();
                let sum: u32 = handles.into_iter().map(|h| h.join().unwrap()).sum();
                assert_eq!(sum, 1_999_000);
            });
            assert_eq!(
                hueless_runtime::runtime::stacks().guard.to_string(),
                "mprotect"
            );
        },
    ));
}

#[test]
fn bad_settings_name_their_variable() {
    assert_passed(in_child(
        "bad_settings_name_their_variable",
        &[("HUELESS_WORKERS", "some")],
        || {
            let error = Builder::new().build().unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("HUELESS_WORKERS"), "{error}");
        },
    ));
}

fn limit_address_space() {
    let limit = libc::rlimit {
        rlim_cur: 2 << 30,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: a valid limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

#[test]
fn tasks_without_a_stack_wait_until_others_end() {
    assert_passed(in_child(
        "tasks_without_a_stack_wait_until_others_end",
        &[],
        || {
            let runtime = Builder::new().workers(2).build().unwrap();
            limit_address_space();
            let starved = runtime.run(|| {
                let handles: Vec<_> = (0..100)
                    .map(|i| {
                        let big = task::Builder::new().stack_size(60 << 20);
                        big.spawn(move || {
                            sleep(std::time::Duration::from_millis(20));
                            i
                        })
                        .unwrap()
                    })
                    .collect();
                let mut starved = 0;
                while starved == 0 && !handles.iter().all(task::JoinHandle::is_finished) {
                    starved = hueless_runtime::runtime::metrics().starved;
                    hueless_runtime::yield_now();
                }
                for (i, handle) in handles.into_iter().enumerate() {
                    assert_eq!(handle.join().unwrap(), i);
                }
                starved
            });
            assert!(starved > 0, "there was room for all");
        },
    ));
}

#[test]
fn hope_comes_back_after_a_shortage() {
    assert_passed(in_child("hope_comes_back_after_a_shortage", &[], || {
        let runtime = Builder::new().workers(2).build().unwrap();
        limit_address_space();
        let spawn_big = |f: fn()| {
            let big = task::Builder::new().stack_size(60 << 20);
            big.spawn_on(&runtime, f).unwrap()
        };
        // A shortage that nothing ends.
        let stuck: Vec<_> = (0..100).map(|_| spawn_big(task::park)).collect();
        while !stuck.iter().any(|handle| handle.is_finished()) {
            std::thread::yield_now();
        }
        for handle in stuck {
            handle.task().unpark();
            let _ = handle.join();
        }
        // One that ends by itself: nobody fails.
        let passing = || sleep(std::time::Duration::from_millis(5));
        let handles: Vec<_> = (0..100).map(|_| spawn_big(passing)).collect();
        for handle in handles {
            handle.join().unwrap();
        }
    }));
}

#[test]
fn tasks_that_no_stack_can_come_for_say_so() {
    assert_passed(in_child(
        "tasks_that_no_stack_can_come_for_say_so",
        &[],
        || {
            let runtime = Builder::new().workers(2).build().unwrap();
            limit_address_space();
            let held = std::sync::Arc::new(());
            let handles: Vec<_> = (0..100)
                .map(|_| {
                    let held = held.clone();
                    let big = task::Builder::new().stack_size(60 << 20);
                    big.spawn_on(&runtime, move || {
                        let _held = held;
                        sleep(std::time::Duration::MAX);
                    })
                    .unwrap()
                })
                .collect();
            // Those that have a stack keep it for ever, so the others are told.
            while runtime.metrics().alive + 50 > handles.len() {
                std::thread::yield_now();
            }
            drop(runtime);
            let (mut without, mut cancelled) = (0, 0);
            for handle in handles {
                let error = handle.join().unwrap_err();
                match error.is_no_stack() {
                    true => {
                        assert!(error.to_string().contains("ulimit -v"), "{error}");
                        without += 1;
                    }
                    false => {
                        assert!(error.is_cancelled(), "{error}");
                        cancelled += 1;
                    }
                }
            }
            assert!(cancelled > 0 && without > 50, "{cancelled} {without}");
            // What the closures held was dropped, whether they ran or not.
            assert_eq!(std::sync::Arc::strong_count(&held), 1);
        },
    ));
}

fn count(directory: &str) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .count()
}

#[test]
fn a_thousand_runtimes_leave_nothing_behind() {
    assert_passed(in_child(
        "a_thousand_runtimes_leave_nothing_behind",
        &[],
        || {
            let use_one = || {
                let runtime = Builder::new().workers(2).build().unwrap();
                let sum: u32 = runtime.run(|| {
                    let handles: Vec<_> = (0..10).map(|i| spawn(move || i)).collect();
                    hueless_runtime::blocking(|| ());
                    handles.into_iter().map(|h| h.join().unwrap()).sum()
                });
                assert_eq!(sum, 45);
            };
            let threads = count("/proc/self/task");
            let figures = || {
                // A thread that has told us that it ends may take a moment to be gone.
                while count("/proc/self/task") > threads {
                    std::thread::yield_now();
                }
                (count("/proc/self/fd"), mappings())
            };
            for _ in 0..50 {
                use_one();
            }
            let before = figures();
            for _ in 0..1000 {
                use_one();
            }
            let after = figures();
            assert_eq!(after.0, before.0);
            // The C library keeps stacks of ended threads and arenas, and the pool some slots, whose
            // guards are mappings under mprotect; a leak would show a thousand.
            assert!(
                after.1 <= before.1 + 200,
                "{} mappings, {} before",
                after.1,
                before.1
            );
        },
    ));
}
