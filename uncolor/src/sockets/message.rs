//! Several buffers in a row.

use std::ffi::c_int;
use std::mem;
use std::os::fd::RawFd;
use std::slice;

use libc::{iovec, msghdr};

use crate::sys::kernel;

/// The most buffers that the kernel takes at once.
const MOST: usize = libc::UIO_MAXIOV as usize;

/// Buffers of the program: one at least, and one byte.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a>(&'a [iovec]);

impl Parts<'_> {
    /// `None` if the kernel refuses them, or finds nothing there.
    ///
    /// # Safety
    /// There are so many, if that is what the kernel takes.
    pub(super) unsafe fn new(first: *const iovec, count: usize) -> Option<Self> {
        if first.is_null() || !first.is_aligned() || !(1..=MOST).contains(&count) {
            return None;
        }
        // SAFETY: by this contract.
        let parts = Parts(unsafe { slice::from_raw_parts(first, count) });
        (1..=isize::MAX as usize)
            .contains(&parts.len())
            .then_some(parts)
    }

    /// How many bytes they have; more than there can be, if the sum says so.
    pub(super) fn len(&self) -> usize {
        let add = |sum: usize, part: &iovec| sum.saturating_add(part.iov_len);
        self.0.iter().fold(0, add)
    }

    /// Receives into them, as the kernel says it.
    ///
    /// # Safety
    /// They can be written to.
    pub(super) unsafe fn receive(&self, fd: RawFd, flags: c_int) -> isize {
        let mut message = self.message();
        let arguments = [
            fd as usize,
            (&raw mut message) as usize,
            flags as usize,
            0,
            0,
            0,
        ];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_recvmsg, arguments) }
    }

    /// Sends what follows the first `from` bytes, or some of it, as the kernel says it.
    ///
    /// # Safety
    /// They can be read, and are longer than that.
    pub(super) unsafe fn send(&self, fd: RawFd, from: usize, flags: c_int) -> isize {
        let (part, done) = self.position(from);
        if done > 0 {
            let arguments = [
                fd as usize,
                self.0[part].iov_base as usize + done,
                self.0[part].iov_len - done,
                flags as usize,
                0,
                0,
            ];
            // SAFETY: by this contract.
            return unsafe { kernel(libc::SYS_sendto, arguments) };
        }
        let message = Parts(&self.0[part..]).message();
        let arguments = [
            fd as usize,
            (&raw const message) as usize,
            flags as usize,
            0,
            0,
            0,
        ];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_sendmsg, arguments) }
    }

    /// In which part the byte with this number lies, and how many of that part's lie before it.
    fn position(&self, mut number: usize) -> (usize, usize) {
        for (index, part) in self.0.iter().enumerate() {
            if number < part.iov_len {
                return (index, number);
            }
            number -= part.iov_len;
        }
        unreachable!("the caller asks for bytes that are there")
    }

    /// A message of them, to nobody.
    fn message(&self) -> msghdr {
        // SAFETY: zeros are a message of nothing.
        let mut message: msghdr = unsafe { mem::zeroed() };
        message.msg_iov = self.0.as_ptr().cast_mut();
        message.msg_iovlen = self.0.len() as _;
        message
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    fn parts(lengths: &[usize]) -> Vec<iovec> {
        let part = |len: &usize| iovec {
            iov_base: ptr::null_mut(),
            iov_len: *len,
        };
        lengths.iter().map(part).collect()
    }

    #[test]
    fn bytes_lie_where_they_lie() {
        let parts = parts(&[0, 3, 0, 2]);
        let parts = Parts(&parts);
        assert_eq!(parts.len(), 5);
        let positions: Vec<_> = (0..5).map(|number| parts.position(number)).collect();
        assert_eq!(positions, [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1)]);
    }

    #[test]
    fn what_the_kernel_refuses_is_left_to_it() {
        let too_long = parts(&[usize::MAX, 1]);
        // SAFETY: they are as many as said, or none are looked at.
        unsafe {
            assert!(Parts::new(too_long.as_ptr(), 2).is_none());
            assert!(Parts::new(too_long.as_ptr(), 0).is_none());
            assert!(Parts::new(too_long.as_ptr(), MOST + 1).is_none());
            assert!(Parts::new(ptr::null(), 1).is_none());
        }
    }
}
