//! Loom models of the readiness protocol: operations, events, closing and moving, on loom's threads.

use loom::sync::{Arc, Mutex};
use loom::thread;

use super::{Direction, Edges, Readiness, Waited};
use crate::loom::{AtomicBool, Ordering};

const READ: Direction = Direction::Read;

/// A socket's receiving side: what the system keeps of it, and its readiness.
struct Pipe {
    system: Mutex<System>,
    readiness: Readiness,
    closed: AtomicBool,
}

#[derive(Default)]
struct System {
    bytes: usize,
    ended: bool,
}

impl Pipe {
    fn new() -> Arc<Self> {
        let pipe = Arc::new(Self {
            system: Mutex::new(System::default()),
            readiness: Readiness::new(),
            closed: AtomicBool::new(false),
        });
        pipe.readiness.begin_watch();
        pipe
    }

    /// The peer sends, and perhaps ends; the poller hears of it at some later time.
    fn send(&self, bytes: usize, ends: bool) {
        let mut system = self.system.lock().unwrap();
        system.bytes += bytes;
        system.ended |= ends;
        drop(system);
        self.tell();
    }

    fn tell(&self) {
        // As the system does: the event tells the state of the moment it is fetched.
        let special = self.system.lock().unwrap().ended;
        let edges = Edges {
            read: true,
            write: false,
            special,
        };
        let mut woken = hueless_runtime::park::ClaimedList::default();
        self.readiness.tell(edges, &mut woken);
    }

    /// Reads up to `room` bytes; `Some(0)` at the end, `None` once closed.
    fn read(&self, room: usize) -> Option<usize> {
        loop {
            let seen = self.readiness.tick(READ);
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            if !self.readiness.is_exhausted(READ, seen) {
                let mut system = self.system.lock().unwrap();
                let read = room.min(system.bytes);
                system.bytes -= read;
                if read > 0 || system.ended {
                    drop(system);
                    if 0 < read && read < room {
                        self.readiness.note_exhausted(READ, seen);
                    }
                    return Some(read);
                }
            }
            assert_eq!(self.readiness.wait(READ, seen, None), Waited::Retry);
            if !self.readiness.is_watched() {
                // The next poller tells at once what there is.
                self.readiness.begin_watch();
                self.tell();
            }
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.readiness.wake_all();
    }
}

/// A model with at most so many switches that no thread asks for.
fn bounded(preemptions: usize) -> loom::model::Builder {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model
}

#[test]
fn reader_gets_what_is_sent() {
    // In full it takes minutes.
    bounded(4).check(|| {
        let pipe = Pipe::new();
        let sender = {
            let pipe = pipe.clone();
            thread::spawn(move || {
                pipe.send(1, false);
                pipe.send(1, true);
            })
        };
        // Room for more than there is, so that calls are spared.
        let mut got = 0;
        loop {
            match pipe.read(3).unwrap() {
                0 => break,
                read => got += read,
            }
        }
        assert_eq!(got, 2);
        sender.join().unwrap();
    });
}

/// One event, for two bytes; each of two readers takes one.
#[test]
fn all_readers_wake() {
    // Three threads: in full it takes hours.
    bounded(2).check(|| {
        let pipe = Pipe::new();
        let readers = [0; 2].map(|_| {
            let pipe = pipe.clone();
            thread::spawn(move || assert_eq!(pipe.read(1), Some(1)))
        });
        pipe.send(2, false);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn close_wakes_reader() {
    loom::model(|| {
        let pipe = Pipe::new();
        let reader = {
            let pipe = pipe.clone();
            thread::spawn(move || assert_eq!(pipe.read(1), None))
        };
        pipe.close();
        reader.join().unwrap();
    });
}

/// The poller closes while a reader comes; what is sent meanwhile is told by the next poller.
#[test]
fn reader_moves_to_the_next_poller() {
    loom::model(|| {
        let pipe = Pipe::new();
        let reader = {
            let pipe = pipe.clone();
            thread::spawn(move || assert_eq!(pipe.read(1), Some(1)))
        };
        pipe.readiness.end_watch();
        // Nobody tells of this unless the descriptor is being watched again by now.
        pipe.system.lock().unwrap().bytes += 1;
        if pipe.readiness.is_watched() {
            pipe.tell();
        }
        reader.join().unwrap();
    });
}
