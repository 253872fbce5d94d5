//! Mistakes in a `send` case.

use hueless_channel::{select, unbounded};

fn main() {
    let (s, r) = unbounded::<i32>();

    select! {
        send
    }
    select! {
        send => {}
    }
    select! {
        send -> res => {}
    }
    select! {
        send s -> res => {}
    }
    select! {
        send { s, 1 } -> res => {}
    }
    select! {
        send() -> res => {}
    }
    select! {
        send(s) -> res => {}
    }
    select! {
        send(s, 1, 2) -> res => {}
    }
    select! {
        send(s <- 1) -> res => {}
    }
    select! {
        send(s, 1) => {}
    }
    select! {
        send(s, 1)
    }
    select! {
        send(s, 1) -> res
    }
    select! {
        send(s, 1) -> res =>
    }
    select! {
        send(s, 1) -> res =>
        recv(r) -> _ => {}
    }
    select! {
        send(s, 1) -> => {}
    }
    select! {
        send(s, 1) -> res {}
    }
    select! {
        send(s, 1) = res => {}
    }
}
