//! Mistakes in a `recv` case.

use hueless_channel::{select, unbounded};

fn main() {
    let (s, r) = unbounded::<i32>();

    select! {
        recv
    }
    select! {
        recv => {}
    }
    select! {
        recv -> msg => {}
    }
    select! {
        recv r -> msg => {}
    }
    select! {
        recv[r] -> msg => {}
    }
    select! {
        recv() -> msg => {}
    }
    select! {
        recv(r, s) -> msg => {}
    }
    select! {
        recv(r) => {}
    }
    select! {
        recv(r)
    }
    select! {
        recv(r) ->
    }
    select! {
        recv(r) -> msg
    }
    select! {
        recv(r) -> msg =>
    }
    select! {
        recv(r) -> msg => ,
        default => {}
    }
    select! {
        recv(r) -> msg =>
        send(s, 1) -> _ => {}
    }
    select! {
        recv(r) -> => {}
    }
    select! {
        recv(r) -> 1 + 1 => {}
    }
    select! {
        recv(r) -> if => {}
    }
    select! {
        recv(r) -> msg {}
    }
    select! {
        recv(r) -> msg if true => {}
    }
    select! {
        recv(r) = msg => {}
    }
    select! {
        recv(r) as msg => {}
    }
    select! {
        recv(r): msg => {}
    }
}
