//! System calls that fail from some moment on, as they do when the system has run out of something.

/// Lets every `call` of this process fail with `errno` whose argument number `argument` (its lower
/// half) is between `least` and `most`. There is no way back, so only in a child process.
///
/// Answers false where the system does not let programs filter their calls; the test cannot tell
/// anything then.
#[must_use]
pub(crate) fn refuse(
    call: libc::c_long,
    argument: u32,
    (least, most): (u32, u32),
    errno: i32,
) -> bool {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const ABOVE: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    // `struct seccomp_data`: the number, the architecture, an address, and six arguments of 64 bits.
    let mut program = [
        step(LOAD, 0, 0, 0),
        step(EQUAL, call as u32, 0, 4),
        step(LOAD, 16 + 8 * argument, 0, 0),
        step(AT_LEAST, least, 0, 2),
        step(ABOVE, most, 1, 0),
        step(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32, 0, 0),
        step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program is valid for the length of the call; it changes what this process may do,
    // and nothing in its memory.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_TSYNC,
                &raw const filter,
            ) == 0
    };
    if !refused {
        eprintln!("skipped: this system does not let a program filter its system calls");
    }
    refused
}
