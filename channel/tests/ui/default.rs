//! Mistakes in a `default` case.

use std::time::Duration;

use hueless_channel::{select, unbounded};

fn main() {
    let (_s, r) = unbounded::<i32>();
    let time = Duration::from_millis(1);

    select! {
        default
    }
    select! {
        default =>
    }
    select! {
        recv(r) -> _ => {}
        default {}
    }
    select! {
        recv(r) -> _ => {}
        default -> _ => {}
    }
    select! {
        recv(r) -> _ => {}
        default(time) -> _ => {}
    }
    select! {
        recv(r) -> _ => {}
        default(time, time) => {}
    }
    select! {
        recv(r) -> _ => {}
        default(time)
    }
    select! {
        recv(r) -> _ => {}
        default(time) =>
    }
    select! {
        recv(r) -> _ => {}
        default(time) {}
    }
    select! {
        default =>
        recv(r) -> _ => {}
    }
    select! {
        recv(r) -> _ => {}
        default[time] => {}
    }
    select! {
        recv(r) -> _ => {}
        default time => {}
    }
}
