//! A poller that closes while sockets are registered with it.

mod common;

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{descriptors, pair};
use hueless_runtime::driver::{self, Driver, Poller};

/// Gives out the poller that is current.
struct Current(Mutex<Option<Arc<dyn Poller>>>);

impl Driver for Current {
    fn poller(&self) -> io::Result<Arc<dyn Poller>> {
        Ok(self.0.lock().unwrap().clone().unwrap())
    }
}

static CURRENT: Current = Current(Mutex::new(None));

/// Makes a new poller the current one.
fn new_poller() -> Arc<dyn Poller> {
    let poller = hueless_netpoll::driver().poller().unwrap();
    *CURRENT.0.lock().unwrap() = Some(Arc::clone(&poller));
    poller
}

#[test]
fn waiters_move_to_the_next_poller() {
    driver::install(&CURRENT);
    let before = descriptors();
    let mut poller = new_poller();
    let (client, server) = pair();
    let readers: Vec<_> = [client.try_clone().unwrap(), client]
        .into_iter()
        .map(|mut end| std::thread::spawn(move || end.read_exact(&mut [0]).unwrap()))
        .collect();
    for _ in 0..100 {
        // At least one of them has come.
        while !poller.is_in_use() {
            std::thread::yield_now();
        }
        poller.wait(Some(Duration::ZERO));
        let next = new_poller();
        poller.close();
        poller = next;
    }
    (&server).write_all(b"xy").unwrap();
    for reader in readers {
        while !reader.is_finished() {
            poller.wait(Some(Duration::from_millis(1)));
        }
        reader.join().unwrap();
    }
    drop(server);
    poller.close();
    *CURRENT.0.lock().unwrap() = None;
    drop(poller);
    assert_eq!(descriptors(), before, "a poller's descriptors are left");
}
