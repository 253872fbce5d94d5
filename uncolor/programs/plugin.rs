//! A library with the feature `std`, for programs in C.

mod checks;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use checks::{a_lock_parks, a_socket_parks, lets_others_run, read, sleep};

/// Asserts that what std waits for parks its task, or blocks its thread: the bits of `park` say it of locks (1),
/// sleeps (2) and sockets (4).
#[unsafe(no_mangle)]
pub extern "C" fn plugin_check(park: u32) {
    match park & 1 {
        0 => assert!(!lets_others_run(wait_for_a_lock), "a lock parks"),
        _ => a_lock_parks(),
    }
    assert_eq!(lets_others_run(sleep), park & 2 != 0, "a sleep parks");
    if park & 4 != 0 {
        a_socket_parks(read);
    }
    println!("as expected");
}

/// Waits for a lock that a thread holds, and lets go while or before this waits.
fn wait_for_a_lock() {
    let lock = Arc::new(Mutex::new(()));
    let (tell, told) = mpsc::channel();
    let theirs = lock.clone();
    let holder = std::thread::spawn(move || {
        let _held = theirs.lock().unwrap();
        tell.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    });
    told.recv().unwrap();
    drop(lock.lock().unwrap());
    holder.join().unwrap();
}
