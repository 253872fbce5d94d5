//! Models of the semaphore.

use loom::sync::Arc;
use loom::thread;

use super::{AT_ONCE, Number, model, model_of_three};
use crate::sync::limit::Limit;
use crate::sync::raw_semaphore::RawSemaphore;

#[test]
fn a_permit_for_one_excludes_and_nobody_is_forgotten() {
    model_of_three(|| {
        let shared = Arc::new((RawSemaphore::new(1), Number::new()));
        let count = |(semaphore, number): &(RawSemaphore, Number)| {
            semaphore.acquire(1, Limit::Never).unwrap();
            number.add_one();
            semaphore.release(1);
        };
        let others = [(); 2].map(|()| {
            let there = shared.clone();
            thread::spawn(move || count(&there))
        });
        count(&shared);
        for other in others {
            other.join().unwrap();
        }
        assert!(shared.0.try_acquire(1));
        assert_eq!(shared.1.get(), 3);
        assert_eq!(shared.0.available(), 0);
    });
}

/// One wants both permits, one wants one, and they come one after the other.
#[test]
fn permits_that_come_singly_are_enough_for_one_who_wants_two() {
    model_of_three(|| {
        let semaphore = Arc::new(RawSemaphore::new(0));
        let waiting = [2, 1].map(|n| {
            let there = semaphore.clone();
            thread::spawn(move || there.acquire(n, Limit::Never).unwrap())
        });
        semaphore.release(2);
        assert!(semaphore.add(1).is_ok());
        for waiter in waiting {
            waiter.join().unwrap();
        }
        assert_eq!(semaphore.available(), 0);
    });
}

/// The one in front gives up; the permit that was not enough for it goes to the one behind it.
#[test]
fn who_gives_up_loses_no_permit() {
    model_of_three(|| {
        let semaphore = Arc::new(RawSemaphore::new(1));
        let there = semaphore.clone();
        let greedy = thread::spawn(move || there.acquire(2, AT_ONCE).is_ok());
        let there = semaphore.clone();
        let modest = thread::spawn(move || there.acquire(1, Limit::Never).unwrap());
        modest.join().unwrap();
        semaphore.release(1);
        assert!(!greedy.join().unwrap());
        assert_eq!(semaphore.available(), 1);
        assert!(semaphore.try_acquire(1));
    });
}

#[test]
fn a_permit_is_taken_or_still_there() {
    model(|| {
        let semaphore = Arc::new(RawSemaphore::new(0));
        let there = semaphore.clone();
        let other = thread::spawn(move || there.release(1));
        let taken = semaphore.acquire(1, AT_ONCE).is_ok();
        other.join().unwrap();
        assert_eq!(semaphore.available(), usize::from(!taken));
        assert_eq!(semaphore.try_acquire(1), !taken);
    });
}

/// Two give back, at once, as many as there may be, when so many are free already: what is too many is lost,
/// and who comes meanwhile has what it wants.
#[test]
fn permits_that_are_too_many_are_lost() {
    const MAX: usize = RawSemaphore::MAX;
    model(|| {
        let semaphore = Arc::new(RawSemaphore::new(MAX));
        let others = [(); 2].map(|()| {
            let there = semaphore.clone();
            thread::spawn(move || there.release(MAX))
        });
        assert!(semaphore.try_acquire(MAX));
        semaphore.release(MAX);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(semaphore.available(), MAX);
    });
}
