//! The blocking pool: borrows, panics, its limit, its end.

#[macro_use]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, blocking_operation, spawn};

in_all_modes!(
    a_job_may_borrow_and_its_panic_comes_back,
    jobs_beyond_the_limit_queue_and_all_run,
    a_queued_job_is_withdrawn_and_a_running_one_awaited,
    a_neighbour_runs_while_a_job_blocks,
    a_job_runs_with_the_programs_signal_mask,
);

fn a_job_may_borrow_and_its_panic_comes_back(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let mut numbers = [3, 1, 2];
        let length = blocking(|| {
            numbers.sort();
            numbers.len()
        });
        assert_eq!((length, &numbers[..]), (3, &[1, 2, 3][..]));
        let payload = std::panic::catch_unwind(|| blocking(|| std::panic::panic_any(7)));
        assert_eq!(payload.unwrap_err().downcast_ref(), Some(&7));
    });
}

fn jobs_beyond_the_limit_queue_and_all_run(new: fn() -> Builder) {
    let runtime = new().workers(2).blocking_threads(3).build().unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let handles: Vec<_> = (0..100)
        .map(|i| {
            let (running, most) = (running.clone(), most.clone());
            runtime.spawn(move || {
                blocking(|| {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    i
                })
            })
        })
        .collect();
    for (i, handle) in handles.into_iter().enumerate() {
        assert_eq!(handle.join().unwrap(), i);
    }
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert!(runtime.metrics().blocking_threads <= 3);
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn a_queued_job_is_withdrawn_and_a_running_one_awaited(new: fn() -> Builder) {
    let runtime = new().workers(1).blocking_threads(1).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let running = runtime.spawn(move || {
        let mut frame = [1u8; 64];
        let borrowed = &mut frame;
        let value = blocking_operation(move || {
            began.send(()).unwrap();
            let _ = may_end.recv();
            // The frame is still there, though its task has been cancelled.
            borrowed.fill(2);
            7
        });
        assert_eq!(frame, [2; 64]);
        value
    });
    has_begun.recv().unwrap();
    let (ran, dropped) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (ran_there, on_drop) = (ran.clone(), SetOnDrop(dropped.clone()));
    let queued = runtime.spawn(move || {
        blocking(move || {
            let _kept = on_drop;
            ran_there.store(true, Ordering::SeqCst);
        });
    });
    while runtime.metrics().blocking_queued == 0 {
        std::thread::yield_now();
    }
    let shutdown = std::thread::spawn(move || drop(runtime));
    // The queued one unwinds although no thread has become free.
    assert!(queued.join().unwrap_err().is_cancelled());
    assert!(dropped.load(Ordering::SeqCst) && !ran.load(Ordering::SeqCst));
    assert!(!running.is_finished());
    drop(end);
    assert_eq!(running.join().unwrap(), 7);
    shutdown.join().unwrap();
}

fn a_neighbour_runs_while_a_job_blocks(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let (send, receive) = mpsc::channel();
        let neighbour = spawn(move || send.send(1).unwrap());
        assert_eq!(blocking(move || receive.recv()), Ok(1));
        neighbour.join().unwrap();
    });
}

/// The signals that the calling thread has blocked, of those that have a name.
fn blocked() -> Vec<i32> {
    // SAFETY: asks for the mask into a set of this frame, then for its members.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut set);
        (1..32)
            .filter(|&signal| libc::sigismember(&set, signal) == 1)
            .collect()
    }
}

/// Workers keep signals away from tasks' stacks; jobs do not run on these, and may start processes,
/// which inherit the mask.
fn a_job_runs_with_the_programs_signal_mask(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let here = blocked();
    runtime.run(move || {
        assert!(blocked().contains(&libc::SIGTERM));
        assert_eq!(blocking(blocked), here);
        assert_eq!(hueless_runtime::with_program_mask(blocked), here);
        assert!(blocked().contains(&libc::SIGTERM));
    });
}
