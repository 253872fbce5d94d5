//! A TCP relay: passes on whatever its clients send, and whatever comes back.
//!
//! ```sh
//! cargo run --release --example proxy -- --listen 127.0.0.1:9000 --to 127.0.0.1:8080
//! curl http://127.0.0.1:9000/
//! ```

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use hueless::net::{self, TcpListener, TcpStream};
use hueless::{go, io::copy_bidirectional, run, sleep};
use lexopt::prelude::*;

/// The command line: where to listen, and where to connect to.
fn parse(mut parser: lexopt::Parser) -> Result<(String, String), lexopt::Error> {
    let (mut listen, mut to) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => listen = Some(parser.value()?.string()?),
            Long("to") => to = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let listen = listen.ok_or("--listen is missing")?;
    Ok((listen, to.ok_or("--to is missing")?))
}

/// One client, until both sides have ended.
fn relay(client: TcpStream, to: &str) -> io::Result<()> {
    let server = TcpStream::connect(to).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot connect to {to}: {error}"))
    })?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?; // small messages are not held back
    }
    copy_bidirectional(client, server).map(drop)
}

/// A task for each client, until `listener` is closed.
fn serve(listener: &TcpListener, to: &str) {
    loop {
        match listener.accept() {
            Ok((client, from)) => {
                let to = to.to_owned();
                go!(move || {
                    relay(client, &to).unwrap_or_else(|error| eprintln!("proxy: {from}: {error}"))
                });
            }
            Err(error) if net::is_closed(&error) => return,
            Err(error) => {
                eprintln!("proxy: no new client for now: {error}");
                sleep(Duration::from_secs(1)); // out of descriptors? some client will end
            }
        }
    }
}

fn main() -> ExitCode {
    let (listen, to) = match parse(lexopt::Parser::from_env()) {
        Ok(addresses) => addresses,
        Err(wrong) => {
            eprintln!("proxy: {wrong}\nUsage: proxy --listen ADDR:PORT --to HOST:PORT");
            return ExitCode::from(2);
        }
    };
    let listening = run(|| {
        let listener = TcpListener::bind(listen.as_str())?;
        println!("relaying {} to {to}", listener.local_addr()?);
        serve(&listener, &to);
        io::Result::Ok(())
    });
    let Err(error) = listening else {
        return ExitCode::SUCCESS;
    };
    eprintln!("proxy: cannot listen on {listen}: {error}");
    ExitCode::FAILURE
}

#[test]
fn both_sides_hear_each_other_to_the_end() {
    use std::io::Write;

    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap().to_string();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(proxy.local_addr().unwrap()).unwrap();
    go!(move || serve(&proxy, &to));

    client.write_all(b"question").unwrap();
    client.shutdown(net::Shutdown::Write).unwrap();
    let (mut server, _) = server.accept().unwrap();
    assert_eq!(io::read_to_string(&server).unwrap(), "question");
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(io::read_to_string(client).unwrap(), "answer");
}

#[test]
fn addresses_are_asked_for() {
    let parse = |arguments: &[&str]| {
        parse(lexopt::Parser::from_args(arguments)).map_err(|wrong| wrong.to_string())
    };
    assert_eq!(parse(&["--to", "b:2"]).unwrap_err(), "--listen is missing");
    assert_eq!(parse(&["--listen", "a:1"]).unwrap_err(), "--to is missing");
    let both = parse(&["--listen=a:1", "--to=b:2"]).unwrap();
    assert_eq!(both, ("a:1".into(), "b:2".into()));
}
