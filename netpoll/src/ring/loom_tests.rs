//! Loom models of a ring: nobody sleeps through bytes, room or an end.

use loom::sync::Arc;
use loom::thread;

use super::Ring;
use crate::readiness::Attempt;

/// Reads once, waiting if need be.
fn read(ring: &Ring, buf: &mut [u8]) -> usize {
    loop {
        match ring.attempt_read(buf) {
            Attempt::Done(read) => return read,
            Attempt::Blocked(expected) => {
                let _ = expected.wait(None);
            }
        }
    }
}

/// Writes once, waiting if need be; false if the pipe is broken.
fn write(ring: &Ring, byte: u8) -> bool {
    loop {
        match ring.attempt_write(&[byte]) {
            Ok(Attempt::Done(written)) => return written == 1,
            Ok(Attempt::Blocked(expected)) => {
                let _ = expected.wait(None);
            }
            Err(_) => return false,
        }
    }
}

/// A model with at most so many switches that no thread asks for: in full some take hours.
fn bounded(preemptions: usize) -> loom::model::Builder {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model
}

#[test]
fn bytes_come_in_order_and_then_the_end() {
    bounded(4).check(|| {
        let ring = Arc::new(Ring::new(1));
        let writer = thread::spawn({
            let ring = Arc::clone(&ring);
            move || {
                assert!(write(&ring, 1));
                assert!(write(&ring, 2));
                ring.end();
            }
        });
        let mut got: Vec<u8> = Vec::new();
        let mut buf = [0; 2];
        while let read @ 1.. = read(&ring, &mut buf) {
            got.extend(&buf[..read]);
        }
        assert_eq!(got, [1, 2]);
        writer.join().unwrap();
    });
}

/// The second byte comes into a ring that is not empty, and is not told.
#[test]
fn two_readers_get_a_byte_each() {
    bounded(2).check(|| {
        let ring = Arc::new(Ring::new(2));
        let readers = [(); 2].map(|()| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || assert_eq!(read(&ring, &mut [0]), 1))
        });
        assert!(write(&ring, 1));
        assert!(write(&ring, 2));
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn abandoning_wakes_the_writer() {
    bounded(4).check(|| {
        let ring = Arc::new(Ring::new(1));
        let writer = thread::spawn({
            let ring = Arc::clone(&ring);
            move || while write(&ring, 1) {}
        });
        read(&ring, &mut [0]);
        ring.abandon();
        writer.join().unwrap();
    });
}
