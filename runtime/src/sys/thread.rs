//! What the system knows of a thread.

#[cfg(target_os = "linux")]
use std::ptr;
use std::time::Duration;

/// The system's number of the calling thread; 0 where there is none.
pub(crate) fn current() -> i32 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: safe at any time, from any thread.
        unsafe { libc::syscall(libc::SYS_gettid) as i32 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        0
    }
}

/// The processor time that a thread of this process has had; `None` where the system does not tell.
pub(crate) fn processor_time(thread: i32) -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        // A thread's clock as the kernel numbers it: its complement, and the bits for "of a thread"
        // and "as the scheduler counts".
        let clock = (!thread << 3) | 0b110;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: a valid structure; a thread that is gone makes the call fail.
        let answer = unsafe { libc::clock_gettime(clock, &raw mut time) };
        (answer == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = thread;
        None
    }
}

/// Asks the system to let the calling thread run soon after it wakes up, for shorter times at once:
/// its share of the processor stays the same. Threads and processes that it starts are as ever.
/// Changes nothing where the system cannot do that, or somebody has chosen how it is scheduled.
///
/// The source is the slice of Linux's EEVDF scheduler, which threads may set since 6.12 (sched(7)).
pub(crate) fn prefer_short_slices() {
    #[cfg(target_os = "linux")]
    {
        if let Some(attributes) = Attributes::of_current()
            && attributes.is_usual()
        {
            attributes.with_slice(SLICE).set();
        }
    }
}

/// The shortest slice that Linux takes.
#[cfg(target_os = "linux")]
const SLICE: Duration = Duration::from_micros(100);

/// The kernel's `struct sched_attr` in its first version.
#[cfg(target_os = "linux")]
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    /// For the usual policy: the slice, in nanoseconds.
    runtime: u64,
    deadline: u64,
    period: u64,
}

#[cfg(target_os = "linux")]
impl Attributes {
    const SIZE: u32 = size_of::<Self>() as u32;

    fn of_current() -> Option<Self> {
        let mut attributes = Self::default();
        // SAFETY: a valid structure of the size that is passed.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_sched_getattr,
                0,
                &raw mut attributes,
                Self::SIZE,
                0,
            )
        };
        (answer == 0).then_some(attributes)
    }

    /// Whether nothing but the usual was asked for, and the system knows slices: older ones say 0.
    /// Whoever has a nice value below 0 keeps it for his children, which `with_slice` would not do.
    fn is_usual(&self) -> bool {
        self.policy == libc::SCHED_OTHER as u32
            && self.flags == 0
            && self.nice >= 0
            && self.runtime != 0
    }

    fn with_slice(self, slice: Duration) -> Self {
        Self {
            size: Self::SIZE,
            flags: libc::SCHED_FLAG_RESET_ON_FORK as u64,
            runtime: slice.as_nanos() as u64,
            ..self
        }
    }

    /// Sets those of the calling thread, if the system allows.
    fn set(&self) {
        // SAFETY: a valid structure that holds its own size.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(self), 0) };
    }
}

/// Whether a thread of this process waits for something, rather than runs or waits for a processor;
/// `None` where the system does not tell.
pub(crate) fn is_blocked(thread: i32) -> Option<bool> {
    #[cfg(target_os = "linux")]
    {
        let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
        // After the name, which stands in brackets and may hold anything.
        let state = text.rsplit_once(')')?.1.trim_start().chars().next()?;
        Some(state != 'R')
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = thread;
        None
    }
}

/// The system call that a thread of this process sits in, by name where it is a usual one; `None` if
/// it computes, or the system does not tell.
pub(crate) fn system_call(thread: i32) -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/syscall")).ok()?;
        let number: libc::c_long = text.split_whitespace().next()?.parse().ok()?;
        name(number)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = thread;
        None
    }
}

/// The names of calls that block; a negative number stands for none.
#[cfg(target_os = "linux")]
fn name(number: libc::c_long) -> Option<String> {
    const USUAL: &[(libc::c_long, &str)] = &[
        (libc::SYS_futex, "futex"),
        (libc::SYS_read, "read"),
        (libc::SYS_write, "write"),
        (libc::SYS_pread64, "pread64"),
        (libc::SYS_pwrite64, "pwrite64"),
        (libc::SYS_readv, "readv"),
        (libc::SYS_writev, "writev"),
        (libc::SYS_recvfrom, "recvfrom"),
        (libc::SYS_recvmsg, "recvmsg"),
        (libc::SYS_sendto, "sendto"),
        (libc::SYS_sendmsg, "sendmsg"),
        (libc::SYS_accept, "accept"),
        (libc::SYS_accept4, "accept4"),
        (libc::SYS_connect, "connect"),
        (libc::SYS_ppoll, "ppoll"),
        (libc::SYS_pselect6, "pselect6"),
        (libc::SYS_nanosleep, "nanosleep"),
        (libc::SYS_clock_nanosleep, "clock_nanosleep"),
        (libc::SYS_wait4, "wait4"),
        (libc::SYS_waitid, "waitid"),
        (libc::SYS_fsync, "fsync"),
        (libc::SYS_fdatasync, "fdatasync"),
        (libc::SYS_flock, "flock"),
        (libc::SYS_openat, "openat"),
        (libc::SYS_epoll_pwait, "epoll_pwait"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_poll, "poll"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_select, "select"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_epoll_wait, "epoll_wait"),
    ];
    let known = USUAL.iter().find(|(usual, _)| *usual == number);
    match known {
        Some((_, name)) => Some((*name).to_owned()),
        None if number >= 0 => Some(format!("system call {number}")),
        None => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn short_slices_are_the_thread_s_own() {
        let of_new_thread = || std::thread::spawn(Attributes::of_current).join().unwrap();
        let before = of_new_thread().expect("the system tells of its scheduling");
        let (own, inherited) = std::thread::spawn(move || {
            prefer_short_slices();
            (Attributes::of_current().unwrap(), of_new_thread().unwrap())
        })
        .join()
        .unwrap();
        let expected = match before.is_usual() {
            true => SLICE.as_nanos() as u64,
            false => before.runtime,
        };
        assert_eq!(own.runtime, expected);
        assert_eq!((own.policy, own.nice), (before.policy, before.nice));
        assert_eq!(inherited.runtime, before.runtime);
        assert_eq!(inherited.flags, before.flags);
    }

    #[test]
    fn a_sleeping_thread_is_seen_in_its_call() {
        let (tell, told) = std::sync::mpsc::channel();
        let (_keep, kept) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            tell.send(current()).unwrap();
            let _ = kept.recv();
        });
        let thread = told.recv().unwrap();
        while is_blocked(thread) != Some(true) {
            std::thread::yield_now();
        }
        assert!(processor_time(thread).is_some());
        assert_eq!(is_blocked(current()), Some(false));
        let before = processor_time(current()).unwrap();
        while processor_time(current()).unwrap() < before + Duration::from_millis(2) {}
        while system_call(thread).as_deref() != Some("futex") {
            std::thread::yield_now();
        }
        assert_eq!(name(-1), None);
        assert_eq!(name(100_000).as_deref(), Some("system call 100000"));
    }
}
