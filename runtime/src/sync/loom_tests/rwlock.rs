//! Models of the reader-writer lock.

use loom::sync::Arc;
use loom::thread;

use super::{AT_ONCE, Number, model, model_of_three};
use crate::sync::limit::Limit;
use crate::sync::raw_rwlock::RawRwLock;

struct Shared {
    lock: RawRwLock,
    number: Number,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: RawRwLock::new(),
            number: Number::new(),
        })
    }

    fn read(&self) -> u32 {
        self.lock.read(Limit::Never).unwrap();
        let number = self.number.get();
        // SAFETY: locked above.
        unsafe { self.lock.unlock_read() };
        number
    }

    fn write(&self, limit: Limit) -> bool {
        let locked = self.lock.write(limit).is_ok();
        if locked {
            self.number.add_one();
            // SAFETY: locked above.
            unsafe { self.lock.unlock_write() };
        }
        locked
    }

    fn assert_free(&self) {
        assert!(self.lock.try_write());
    }
}

#[test]
fn a_writer_excludes_readers_and_nobody_is_forgotten() {
    model(|| {
        let shared = Shared::new();
        let there = shared.clone();
        let writer = thread::spawn(move || there.write(Limit::Never));
        shared.read();
        shared.read();
        writer.join().unwrap();
        assert_eq!(shared.read(), 1);
        shared.assert_free();
    });
}

#[test]
fn two_writers_and_a_reader_have_their_turns() {
    model_of_three(|| {
        let shared = Shared::new();
        let writers = [(); 2].map(|()| {
            let there = shared.clone();
            thread::spawn(move || there.write(Limit::Never))
        });
        shared.read();
        for writer in writers {
            assert!(writer.join().unwrap());
        }
        assert_eq!(shared.read(), 2);
        shared.assert_free();
    });
}

#[test]
fn a_writer_waits_for_two_readers() {
    model_of_three(|| {
        let shared = Shared::new();
        let readers = [(); 2].map(|()| {
            let there = shared.clone();
            thread::spawn(move || there.read())
        });
        shared.write(Limit::Never);
        for reader in readers {
            reader.join().unwrap();
        }
        shared.assert_free();
    });
}

/// A writer that gives up lets in the readers that it has kept out.
#[test]
fn a_writer_that_gives_up_keeps_nobody_out() {
    model_of_three(|| {
        let shared = Shared::new();
        shared.lock.read(Limit::Never).unwrap();
        let there = shared.clone();
        let writer = thread::spawn(move || there.write(AT_ONCE));
        let there = shared.clone();
        let reader = thread::spawn(move || there.read());
        // SAFETY: locked above.
        unsafe { shared.lock.unlock_read() };
        let written = writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(shared.read(), u32::from(written));
        shared.assert_free();
    });
}

#[test]
fn a_reader_that_gives_up_is_not_counted() {
    model(|| {
        let shared = Shared::new();
        let there = shared.clone();
        let writer = thread::spawn(move || there.write(Limit::Never));
        if shared.lock.read(AT_ONCE).is_ok() {
            shared.number.get();
            // SAFETY: locked above.
            unsafe { shared.lock.unlock_read() };
        }
        writer.join().unwrap();
        shared.assert_free();
    });
}

#[test]
fn a_writer_that_goes_on_as_a_reader_lets_others_in() {
    model(|| {
        let shared = Shared::new();
        let there = shared.clone();
        let reader = thread::spawn(move || there.read());
        shared.lock.write(Limit::Never).unwrap();
        shared.number.add_one();
        // SAFETY: locked above.
        unsafe { shared.lock.downgrade() };
        reader.join().unwrap();
        assert_eq!(shared.number.get(), 1);
        // SAFETY: as above.
        unsafe { shared.lock.unlock_read() };
        shared.assert_free();
    });
}
