//! Connecting: to one address, or to the first of several that answers.
//!
//! Several addresses are tried as RFC 8305 ("Happy Eyeballs") has it: the families take turns, the
//! next attempt begins when the last one has failed or has gone on for [`STAGGER`], and the first to
//! connect wins. At most [`AT_A_TIME`] go on together; the next begins when one of them has failed.
//! One task, or thread, waits for all attempts together; the attempts live in its frame, so that
//! whatever ends the race, a cancellation too, closes those that are left.

use std::io;
use std::iter;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::net::TcpStream;
use crate::net::addr::{ToSocketAddrs, no_address};
use crate::readiness::{Case, Direction, Tick, wait_any};

/// For how long an attempt is the only one: RFC 8305's connection attempt delay.
const STAGGER: Duration = Duration::from_millis(250);

/// How many attempts go on at a time: a name may have hundreds of addresses, and each attempt takes a
/// descriptor here and a place in a host's queue.
const AT_A_TIME: usize = 8;

/// Connects to the first of `addr`'s addresses that answers.
pub(super) fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
    let mut addrs = addr.to_socket_addrs()?;
    let first = addrs.next().ok_or_else(no_address)?;
    match addrs.next() {
        None => connect_until(&first, None),
        Some(second) => {
            let all = [first, second].into_iter().chain(addrs).collect();
            Race::new(in_turns(all)).run()
        }
    }
}

/// Connects to `addr`, until `deadline`.
pub(super) fn connect_until(addr: &SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let stream = begin(*addr)?;
    let connected = stream
        .socket
        .run_until(Direction::Write, has_connected, deadline);
    match connected {
        Ok(()) => Ok(stream),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "connection timed out",
        )),
        Err(error) => Err(error),
    }
}

