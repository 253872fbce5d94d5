//! Models of notifications.

use loom::sync::Arc;
use loom::thread;

use super::{AT_ONCE, Number, model, model_of_three};
use crate::sync::limit::Limit;
use crate::sync::raw_notify::RawNotify;

#[test]
fn a_notification_comes_before_or_during_the_wait() {
    model(|| {
        let shared = Arc::new((RawNotify::new(), Number::new()));
        let there = shared.clone();
        let other = thread::spawn(move || {
            there.1.add_one();
            there.0.notify_one();
        });
        shared.0.wait(Limit::Never).unwrap();
        assert_eq!(shared.1.get(), 1);
        other.join().unwrap();
        assert!(!shared.0.take());
    });
}

#[test]
fn a_notification_is_received_or_kept() {
    model(|| {
        let notify = Arc::new(RawNotify::new());
        let there = notify.clone();
        let other = thread::spawn(move || there.notify_one());
        let received = notify.wait(AT_ONCE).is_ok();
        other.join().unwrap();
        assert_eq!(notify.take(), !received);
    });
}

/// One waiter may give up: the notification then reaches the other one.
#[test]
fn a_notification_finds_the_one_who_still_waits() {
    model_of_three(|| {
        let notify = Arc::new(RawNotify::new());
        let there = notify.clone();
        let impatient = thread::spawn(move || there.wait(AT_ONCE).is_ok());
        let there = notify.clone();
        let patient = thread::spawn(move || there.wait(Limit::Never).unwrap());
        notify.notify_one();
        if impatient.join().unwrap() {
            notify.notify_one();
        }
        patient.join().unwrap();
        assert!(!notify.take());
    });
}
