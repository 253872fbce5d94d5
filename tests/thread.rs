//! What the examples of std's documentation do, by `hueless::thread`: on OS threads and in tasks.
//!
//! Where they leave out what happens next, it is checked here. Left out are those of unstable functions,
//! `spawn_unchecked` and `scope`.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use hueless::thread;

/// Here, and in a task.
fn everywhere(f: fn()) {
    f();
    hueless::run(f);
}

#[test]
fn builders_spawn() {
    everywhere(|| {
        let builder = thread::Builder::new();
        let handler = builder.spawn(|| 5).unwrap();
        assert_eq!(handler.join().unwrap(), 5);

        let builder = thread::Builder::new()
            .name("foo".into())
            .stack_size(32 * 1024);
        let handler = builder
            .spawn(|| assert_eq!(thread::current().name(), Some("foo")))
            .unwrap();
        assert_eq!(handler.thread().name(), Some("foo"));
        handler.join().unwrap();

        let builder = thread::Builder::new().stack_size(usize::MAX);
        let error: io::Error = builder.spawn(|| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn threads_send_and_receive() {
    everywhere(|| {
        let (tx, rx) = hueless::channel::unbounded();
        let sender = thread::spawn(move || {
            tx.send("Hello, thread".to_owned())
                .expect("Unable to send on channel");
        });
        let receiver = thread::spawn(move || rx.recv().expect("Unable to receive from channel"));
        sender.join().expect("The sender thread has panicked");
        let value = receiver.join().expect("The receiver thread has panicked");
        assert_eq!(value, "Hello, thread");
    });
}

#[test]
fn a_computation_is_joined() {
    everywhere(|| {
        let computation = thread::spawn(|| 42);
        let result: thread::Result<i32> = computation.join();
        assert_eq!(result.unwrap(), 42);
    });
}

#[test]
fn a_join_gives_the_payload_of_the_panic() {
    everywhere(|| {
        let join_handle: thread::JoinHandle<()> = thread::spawn(|| panic!("oops"));
        let payload = join_handle.join().unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"oops"));

        // As `std` programs go on with it.
        let outer = thread::spawn(|| {
            let inner: thread::JoinHandle<()> =
                thread::spawn(|| std::panic::panic_any(String::from("inner")));
            if let Err(payload) = inner.join() {
                std::panic::resume_unwind(payload);
            }
        });
        let payload = outer.join().unwrap_err();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "inner");
    });
}

#[test]
fn a_cancelled_thread_has_no_payload_but_the_error() {
    let runtime = hueless::runtime::Builder::new().workers(1).build().unwrap();
    let handle: thread::JoinHandle<()> = runtime.spawn(|| thread::park()).into();
    while runtime.metrics().workers[0].switches == 0 {
        thread::yield_now();
    }
    drop(runtime);
    let payload = handle.join().unwrap_err();
    let error = payload.downcast::<hueless::task::JoinError>().unwrap();
    assert!(error.is_cancelled());
}

#[test]
fn sleeping_takes_its_time() {
    everywhere(|| {
        let ten_millis = Duration::from_millis(10);
        let now = Instant::now();
        thread::sleep(ten_millis);
        assert!(now.elapsed() >= ten_millis);
        thread::sleep_until(now + 2 * ten_millis);
        assert!(now.elapsed() >= 2 * ten_millis);
        thread::yield_now();
    });
}

#[test]
fn a_parked_thread_is_unparked() {
    everywhere(|| {
        let queued = Arc::new(AtomicBool::new(false));
        let flag = Arc::new(AtomicBool::new(false));
        let (queued_there, flag_there) = (queued.clone(), flag.clone());
        let parked_thread = thread::spawn(move || {
            queued_there.store(true, Ordering::Release);
            while !flag_there.load(Ordering::Acquire) {
                thread::park();
            }
        });
        // They spin here, which a task may not: it would keep the other from its worker.
        while !queued.load(Ordering::Acquire) {
            thread::yield_now();
        }
        flag.store(true, Ordering::Release);
        parked_thread.thread().unpark();
        parked_thread.join().unwrap();
    });
}

#[test]
fn a_park_with_a_time_out_ends() {
    everywhere(|| {
        let timeout = Duration::from_millis(20);
        let beginning_park = Instant::now();
        let mut timeout_remaining = timeout;
        loop {
            thread::park_timeout(timeout_remaining);
            let elapsed = beginning_park.elapsed();
            if elapsed >= timeout {
                break;
            }
            timeout_remaining = timeout - elapsed;
        }
    });
}

#[test]
fn there_is_parallelism() -> io::Result<()> {
    let count = thread::available_parallelism()?.get();
    assert!(count >= 1_usize);
    Ok(())
}

#[test]
fn ids_differ() {
    everywhere(|| {
        let other_thread = thread::spawn(|| thread::current().id());
        let id: thread::ThreadId = other_thread.thread().id();
        let other_thread_id = other_thread.join().unwrap();
        assert!(thread::current().id() != other_thread_id);
        assert_eq!(id, other_thread_id);
    });
}

#[test]
fn a_detached_thread_outlives_its_spawner() {
    everywhere(|| {
        let (lives, alive) = mpsc::channel();
        let original_thread = thread::spawn(move || {
            let _detached_thread = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                lives.send("still alive").unwrap();
            });
        });
        original_thread
            .join()
            .expect("The thread being joined has panicked");
        let alive = hueless::blocking(move || alive.recv());
        assert_eq!(alive, Ok("still alive"));
    });
}

#[test]
fn a_thread_says_when_it_has_finished() {
    everywhere(|| {
        let handle = thread::spawn(thread::park);
        assert!(!handle.is_finished());
        handle.thread().unpark();
        while !handle.is_finished() {
            thread::yield_now();
        }
        handle.join().unwrap();
    });
}

#[test]
fn panicking_is_seen_in_destructors() {
    struct SomeStruct(mpsc::Sender<bool>);
    impl Drop for SomeStruct {
        fn drop(&mut self) {
            self.0.send(thread::panicking()).unwrap();
        }
    }
    let (tells, told) = mpsc::channel();
    // Alone on its OS thread: that is what it is about.
    let runtime = hueless::runtime::Builder::new().workers(1).build().unwrap();
    let ended = runtime.run(move || {
        drop(SomeStruct(tells.clone()));
        let thread = thread::spawn(move || {
            let _b = SomeStruct(tells);
            panic!("b")
        });
        thread.join()
    });
    assert!(ended.is_err());
    assert_eq!(told.iter().collect::<Vec<_>>(), [false, true]);
}
