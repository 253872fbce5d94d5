//! The feature `std`: a program that names nothing but the facade gets it.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hueless::channel::bounded;
use hueless::runtime::Builder;

#[test]
fn a_lock_is_held_across_a_receive_on_one_worker() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (send, received) = bounded(0);
    let sum = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (sum, received) = (sum.clone(), received.clone());
            runtime.spawn(move || {
                let mut sum = sum.lock().unwrap();
                std::thread::sleep(Duration::from_micros(10));
                *sum += received.recv().unwrap();
            })
        })
        .collect();
    (1..=100).for_each(|number| send.send(number).unwrap());
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*sum.lock().unwrap(), 5050);
}
