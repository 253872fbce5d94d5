//! An event loop in forty lines: what a runtime does under the hood, and what it spares you.
//!
//! ```sh
//! cargo run --example event_loop
//! ```
//!
//! One thread, two queues: a task in `ready` runs until it has to wait for a socket, which it yields;
//! then it lies in `waiting` until that can be read. Prints what the clients of three echo servers hear,
//! from this loop and then from `go!`, where the runtime does all of it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use hueless::net::{Pollable, unix};
use hueless::{Generator, Yielder, generator, go, io, join_all, race_all};

/// What a task waits for: std's socket, which would block the thread if it were read too early.
type Socket = Arc<Pollable<UnixStream>>;

fn event_loop(mut ready: VecDeque<Generator<Socket>>) {
    let mut waiting: Vec<(Socket, Generator<Socket>)> = Vec::new();
    loop {
        // Each runs as far as it gets, on a stack of its own, and has ended or says what it wants.
        while let Some(mut task) = ready.pop_front() {
            if let Some(socket) = task.next() {
                waiting.push((socket, task));
            }
        }
        // Which socket can be read first? `race_all` stands for the system's `poll`.
        let sockets = waiting.iter().map(|(socket, _)| socket).enumerate();
        let polls = sockets.map(|(index, socket)| move || socket.readable().map(|()| index));
        match race_all(polls) {
            None => return, // nobody waits
            Some(first) => ready.push_back(waiting.swap_remove(first.expect("no error")).1),
        }
    }
}

/// Sends back what it hears. Each wait has to be spelt out, and none may be forgotten.
fn echo(socket: UnixStream, y: &mut Yielder<Socket>) -> std::io::Result<()> {
    let (socket, mut bytes) = (Arc::new(Pollable::new(socket)?), [0; 64]);
    loop {
        y.yield_(socket.clone());
        match socket.get_ref().read(&mut bytes)? {
            0 => return Ok(()),
            len => socket.get_ref().write_all(&bytes[..len])?,
        }
    }
}

/// The same for `go!`: it only looks as if it blocked.
fn plain_echo(socket: UnixStream) -> std::io::Result<u64> {
    let socket = unix::UnixStream::from(socket);
    io::copy(&mut &socket, &mut &socket)
}

/// What three clients hear who talk to these servers while `serve` runs.
fn clients(serve: impl FnOnce(Vec<UnixStream>)) -> Vec<String> {
    let pairs = (1..=3).map(|_| UnixStream::pair().expect("a pair of sockets"));
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.unzip();
    let clients = go!(move || {
        join_all(ours.into_iter().enumerate().map(|(number, socket)| {
            move || {
                let mut socket = unix::UnixStream::from(socket);
                write!(socket, "client {number}").expect("the server listens");
                socket.shutdown(Shutdown::Write).expect("it is open");
                std::io::read_to_string(socket).expect("the server answers")
            }
        }))
    });
    serve(theirs);
    clients.join().expect("all are answered")
}

fn by_loop(sockets: Vec<UnixStream>) {
    let task = |socket| generator(move |y| echo(socket, y).expect("the client listens"));
    event_loop(sockets.into_iter().map(task).collect());
}

fn by_tasks(sockets: Vec<UnixStream>) {
    for socket in sockets {
        go!(move || plain_echo(socket));
    }
}

fn main() {
    println!("by the loop:   {:?}", clients(by_loop));
    println!("by the runtime: {:?}", clients(by_tasks));
}

#[test]
fn both_answer_all_clients() {
    let heard = ["client 0", "client 1", "client 2"];
    assert_eq!(clients(by_loop), heard);
    assert_eq!(clients(by_tasks), heard);
}