/// Begins to connect, and does not wait.
fn begin(addr: SocketAddr) -> io::Result<TcpStream> {
    loop {
        match mio::net::TcpStream::connect(addr) {
            Ok(stream) => return Ok(TcpStream::from_nonblocking(stream.into())),
            // With a new socket: that one has been closed.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether an attempt has succeeded; `WouldBlock` as long as nobody knows.
fn has_connected(stream: &std::net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(error)
            if error.kind() == io::ErrorKind::NotConnected
                || error.raw_os_error() == Some(libc::EINPROGRESS) =>
        {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

/// The addresses in the order of the attempts: the families take turns, beginning with that of the
/// first address, for the resolver has put the best first.
fn in_turns(addrs: Vec<SocketAddr>) -> impl Iterator<Item = SocketAddr> {
    let begins_with_v6 = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addrs
        .into_iter()
        .partition(|addr| addr.is_ipv6() == begins_with_v6);
    let mut families = [second.into_iter(), first.into_iter()];
    iter::from_fn(move || {
        families.swap(0, 1);
        families[0].next().or_else(|| families[1].next())
    })
}

/// A connection that is being made.
struct Attempt {
    stream: TcpStream,
    /// The tick that was read before the last look.
    seen: Tick,
}

/// Attempts that run against each other.
struct Race<I> {
    /// Those not tried yet.
    addrs: I,
    attempts: Vec<Attempt>,
    /// When the next address is tried, if there is room; `None` once there is no more.
    next_start: Option<Instant>,
    failure: Failure,
}

impl<I: Iterator<Item = SocketAddr>> Race<I> {
    fn new(addrs: I) -> Self {
        Self {
            addrs,
            attempts: Vec::new(),
            next_start: Some(Instant::now()),
            failure: Failure(None),
        }
    }

    fn run(mut self) -> io::Result<TcpStream> {
        hueless_runtime::checkpoint();
        loop {
            self.begin_what_is_due();
            if let Some(winner) = self.look() {
                return Ok(winner);
            }
            if self.is_next_due() {
                continue;
            }
            if self.attempts.is_empty() {
                return Err(self.failure.into_error());
            }
            let cases: io::Result<Vec<_>> = self.attempts.iter().map(Attempt::case).collect();
            // Whether the time is up or one may be done shows when looking at them.
            let _ = wait_any(&mut cases?, self.next_start());
        }
    }

    /// When the next attempt begins, if none ends before.
    fn next_start(&self) -> Option<Instant> {
        let has_room = self.attempts.len() < AT_A_TIME;
        self.next_start.filter(|_| has_room)
    }

    fn is_next_due(&self) -> bool {
        self.next_start()
            .is_some_and(|start| start <= Instant::now())
    }

    /// Begins the attempt that is due, and the next at once if that fails at once.
    fn begin_what_is_due(&mut self) {
        while self.is_next_due() {
            let Some(addr) = self.addrs.next() else {
                self.next_start = None;
                return;
            };
            match begin(addr) {
                Ok(stream) => {
                    let seen = stream.socket.expect_more(Direction::Write).seen();
                    self.attempts.push(Attempt { stream, seen });
                    self.next_start = Some(Instant::now() + STAGGER);
                }
                Err(error) => self.failure.note(error),
            }
        }
    }

    /// Takes the attempt that has succeeded, if there is one, and drops those that have failed.
    fn look(&mut self) -> Option<TcpStream> {
        let mut index = 0;
        while let Some(attempt) = self.attempts.get_mut(index) {
            match attempt.has_connected() {
                Ok(()) => return Some(self.attempts.swap_remove(index).stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => index += 1,
                Err(error) => {
                    self.attempts.remove(index);
                    self.failure.note(error);
                    // The next need not wait any longer.
                    self.next_start = self.next_start.map(|_| Instant::now());
                }
            }
        }
        None
    }
}

impl Attempt {
    fn has_connected(&mut self) -> io::Result<()> {
        self.seen = self.stream.socket.expect_more(Direction::Write).seen();
        has_connected(self.stream.socket.io())
    }

    /// What to wait for until the next look.
    fn case(&self) -> io::Result<Case<'_>> {
        let socket = &self.stream.socket;
        socket.ensure_told()?;
        Ok(socket.expect_after(Direction::Write, self.seen).into())
    }
}

/// Why nobody has won yet: the last error, as std has it, unless it says less than one before.
struct Failure(Option<io::Error>);

impl Failure {
    fn note(&mut self, error: io::Error) {
        match &self.0 {
            Some(before) if is_about_this_side(&error) && !is_about_this_side(before) => {}
            _ => self.0 = Some(error),
        }
    }

    fn into_error(self) -> io::Error {
        self.0.unwrap_or_else(no_address)
    }
}

/// Whether an attempt failed because this machine has no way to the address, as where there is no
/// IPv6. That says nothing of the host.
fn is_about_this_side(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable
    ) || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn v6(port: u16) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port))
    }

    fn turns(addrs: &[SocketAddr]) -> Vec<SocketAddr> {
        in_turns(addrs.to_vec()).collect()
    }

    #[test]
    fn families_take_turns() {
        assert_eq!(
            turns(&[v6(1), v6(2), v6(3), v4(1), v4(2)]),
            [v6(1), v4(1), v6(2), v4(2), v6(3)]
        );
        assert_eq!(
            turns(&[v4(1), v6(1), v6(2), v6(3)]),
            [v4(1), v6(1), v6(2), v6(3)]
        );
    }

    #[test]
    fn order_within_a_family_stays() {
        assert_eq!(turns(&[v4(3), v4(1), v4(2)]), [v4(3), v4(1), v4(2)]);
        assert_eq!(turns(&[v6(2)]), [v6(2)]);
        assert_eq!(turns(&[]), []);
    }

    /// Whatever became of them is not looked at here, so all go on.
    #[test]
    fn long_lists_take_few_sockets_at_a_time() {
        let listener = std::net::TcpListener::bind(v4(0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut race = Race::new([addr; 3 * AT_A_TIME].into_iter());
        let begin_as_if_time_passed = |race: &mut Race<_>| {
            for _ in 0..2 * AT_A_TIME {
                race.next_start = race.next_start.map(|_| Instant::now());
                race.begin_what_is_due();
            }
        };
        begin_as_if_time_passed(&mut race);
        assert_eq!(race.attempts.len(), AT_A_TIME);
        // It waits for their ends alone, and not for a time that has passed.
        assert_eq!(race.next_start(), None);
        let ended = race.attempts.remove(3);
        begin_as_if_time_passed(&mut race);
        assert_eq!(race.attempts.len(), AT_A_TIME);
        drop(ended);
        assert_eq!(race.addrs.len(), 2 * AT_A_TIME - 1);
    }

    #[test]
    fn most_telling_error_is_kept() {
        use io::ErrorKind::{ConnectionRefused, NetworkUnreachable, TimedOut};
        for (errors, kept) in [
            (
                &[ConnectionRefused, NetworkUnreachable][..],
                ConnectionRefused,
            ),
            (&[NetworkUnreachable, ConnectionRefused], ConnectionRefused),
            (&[ConnectionRefused, TimedOut], TimedOut),
            (&[NetworkUnreachable], NetworkUnreachable),
        ] {
            let mut failure = Failure(None);
            for kind in errors {
                failure.note((*kind).into());
            }
            assert_eq!(failure.into_error().kind(), kept, "{errors:?}");
        }
        assert_eq!(
            Failure(None).into_error().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
