//! Cases that can be read and have the wrong types.

use hueless_channel::{select, unbounded};

fn main() {
    let (s, r) = unbounded::<i32>();

    select! {
        recv(s) -> _ => {}
    }
    select! {
        recv(s) -> _ => {}
        default => {}
    }
    select! {
        send(r, 1) -> _ => {}
    }
    select! {
        recv(1) -> _ => {}
        recv(r) -> _ => {}
    }
    select! {
        send("s", 1) -> _ => {}
    }
    select! {
        send(s, "one") -> _ => {}
    }
    select! {
        recv(r) -> _ => {}
        default(10) => {}
    }
    select! {
        recv(r) -> _ => {}
        send(s, 1) -> _ => {}
        default(10) => {}
    }
    let _: i32 = select! {
        recv(r) -> msg => msg,
    };
}
