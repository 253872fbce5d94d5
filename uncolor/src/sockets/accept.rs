//! `accept` and `accept4`.
//!
//! Such a call cannot be told not to wait, and between a look and the call somebody else, in another process
//! perhaps, may take the connection. So a task waits until there is one, and a thread of the blocking pool takes
//! it; that one waits on if it has been taken. (If all those threads are busy the call is made in place: they may be
//! waiting for this one.) Changing the listener's mode for a moment would mislead
//! everyone else who has it.
//!
//! Of those who accept on one descriptor one at a time waits, under a lock of std's, which parks the others.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hueless_netpoll::foreign::Direction;
use hueless_runtime::bare;
use libc::{sockaddr, socklen_t};

use crate::caller;
use crate::pool;
use crate::sockets::options;
use crate::sockets::waiting::{WOULD_BLOCK, Waiting, parks};
use crate::sys::{self, kernel};

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn accept(fd: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int {
    // SAFETY: by this contract.
    unsafe { accept4(fd, address, len, 0) }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn accept4(
    fd: c_int,
    address: *mut sockaddr,
    len: *mut socklen_t,
    flags: c_int,
) -> c_int {
    let arguments = [
        fd as usize,
        address as usize,
        len as usize,
        flags as usize,
        0,
        0,
    ];
    // SAFETY: by this contract.
    let call = || unsafe { kernel(libc::SYS_accept4, arguments) };
    // Who has to block its thread does not wait for the turn of a task that needs that one. And who does not listen
    // is told so at once.
    let parks = parks(fd) && caller::parks() && options::blocks(fd) && options::listens(fd);
    let answer = match parks {
        // SAFETY: by this contract.
        true => unsafe { parked(fd, arguments) },
        false => call(),
    };
    sys::answer(answer) as c_int
}

/// Waits for a connection, and for the answer of the thread that takes it.
///
/// # Safety
/// As for the system call.
unsafe fn parked(fd: RawFd, arguments: [usize; 6]) -> isize {
    let mut waiting = Waiting::begun(fd, Direction::Read);
    let answer = in_turn(fd, || match waiting.until_ready() {
        Ok(false) => Some(WOULD_BLOCK),
        // SAFETY: by this contract.
        Ok(true) => Some(unsafe { pool::kernel_at_once(libc::SYS_accept4, arguments) }),
        Err(answer) => answer,
    });
    // SAFETY: by this contract.
    answer.unwrap_or_else(|| unsafe { kernel(libc::SYS_accept4, arguments) })
}

/// Runs `f` while nobody else does so for `fd`. Nothing in it unwinds.
fn in_turn<R>(fd: RawFd, f: impl FnOnce() -> R) -> R {
    let turn = Arc::clone(turns().entry(fd).or_default());
    let answer = {
        let _mine = turn.lock().unwrap_or_else(PoisonError::into_inner);
        f()
    };
    let mut turns = turns();
    drop(turn);
    // Clones are made under the lock, so if there is none but the map's there will be none.
    if turns
        .get(&fd)
        .is_some_and(|turn| Arc::strong_count(turn) == 1)
    {
        turns.remove(&fd);
    }
    answer
}

type Turns = BTreeMap<RawFd, Arc<Mutex<()>>>;

/// Of the descriptors that tasks accept on.
fn turns() -> MutexGuard<'static, Turns> {
    static TURNS: bare::Mutex<Turns> = bare::Mutex::new(BTreeMap::new());
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}
