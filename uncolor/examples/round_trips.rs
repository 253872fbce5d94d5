//! What a round trip costs over std's sockets, microseconds each: in OS threads, in tasks, and in tasks over hueless's
//! own sockets. Client and server are of one kind, and share two workers.
//!
//! ```sh
//! cargo run --release -p hueless-uncolor --example round_trips [connections] [round trips]
//! ```

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use hueless_netpoll::net;
use hueless_runtime::runtime::{Builder, Runtime};
use hueless_uncolor as _;

/// How many rounds are made; the median counts.
const ROUNDS: usize = 5;

/// As many round trips as `count` on one connection, and how long connecting took, in all.
fn client<S: Read + Write>(mut stream: S, count: usize) {
    let mut answer = [0; 16];
    for _ in 0..count {
        stream.write_all(&[7; 16]).unwrap();
        stream.read_exact(&mut answer).unwrap();
    }
}

fn server<S: Read + Write>(mut stream: S) {
    let mut request = [0; 16];
    while stream.read_exact(&mut request).is_ok() {
        stream.write_all(&request).unwrap();
    }
}

/// The two sides of a program over std's sockets.
#[derive(Clone, Copy)]
struct Shape {
    connections: usize,
    count: usize,
}

fn in_threads(Shape { connections, count }: Shape) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let small = || thread::Builder::new().stack_size(64 << 10);
    thread::scope(|scope| {
        let accepts = move || {
            for stream in listener.incoming().take(connections) {
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                small().spawn_scoped(scope, || server(stream)).unwrap();
            }
        };
        small().spawn_scoped(scope, accepts).unwrap();
        for _ in 0..connections {
            let connects = move || client(connected(address), count);
            small().spawn_scoped(scope, connects).unwrap();
        }
    });
}

fn connected(address: SocketAddr) -> std::net::TcpStream {
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn in_tasks(runtime: &Runtime, Shape { connections, count }: Shape) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepts = runtime.spawn(move || {
        let serve = |stream: std::io::Result<std::net::TcpStream>| {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            hueless_runtime::spawn(|| server(stream))
        };
        let tasks: Vec<_> = listener.incoming().take(connections).map(serve).collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    let connect = |_| runtime.spawn(move || client(connected(address), count));
    let tasks: Vec<_> = (0..connections).map(connect).collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    accepts.join().unwrap();
}

fn over_ours(runtime: &Runtime, Shape { connections, count }: Shape) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepts = runtime.spawn(move || {
        let serve = |stream: std::io::Result<net::TcpStream>| {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            hueless_runtime::spawn(|| server(stream))
        };
        let tasks: Vec<_> = listener.incoming().take(connections).map(serve).collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    let connect = |_| {
        runtime.spawn(move || {
            let stream = net::TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            client(stream, count);
        })
    };
    let tasks: Vec<_> = (0..connections).map(connect).collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    accepts.join().unwrap();
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|text| text.parse().expect("a number"));
    let shape = Shape {
        connections: numbers.next().unwrap_or(100),
        count: numbers.next().unwrap_or(500),
    };
    let runtime = Builder::new().workers(2).build().unwrap();
    type Kind<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let kinds: [Kind<'_>; 3] = [
        ("std in threads", Box::new(|| in_threads(shape))),
        ("std in tasks", Box::new(|| in_tasks(&runtime, shape))),
        ("hueless in tasks", Box::new(|| over_ours(&runtime, shape))),
    ];
    let mut costs = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for ((_, run), costs) in kinds.iter().zip(&mut costs) {
            let begun = Instant::now();
            run();
            costs.push(begun.elapsed());
        }
    }
    let trips = (shape.connections * shape.count) as f64;
    for ((name, _), costs) in kinds.iter().zip(&mut costs) {
        costs.sort();
        let median = costs[ROUNDS / 2].as_secs_f64() * 1e6 / trips;
        println!("{name:16}  {median:7.2} µs a round trip");
    }
}
