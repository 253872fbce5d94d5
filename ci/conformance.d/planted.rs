//! Faults that the lane `conformance` must find, written as the tests are that it takes.

use std::thread;

#[test]
fn fails() {
    let (_s, r) = crossbeam_channel::bounded(1);
    thread::spawn(move || _s.send(1).unwrap());
    assert_eq!(r.recv(), Ok(2));
}

#[test]
fn hangs() {
    let (s, _r) = crossbeam_channel::bounded(0);
    thread::spawn(move || s.send(()).unwrap()).join().unwrap();
}
