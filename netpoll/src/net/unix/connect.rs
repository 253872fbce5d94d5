//! How a stream waits for a listener.
//!
//! The system connects to a Unix listener at once, or not at all. The one thing to wait for is room
//! among the connections that the listener has not accepted, and of that no poller tells: a socket
//! that is not connected yet is in no relation to the listener. The system can only be waited in, by
//! a socket in blocking mode; so where there is no room a thread of the blocking pool does that.
//!
//! It does so for one [`TURN`] after the other, and only for so many sockets at a time
//! ([`AT_A_TIME`]): the other tasks wait in a line, and who has not got room in its turn goes to the
//! end of it. So however many wait, they take few of the pool's threads, and a task that is cancelled,
//! or whose listener is closed, notices that in its turn. The line is one for all listeners: each
//! round takes up to a [`TURN`] for every [`AT_A_TIME`] who wait, so those who wait for a listener
//! that accepts none hold up the others by their number, but not for ever. The thread ends the turn, not the task: that might run much later, and in
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
    /// Waits in the line, in a task; `None` on a thread that does not unwind. Unwinds if the task is
    /// cancelled.
    fn begin() -> Option<Self> {
        // What a task that is cancelled does next unwinds, and needs no turn; but not if it unwinds
        // already and connects in a destructor.
        if !std::thread::panicking() {
            Wait::begin_in_task()?;
        }
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
    let mut connected = socket.connect(&addr);
    if is_full(&connected) {
        socket.set_nonblocking(false)?;
        socket.set_write_timeout(Some(TURN))?;
        while is_full(&connected) {
            let turn = Turn::begin();
            connected = hueless_runtime::blocking_operation(|| {
                let _until_here = turn;
                socket.connect(&addr)
            });
        }
        socket.set_write_timeout(None)?;
    }
    connected?;
    Ok(OwnedFd::from(socket).into())
}

/// Whether an attempt has failed for want of room: at once, after the socket's time-out, or because a
/// signal has ended the turn before that. If each began it anew, a thread that gets many would never
/// end it. Nothing is under way then.
fn is_full(attempt: &io::Result<()>) -> bool {
    matches!(
        attempt,
        Err(error) if matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
        )
    )
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
