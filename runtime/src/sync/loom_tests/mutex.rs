//! Models of the mutex.

use loom::sync::Arc;
use loom::thread;

use super::{AT_ONCE, Number, model, model_of_three};
use crate::sync::raw_mutex::RawMutex;

struct Counter {
    mutex: RawMutex,
    number: Number,
}

impl Counter {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            mutex: RawMutex::new(),
            number: Number::new(),
        })
    }

    fn count(&self) {
        self.mutex.lock();
        self.count_and_unlock();
    }

    fn count_and_unlock(&self) {
        self.number.add_one();
        // SAFETY: the caller has locked.
        unsafe { self.mutex.unlock() };
    }
}

#[test]
fn one_at_a_time_and_nobody_is_forgotten() {
    model(|| {
        let counter = Counter::new();
        let there = counter.clone();
        let other = thread::spawn(move || {
            there.count();
            there.count();
        });
        counter.count();
        other.join().unwrap();
        counter.mutex.lock();
        assert_eq!(counter.number.get(), 3);
    });
}

/// Three contend: one woken fails and has the lock handed over.
#[test]
fn a_lock_that_is_handed_over_is_held_by_one() {
    model_of_three(|| {
        let counter = Counter::new();
        let others = [(); 2].map(|()| {
            let there = counter.clone();
            thread::spawn(move || there.count())
        });
        counter.count();
        counter.count();
        for other in others {
            other.join().unwrap();
        }
        assert!(counter.mutex.try_lock());
        assert_eq!(counter.number.get(), 4);
    });
}

/// Somebody gives up beside one who waits, and whoever unlocks may have woken either.
#[test]
fn who_gives_up_takes_nothing_along() {
    model_of_three(|| {
        let counter = Counter::new();
        counter.mutex.lock();
        let there = counter.clone();
        let impatient = thread::spawn(move || {
            let locked = there.mutex.lock_within(AT_ONCE).is_ok();
            if locked {
                there.count_and_unlock();
            }
            u32::from(locked)
        });
        let there = counter.clone();
        let patient = thread::spawn(move || there.count());
        counter.count_and_unlock();
        let counted = impatient.join().unwrap();
        patient.join().unwrap();
        assert!(counter.mutex.try_lock());
        assert_eq!(counter.number.get(), 2 + counted);
    });
}
