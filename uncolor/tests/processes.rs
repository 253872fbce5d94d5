//! Tasks run programs while they and others contend for std's locks.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

mod common;

use common::{crowd, in_each_runtime, join_all, run, until};

/// Programs in all, in each kind of runtime.
const PROGRAMS: usize = 100;
const TASKS: usize = 10;

/// Runs `programs` in tasks, a hundred in all, while others contend for a lock which these tasks hold now and then.
fn while_others_contend(program: impl Fn() -> Command + Send + Clone + 'static) {
    in_each_runtime(|runtime| {
        let program = program.clone();
        run(runtime, move || {
            let lock = Arc::new(Mutex::new(()));
            let stop = Arc::new(AtomicBool::new(false));
            let turns = Arc::new(AtomicUsize::new(0));
            let contend = {
                let (lock, stop, turns) = (lock.clone(), stop.clone(), turns.clone());
                crowd(TASKS, move |_| {
                    while !stop.load(Ordering::Relaxed) {
                        let _held = lock.lock().unwrap();
                        turns.fetch_add(1, Ordering::Relaxed);
                        hueless_runtime::yield_now();
                    }
                })
            };
            until(|| turns.load(Ordering::Relaxed) > TASKS);
            let programs = crowd(TASKS, move |task| {
                for round in 0..PROGRAMS / TASKS {
                    // Every second one starts with the lock held.
                    let held = (round % 2 == 0).then(|| lock.lock().unwrap());
                    let number = (task * PROGRAMS + round).to_string();
                    let output = program().arg(&number).output().unwrap();
                    drop(held);
                    assert!(output.status.success());
                    assert_eq!(output.stdout, number.as_bytes());
                }
            });
            join_all(programs);
            stop.store(true, Ordering::Relaxed);
            join_all(contend);
        });
    });
}

/// std starts it by `posix_spawn`.
#[test]
fn tasks_spawn_programs() {
    while_others_contend(|| {
        let mut command = Command::new("printf");
        command.arg("%s");
        command
    });
}

/// std starts it by `fork` and `exec`.
#[test]
fn tasks_fork_and_run_programs() {
    while_others_contend(|| {
        let mut command = Command::new("printf");
        command.arg("%s");
        // SAFETY: nothing is done.
        unsafe { command.pre_exec(|| Ok(())) };
        command
    });
}
