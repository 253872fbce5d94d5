//! Patterns that do not take every result.

use hueless_channel::{select, unbounded};

fn main() {
    let (s, r) = unbounded::<i32>();

    select! {
        recv(r) -> Ok(_) => {}
    }
    select! {
        recv(r) -> Ok(_) => {}
        send(s, 1) -> _ => {}
    }
    select! {
        recv(r) -> _ => {}
        send(s, 1) -> Err(_) => {}
    }
}
