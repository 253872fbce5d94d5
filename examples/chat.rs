//! A chat: a line from one client goes to all the others.
//!
//! ```sh
//! cargo run --release --example chat -- --addr 127.0.0.1:8080
//! nc 127.0.0.1 8080      # in several terminals
//! ```
//!
//! The first line that a client sends is its name. Every client has two tasks: one reads its lines
//! and puts them into a broadcast channel, which takes them at once whatever the others do; one takes
//! everybody's lines out and writes them. A client that is too slow misses lines, is told how many,
//! and holds up nobody.

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hueless::channel::broadcast::RecvError;
use hueless::channel::{Receiver, bounded, broadcast};
use hueless::net::{self, TcpListener, TcpStream};
use hueless::{go, select, sleep};
use lexopt::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

const HELP: &str = "\
A chat for clients such as nc: a line from one goes to all the others.

Usage: chat [OPTIONS]

Options:
  --addr ADDR  where to listen [default: 127.0.0.1:8080]; port 0 takes any
  --help       print this

Ctrl-C or SIGTERM stops it; a second one ends it at once.
";

/// Lines that a client may be behind before it misses some.
const ROOM: usize = 256;
/// Bytes of a line at most.
const MAX_LINE: usize = 4 << 10;
/// Bytes of a name at most.
const MAX_NAME: usize = 32;
/// How long the server waits for its clients to take its last words.
const GRACE: Duration = Duration::from_secs(1);

/// What somebody has said, for everybody but that client.
#[derive(Clone)]
struct Line {
    from: u64,
    text: Arc<str>,
}

/// Where lines go in, and where clients find them.
type Everybody = broadcast::Sender<Line>;

/// One client, from its name to its end.
fn client(stream: &Arc<TcpStream>, number: u64, everybody: &Everybody) -> io::Result<()> {
    let lines = everybody.subscribe();
    let (staying, left) = bounded(0);
    let output = stream.clone();
    let writer = go!(name = format!("to client {number}"), move || {
        // An error means that the client is gone.
        let _ = write_lines(&output, number, &lines, &left);
        output.close(); // so the reader notices
    });
    let read = read_lines(stream, number, everybody);
    // The writer waits for a line or for the client to take one.
    drop(staying);
    stream.close();
    let _ = writer.join();
    read
}

/// Passes on what the client says, until it ends its side.
fn read_lines(stream: &TcpStream, from: u64, everybody: &Everybody) -> io::Result<()> {
    let mut input = BufReader::with_capacity(512, stream);
    let Some(name) = read_line(&mut input, MAX_NAME)? else {
        return Ok(());
    };
    let say = |text: String| {
        let text = text.into();
        // Never waits. Nobody hears it when the server stops.
        let _ = everybody.send(Line { from, text });
    };
    say(format!("*** {name} is here\n"));
    let end = loop {
        match read_line(&mut input, MAX_LINE) {
            Ok(Some(text)) => say(format!("{name}: {text}\n")),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    say(format!("*** {name} has left\n"));
    end
}

/// Reads a line of at most `max` bytes, the rest being the next line; `None` at the end.
fn read_line(input: impl BufRead, max: usize) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.take(max as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    // What could play tricks on the others' terminals is left out.
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.chars().filter(|c| !c.is_control()).collect()))
}

/// Writes what the others say, until the client has `left` or the server stops.
fn write_lines(
    mut output: &TcpStream,
    to: u64,
    lines: &broadcast::Receiver<Line>,
    left: &Receiver<()>,
) -> io::Result<()> {
    output.write_all(b"Your name?\n")?;
    loop {
        let line = select! {
            recv(lines) -> line => line,
            recv(left) -> _ => return Ok(()),
        };
        match line {
            Ok(line) if line.from == to => {}
            Ok(line) => output.write_all(line.text.as_bytes())?,
            Err(RecvError::Lagged(missed)) => {
                output.write_all(format!("*** you missed {missed} lines\n").as_bytes())?;
            }
            Err(RecvError::Disconnected) => return output.write_all(b"*** the server stops\n"),
        }
    }
}

/// Serves until `listener` is closed and the clients are gone; returns how many there were.
fn serve(listener: &TcpListener) -> u64 {
    let (everybody, _) = broadcast(ROOM);
    // Every client's task holds a clone of `here`: the channel is disconnected when all ended.
    let (here, gone) = bounded::<()>(0);
    let mut count = 0;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                count += 1;
                let (number, stream) = (count, Arc::new(stream));
                let (everybody, here) = (everybody.clone(), here.clone());
                go!(name = format!("client {number}"), move || {
                    // An error means that the client is gone: nobody is left to tell.
                    let _ = client(&stream, number, &everybody);
                    drop((stream, here));
                });
            }
            Err(error) if net::is_closed(&error) => break,
            Err(error) => {
                eprintln!("chat: no new client for now: {error}");
                sleep(Duration::from_secs(1)); // out of descriptors? some client will end
            }
        }
    }
    drop(here);
    // The writers find the end of the channel, and take their leave.
    everybody.close();
    if gone.recv_timeout(GRACE).is_err_and(|why| why.is_timeout()) {
        eprintln!("chat: some clients did not take their last lines within {GRACE:?}");
    }
    count
}

