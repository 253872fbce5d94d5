//! `poll` and `ppoll`: waiting for one or several descriptors, of any kind.
//!
//! Whatever the poller cannot watch (regular files) is always ready, so it never comes to that.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::slice;
use std::time::{Duration, Instant};

use hueless_netpoll::foreign::{self, Direction, Waited, Watch};
use hueless_runtime::park::Wait;
use libc::{nfds_t, pollfd, sigset_t, timespec};

use crate::caller;
use crate::clock;
use crate::sockets::options::poll_now;
use crate::sys::{self, Errno, kernel};

/// Events that come when there is something to read.
const READS: i16 =
    libc::POLLIN | libc::POLLPRI | libc::POLLRDHUP | libc::POLLRDNORM | libc::POLLRDBAND;
/// Events that come when there is room to write.
const WRITES: i16 = libc::POLLOUT | libc::POLLWRNORM | libc::POLLWRBAND;

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn poll(asked: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
    let length = u64::try_from(timeout).ok().map(Duration::from_millis);
    let limit = length.map(|length| timespec {
        tv_sec: length.as_secs() as _,
        tv_nsec: length.subsec_nanos().into(),
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: by this contract.
    unsafe { ppoll(asked, count, limit, std::ptr::null()) }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn ppoll(
    asked: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: by this contract.
    let answer = unsafe { parked(asked, count as usize, timeout, mask) };
    let answer = answer.unwrap_or_else(|| {
        // The kernel writes to the time what is left of it; libc does not.
        // SAFETY: by this contract.
        let mut limit = unsafe { timeout.as_ref() }.copied();
        let limit = limit
            .as_mut()
            .map_or(std::ptr::null_mut(), std::ptr::from_mut);
        let arguments = [
            asked as usize,
            count as usize,
            limit as usize,
            mask as usize,
            MASK_SIZE,
            0,
        ];
        // SAFETY: by this contract; the time is here.
        unsafe { kernel(libc::SYS_ppoll, arguments) }
    });
    sys::answer(answer) as c_int
}

/// How long the kernel's mask of signals is, in bytes.
const MASK_SIZE: usize = 8;

/// Waits by parking; `None` if that is the kernel's.
///
/// # Safety
/// As for [`ppoll`].
unsafe fn parked(
    asked: *mut pollfd,
    count: usize,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> Option<isize> {
    if !Wait::may_park_for_std() || !mask.is_null() {
        return None;
    }
    // SAFETY: by this contract.
    let limit = match unsafe { timeout.as_ref() } {
        None => None,
        Some(limit) => Some(clock::duration(limit)?),
    };
    // SAFETY: by this contract.
    let answer = unsafe { poll_now(asked, count) };
    if answer != 0 || limit == Some(Duration::ZERO) {
        return Some(answer);
    }
    if !caller::parks() {
        return None;
    }
    let _errno = Errno::keep();
    let deadline: Option<Instant> = limit.and_then(clock::after);
    let all = match count {
        0 => &[],
        // SAFETY: by this contract, and the kernel has accepted them.
        _ => unsafe { slice::from_raw_parts(asked, count) },
    };
    let mut all = all
        .iter()
        .flat_map(directions)
        .map(|(fd, direction)| Watch::new(fd, direction))
        .collect::<Option<Vec<_>>>()?;
    loop {
        let waited = foreign::wait_any(&mut all, deadline).ok()?;
        // SAFETY: by this contract.
        let answer = unsafe { poll_now(asked, count) };
        if answer != 0 || waited == Waited::TimedOut {
            return Some(answer);
        }
    }
}

/// What to wait for so that none of the events asked for are missed.
fn directions(asked: &pollfd) -> impl Iterator<Item = (RawFd, Direction)> + use<> {
    let (fd, events) = (asked.fd, asked.events);
    let writes = events & WRITES != 0;
    // Who asks for nothing is told of errors.
    let reads = events & READS != 0 || !writes;
    [(reads, Direction::Read), (writes, Direction::Write)]
        .into_iter()
        .filter(move |(asked, _)| *asked && fd >= 0)
        .map(move |(_, direction)| (fd, direction))
}
