//! Very many connections at once, to a server that sends back what it gets.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use hueless::net::TcpStream;
use hueless::task::JoinHandle;
use hueless::{go, sleep};
use hueless_measure::{Figures, Memory};

/// How many tasks connect at once. The queue of each server's listener has room for more.
const CALLERS: usize = 64;
/// A server that takes longer to answer does not.
const PATIENCE: Duration = Duration::from_secs(10);

/// `n` connections to the echo server at `port`, which are all open while `hold` runs and are
/// echoed to before and after: the time until all are open and have had their first echo, the time
/// of the second, and, if the server's process is named, what memory each takes there.
///
/// # Errors
/// When a connection cannot be made, or does not get back what it has sent.
pub fn dial(
    port: u16,
    n: usize,
    server: Option<&str>,
    hold: impl FnOnce() -> io::Result<()>,
) -> io::Result<Figures> {
    let before = server.map(Memory::of);
    let start = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        go!(move || {
            let numbers = (caller..n).step_by(CALLERS);
            numbers.map(|number| open(port, number)).collect()
        })
    });
    let parts: Vec<Vec<TcpStream>> = join(callers.collect())?;
    let up = start.elapsed();
    // The last of the server's tasks wait again by then.
    sleep(Duration::from_millis(50));
    let each = server
        .map(Memory::of)
        .zip(before)
        .map(|(now, before)| now.more_each(before, n));
    hold()?;
    let start = Instant::now();
    let callers = parts.into_iter().enumerate().map(|(caller, part)| {
        go!(move || {
            let opened = part.len();
            // Not what was sent before.
            let numbers = (n + caller..).step_by(CALLERS);
            for (number, mut stream) in numbers.zip(part) {
                echo(&mut stream, number)?;
            }
            Ok(opened)
        })
    });
    let echoed: usize = join(callers.collect())?.into_iter().sum();
    let figures = Figures::milliseconds(up)
        .with_milliseconds("again_ms", start.elapsed())
        .with("connections", echoed);
    Ok(match each {
        Some(each) => each.figures(figures),
        None => figures,
    })
}

/// Says that all connections are open, and waits for the end of the standard input.
pub(super) fn until_the_input_ends() -> io::Result<()> {
    eprintln!("all connections are open");
    hueless::io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

/// A connection that has been echoed to.
fn open(port: u16, number: usize) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    echo(&mut stream, number)?;
    Ok(stream)
}

/// Sends what others do not send, and waits for it.
fn echo(stream: &mut TcpStream, number: usize) -> io::Result<()> {
    let sent = number.to_le_bytes();
    let mut got = [0; size_of::<usize>()];
    stream.write_all(&sent)?;
    stream.read_exact(&mut got)?;
    match got == sent {
        true => Ok(()),
        false => Err(io::Error::other(format!("{sent:?} came back as {got:?}"))),
    }
}

/// What the tasks give, in their order, or the first error.
fn join<T>(tasks: Vec<JoinHandle<io::Result<T>>>) -> io::Result<Vec<T>> {
    tasks
        .into_iter()
        .map(|task| task.join().map_err(io::Error::other)?)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hueless::net::TcpListener;

    use super::super::net::{send_back, serve};
    use super::*;

    /// A server that talks so, by its port.
    fn server(talk: fn(TcpStream) -> io::Result<()>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        go!(move || serve(&listener, talk));
        port
    }

    #[test]
    fn all_connections_are_open_at_once_and_echoed_to_twice() {
        static OPEN: AtomicUsize = AtomicUsize::new(0);
        static ECHOED: AtomicUsize = AtomicUsize::new(0);
        let figures = hueless::run(|| {
            let port = server(|mut stream| {
                OPEN.fetch_add(1, Ordering::Relaxed);
                let mut message = [0; 8];
                while stream.read_exact(&mut message).is_ok() {
                    ECHOED.fetch_add(1, Ordering::Relaxed);
                    stream.write_all(&message)?;
                }
                OPEN.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            });
            dial(port, 200, Some("self"), || {
                assert_eq!(OPEN.load(Ordering::Relaxed), 200);
                assert_eq!(ECHOED.load(Ordering::Relaxed), 200);
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(ECHOED.load(Ordering::Relaxed), 400);
        let all = ["ms", "again_ms", "connections", "bytes", "rss_b", "pte_b"];
        assert_eq!(figures.keys(), all);
        assert_eq!(figures.get("connections"), Some("200"));
    }

    #[test]
    fn a_connection_that_is_not_echoed_to_is_an_error() {
        hueless::run(|| {
            let port = server(send_back);
            dial(port, 5, None, || Ok(())).unwrap();
            let port = server(|mut stream| {
                stream.read_exact(&mut [0; 8])?;
                stream.write_all(b"not that")
            });
            let error = dial(port, 5, None, || Ok(())).unwrap_err();
            assert!(error.to_string().contains("came back as"), "{error}");
            let port = server(|_| Ok(()));
            dial(port, 5, None, || Ok(())).unwrap_err();
        });
    }
}
