//! The process's heap.

/// Gives the free pages of the C library's heap back to the system, where it can be asked to.
///
/// A million tasks leave a heap of freed task blocks that glibc would keep for ever. A program with
/// another allocator sees no effect.
pub(crate) fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: safe at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
