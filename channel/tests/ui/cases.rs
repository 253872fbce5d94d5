//! Mistakes in the list of cases.

use hueless_channel::{select, select_biased, unbounded};

fn main() {
    let (s, r) = unbounded::<i32>();

    select! {}
    select_biased! {}
    select! {
        receive(r) -> _ => {}
    }
    select! {
        r.recv() -> msg => {}
    }
    select! {
        msg = recv(r) => {}
    }
    select! {
        "recv" => {}
    }
    select! {
        recv(r) -> _ => (); // a semicolon
        default => (),
    }
    select! {
        recv(r) -> _ => drop(1) // no comma
        default => (),
    }
    select! {
        recv(r) -> _ => println!() // no comma
        send(s, 1) -> _ => {}
    }
    select! {
        recv(r) -> _ => 1 // no comma
        default => 2
    }
    select! {
        recv(r) -> _ => {};
        default => {}
    }
    select! {
        , recv(r) -> _ => {}
    }
    select! {
        recv(r) -> _ => {},
        , default => {}
    }
    select! {
        default => {}
        recv(r) -> _ => {}
        default => {}
    }
    select! {
        recv(r) -> _ => {}
        other => {}
    }
    select! {
        recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
        recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}, recv(r) -> _ => {}
    }
}
