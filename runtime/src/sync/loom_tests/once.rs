//! Models of what is done once.

use std::convert::Infallible;

use loom::sync::Arc;
use loom::thread;

use super::{Number, model, model_of_three};
use crate::sync::limit::Limit;
use crate::sync::raw_once::RawOnce;

type Shared = (RawOnce, Number);

fn call(shared: &Shared) {
    let done: Result<(), Infallible> = shared.0.call(|_| {
        shared.1.add_one();
        Ok(())
    });
    let Ok(()) = done;
    assert_eq!(shared.1.get(), 1);
}

#[test]
fn it_is_done_once_and_seen_by_all() {
    model_of_three(|| {
        let shared = Arc::new((RawOnce::new(), Number::new()));
        let there = shared.clone();
        let caller = thread::spawn(move || call(&there));
        let there = shared.clone();
        let waiter = thread::spawn(move || {
            there.0.wait(Limit::Never).unwrap();
            assert_eq!(there.1.get(), 1);
        });
        call(&shared);
        caller.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn who_fails_leaves_it_to_the_next() {
    model(|| {
        let shared = Arc::new((RawOnce::new(), Number::new()));
        let there = shared.clone();
        let failing = thread::spawn(move || there.0.call(|_| Err(())).is_err());
        call(&shared);
        failing.join().unwrap();
    });
}
