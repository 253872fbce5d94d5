//! How a stream waits for a listener.
//!
//! The system connects to a Unix listener at once, or not at all. The one thing to wait for is room
//! among the connections that the listener has not accepted, and of that no poller tells: a socket
//! that is not connected yet is in no relation to the listener. The system can only be waited in, by
//! a socket in blocking mode; so where there is no room a thread of the blocking pool does that.
//!
//! It does so for one [`TURN`] after the other, and only for so many sockets at a time
//! ([`AT_A_TIME`]): the other tasks wait in a line, and who has not got room in its turn goes to the
//! end of it. So however many wait, they take few of the pool's threads, a listener that accepts none
//! holds nobody up for long, and a task that is cancelled, or whose listener is closed, notices that
//! at the end of its turn. The thread ends the turn, not the task: that might run much later, and in
//! the line nobody waits for anything but the pool. OS threads wait in the system by themselves.
//!
//! Rejected: trying again and again with sleeps in between. It is late when there is room, and who
//! comes just then is served before those who have waited.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use hueless_channel::{Receiver, Sender, bounded};
use hueless_runtime::park::Wait;
use socket2::{Domain, SockAddr, Socket, Type};

/// How long a thread waits for one socket.
const TURN: Duration = Duration::from_millis(50);
/// For how many sockets threads wait at a time.
const AT_A_TIME: usize = 4;

/// Holds a message for each socket that has its turn; the line are those who wait to send one.
static TURNS: LazyLock<(Sender<()>, Receiver<()>)> = LazyLock::new(|| bounded(AT_A_TIME));

/// A task's turn, which ends when this is dropped.
struct Turn;

impl Turn {
    /// Waits in the line, in a task; `None` on a thread. Unwinds if the task is cancelled.
    fn begin() -> Option<Self> {
        // A task that is cancelled has no turn either: what it does next unwinds.
        Wait::begin_in_task()?;
        TURNS.0.send(()).expect("the other end is kept beside it");
        Some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURNS
            .1
            .try_recv()
            .expect("there is a message for each turn");
    }
}

/// Connects to `addr`.
pub(super) fn connect(addr: &SocketAddr) -> io::Result<net::UnixStream> {
    hueless_runtime::checkpoint();
    let addr = system_addr(addr)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let mut connected = attempt(&socket, &addr);
    if is_full(&connected) {
        socket.set_nonblocking(false)?;
        socket.set_write_timeout(Some(TURN))?;
        while is_full(&connected) {
            let turn = Turn::begin();
            connected = hueless_runtime::blocking(|| {
                let _until_here = turn;
                attempt(&socket, &addr)
            });
        }
        socket.set_write_timeout(None)?;
    }
    connected?;
    Ok(OwnedFd::from(socket).into())
}

/// Tries to connect, in the socket's mode.
fn attempt(socket: &Socket, addr: &SockAddr) -> io::Result<()> {
    loop {
        match socket.connect(addr) {
            // By a signal. Nothing is under way.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

/// Whether an attempt has failed for want of room, at once or after the socket's time-out.
fn is_full(attempt: &io::Result<()>) -> bool {
    matches!(attempt, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The address as the system has it.
fn system_addr(addr: &SocketAddr) -> io::Result<SockAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = abstract_name(addr) {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        return SockAddr::unix(OsStr::from_bytes(&[b"\0", name].concat()));
    }
    // That of an unnamed address is empty, which the system refuses to connect to.
    SockAddr::unix(addr.as_pathname().unwrap_or(Path::new("")))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_name(addr: &SocketAddr) -> Option<&[u8]> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    addr.as_abstract_name()
}