fn main() -> ExitCode {
    let addr = match parse(lexopt::Parser::from_env()) {
        Ok(Some(addr)) => addr,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("chat: {wrong}\nTry `chat --help`.");
            return ExitCode::from(2);
        }
    };
    let served = hueless::run(|| {
        let listener = Arc::new(TcpListener::bind(addr.as_str())?);
        stop_on_signal(listener.clone())?;
        println!("listening on {}", listener.local_addr()?);
        io::Result::Ok(serve(&listener))
    });
    match served {
        Ok(count) => {
            println!("stopped: {count} clients served");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("chat: cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line: the address, or `None` if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<String>, lexopt::Error> {
    let mut addr = "127.0.0.1:8080".to_owned();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => addr = parser.value()?.string()?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(addr))
}

/// Closes `listener` at the first signal; the second one ends the process.
fn stop_on_signal(listener: Arc<TcpListener>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // Signals are waited for on an OS thread of their own.
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for (before, signal) in signals.forever().enumerate() {
                if before == 0 {
                    listener.close();
                } else {
                    let _ = emulate_default_handler(signal);
                }
            }
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hueless::task::JoinHandle;
    use std::net::{SocketAddr, TcpStream};

    /// A client on a plain OS thread and a socket of std.
    struct Client(BufReader<TcpStream>);

    impl Client {
        fn join(addr: SocketAddr, name: &str) -> Self {
            let stream = TcpStream::connect(addr).unwrap();
            // A test that fails shall not hang.
            let patience = Some(Duration::from_secs(20));
            stream.set_read_timeout(patience).unwrap();
            let mut client = Self(BufReader::new(stream));
            client.hears("Your name?");
            client.says(name);
            client
        }

        fn says(&mut self, line: &str) {
            let stream = self.0.get_mut();
            stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        }

        fn next(&mut self) -> String {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        }

        fn hears(&mut self, line: &str) {
            assert_eq!(self.next(), line);
        }
    }

    /// A server in this process.
    fn start() -> (Arc<TcpListener>, SocketAddr, JoinHandle<u64>) {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let (accepting, addr) = (listener.clone(), listener.local_addr().unwrap());
        (listener, addr, go!(move || serve(&accepting)))
    }

    #[test]
    fn lines_go_to_all_the_others() {
        let (listener, addr, server) = start();
        let mut anna = Client::join(addr, "anna");
        let mut ben = Client::join(addr, "ben");
        anna.hears("*** ben is here");
        let mut carla = Client::join(addr, "carla");
        anna.hears("*** carla is here");
        ben.hears("*** carla is here");
        ben.says("hello \x1b[2Jall");
        anna.hears("ben: hello [2Jall");
        carla.hears("ben: hello [2Jall");
        drop(ben);
        anna.hears("*** ben has left");
        carla.hears("*** ben has left");
        listener.close();
        anna.hears("*** the server stops");
        anna.hears("");
        assert_eq!(server.join().unwrap(), 3);
    }

    #[test]
    fn a_slow_client_misses_lines_and_stalls_nobody() {
        let (listener, addr, server) = start();
        let mut talker = Client::join(addr, "talker");
        let mut slow = Client::join(addr, "slow");
        talker.hears("*** slow is here");
        let mut quick = Client::join(addr, "quick");
        talker.hears("*** quick is here");
        slow.hears("*** quick is here");
        // Far more than the system buffers for one that does not read.
        const LINES: usize = 16 * ROOM;
        let line = "x".repeat(MAX_LINE - 1);
        // Fewer at a time than the channel holds, so that the quick one cannot miss any.
        const BATCH: usize = ROOM / 2;
        for _ in 0..LINES / BATCH {
            (0..BATCH).for_each(|_| talker.says(&line));
            (0..BATCH).for_each(|_| quick.hears(&format!("talker: {line}")));
        }
        // Now it reads: what has been written, how much it missed, and what is still there.
        talker.says("the end");
        let (mut heard, mut missed) = (0, 0);
        loop {
            let line = slow.next();
            match line.strip_prefix("*** you missed ") {
                Some(count) => missed += count.trim_end_matches(" lines").parse::<usize>().unwrap(),
                None if line == "talker: the end" => break,
                None => heard += usize::from(line.starts_with("talker: x")),
            }
        }
        assert!(missed > 0);
        assert_eq!(heard + missed, LINES);
        listener.close();
        assert_eq!(server.join().unwrap(), 3);
    }
}
