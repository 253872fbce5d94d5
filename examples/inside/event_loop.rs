//! An event loop in forty lines: what a runtime does under the hood, and what it spares you.
//!
//! ```sh
//! cargo run --example event_loop
//! ```
//!
//! One thread, two queues: a task in `ready` runs until it has to wait for a socket, which it yields;
//! then it lies in `waiting` until that can be read. Prints what three clients hear from echo servers
//! in this loop, and from `go!`, where the runtime does all of it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use hueless::net::{Pollable, Shutdown, unix};
use hueless::{Generator, Yielder, generator, go, join_all, race_all};

/// What a task waits for: std's socket, which would block the thread if it were read too early.
type Socket = Arc<Pollable<UnixStream>>;

fn event_loop(mut ready: VecDeque<Generator<Socket>>) {
    let mut waiting: Vec<(Socket, Generator<Socket>)> = Vec::new();
    loop {
        // Each runs as far as it gets, on a stack of its own; it has ended, or says what it needs.
        while let Some(mut task) = ready.pop_front() {
            if let Some(socket) = task.next() {
                waiting.push((socket, task));
            }
        }
        // Which socket can be read first? `race_all` stands for the system's `poll`.
        let sockets = waiting.iter().map(|(socket, _)| socket).enumerate();
        let polls = sockets.map(|(index, socket)| move || (index, socket.readable()));
        let Some((index, _)) = race_all(polls) else {
            return; // nobody waits
        };
        ready.push_back(waiting.swap_remove(index).1);
    }
}

/// Sends back what it hears. Each wait has to be spelt out, and none may be forgotten.
fn echo(socket: UnixStream, y: &mut Yielder<Socket>) -> io::Result<()> {
    let (socket, mut bytes) = (Arc::new(Pollable::new(socket)?), [0; 64]);
    loop {
        y.yield_(socket.clone());
        match socket.get_ref().read(&mut bytes)? {
            0 => return Ok(()),
            len => socket.get_ref().write_all(&bytes[..len])?,
        }
    }
}

fn by_loop(sockets: Vec<UnixStream>) {
    let task = |socket| generator(move |y| echo(socket, y).expect("the client listens"));
    event_loop(sockets.into_iter().map(task).collect());
}

/// The same code without a loop around it. It only looks as if it blocked.
fn by_tasks(sockets: Vec<UnixStream>) {
    for socket in sockets.into_iter().map(unix::UnixStream::from) {
        go!(move || hueless::io::copy(&mut &socket, &mut &socket));
    }
}

/// What three clients hear while `serve` runs.
fn clients(serve: fn(Vec<UnixStream>)) -> Vec<String> {
    let pairs = (0..3).map(|_| UnixStream::pair().expect("a pair of sockets"));
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.unzip();
    let client = |socket| {
        let mut socket = unix::UnixStream::from(socket);
        socket.write_all(b"hello").expect("the server listens");
        socket.shutdown(Shutdown::Write).expect("it is open");
        io::read_to_string(socket).expect("the server answers")
    };
    let clients = go!(move || join_all(ours.into_iter().map(|socket| move || client(socket))));
    serve(theirs);
    clients.join().expect("all are answered")
}

fn main() {
    println!("by the loop:    {:?}", clients(by_loop));
    println!("by the runtime: {:?}", clients(by_tasks));
}

#[test]
fn both_answer_all_clients() {
    assert_eq!(clients(by_loop), ["hello"; 3]);
    assert_eq!(clients(by_tasks), ["hello"; 3]);
}
