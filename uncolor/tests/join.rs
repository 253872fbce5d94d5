//! The end of a thread, waited for in a task.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::no_park;

mod common;

use common::{NEVER, crowd, in_each_runtime, join_all, run};

/// A thread that ends when it has been told a number, and how it is told.
fn waiting_thread() -> (thread::JoinHandle<u32>, mpsc::Sender<u32>) {
    let (tell, told) = mpsc::channel();
    (
        thread::spawn(move || told.recv_timeout(NEVER).unwrap()),
        tell,
    )
}

#[test]
fn a_neighbour_runs_while_a_task_joins() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let here = thread::current().id();
            let (thread, tell) = waiting_thread();
            // With one worker: only once this task has left its stack.
            let neighbour = hueless_runtime::spawn(move || tell.send(7).unwrap());
            assert_eq!(thread.join().unwrap(), 7);
            assert_eq!(thread::current().id(), here);
            neighbour.join().unwrap();
        });
    });
}

#[test]
fn a_scoped_thread_is_joined_so_too() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (tell, told) = mpsc::channel();
            let neighbour = hueless_runtime::spawn(move || tell.send(7).unwrap());
            let mut number = 0;
            let place = &mut number;
            thread::scope(|scope| {
                let thread = scope.spawn(move || *place = told.recv_timeout(NEVER).unwrap());
                // The scope itself would block its thread.
                thread.join().unwrap();
            });
            assert_eq!(number, 7);
            neighbour.join().unwrap();
        });
    });
}

#[test]
fn a_panic_comes_out() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (tell, told) = mpsc::channel::<()>();
            let thread = thread::spawn(move || {
                let _ = told.recv_timeout(NEVER);
                std::panic::resume_unwind(Box::new("boom"));
            });
            let neighbour = hueless_runtime::spawn(move || drop(tell));
            let payload = thread.join().unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"boom"));
            neighbour.join().unwrap();
        });
    });
}

#[test]
fn a_cancelled_task_joins_to_the_end() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (thread, tell) = waiting_thread();
            let (give, given) = mpsc::channel();
            let (begins, begun) = mpsc::channel();
            let task = hueless_runtime::spawn(move || {
                begins.send(()).unwrap();
                give.send(thread.join().unwrap()).unwrap();
                hueless_runtime::yield_now();
                unreachable!("it is cancelled");
            });
            common::until(|| begun.try_recv().is_ok());
            task.cancel();
            for _ in 0..100 {
                hueless_runtime::yield_now();
            }
            assert!(!task.is_finished());
            tell.send(7).unwrap();
            assert!(task.join().unwrap_err().is_cancelled());
            assert_eq!(given.recv(), Ok(7));
        });
    });
}

/// Some of the joins take a thread of the pool, which is small, the others block their worker.
#[test]
fn many_joins_come_to_their_end() {
    let runtime = Builder::new()
        .workers(2)
        .blocking_threads(4)
        .build()
        .unwrap();
    let (threads, tell): (Vec<_>, Vec<_>) = (0..100).map(|_| waiting_thread()).unzip();
    let told = thread::spawn(move || {
        for (number, tell) in (0..).zip(tell) {
            tell.send(number).unwrap();
        }
    });
    let threads = Arc::new(Mutex::new(threads));
    run(&runtime, move || {
        let tasks = crowd(100, move |_| {
            let thread = threads.lock().unwrap().pop().unwrap();
            // The pool has threads for others all the same.
            hueless_runtime::blocking(|| 1) + thread.join().unwrap()
        });
        assert_eq!(join_all(tasks).into_iter().sum::<u32>(), 5050);
    });
    told.join().unwrap();
}

#[test]
fn joins_elsewhere_are_libcs() {
    // Nobody can join itself.
    // SAFETY: this thread has not been joined, nor is it by this.
    let joins_itself = || unsafe { libc::pthread_join(libc::pthread_self(), std::ptr::null_mut()) };
    assert_eq!(joins_itself(), libc::EDEADLK);
    let (thread, tell) = waiting_thread();
    tell.send(7).unwrap();
    assert_eq!(thread.join().unwrap(), 7);
    in_each_runtime(|runtime| {
        run(runtime, move || {
            let (thread, tell) = waiting_thread();
            tell.send(7).unwrap();
            assert_eq!(no_park(|| thread.join().unwrap()), 7);
        });
    });
}
