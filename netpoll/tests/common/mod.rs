//! What the tests run in: OS threads, or tasks in several surroundings.
//!
//! A test is a function that is generic over [`Mode`]; [`cases!`] makes a test of it for each mode.

#![allow(
    dead_code,
    unused_macros,
    reason = "not every test file uses all of it"
)]

pub(crate) mod subject;
pub(crate) mod udp;
pub(crate) mod unix;

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use hueless_netpoll::net::{TcpListener, TcpStream, UnixStream};

/// Where the code of a test runs.
pub(crate) trait Mode: 'static {
    /// Runs the body of a test.
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T;
    /// Runs `body` beside the caller.
    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T>;
}

/// Runs `test` in its mode.
pub(crate) fn run<M: Mode>(test: fn()) {
    M::run(test)
}

/// Keeps the other tests of this file out.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `test` while no other test runs, and checks that it leaves no socket open.
pub(crate) fn alone<M: Mode>(test: fn()) {
    let _alone = one_at_a_time();
    let before = sockets();
    M::run(test);
    assert_eq!(sockets(), before);
}

/// What was spawned; joining gives its value, or its panic.
#[must_use]
pub(crate) struct Join<T>(Box<dyn FnOnce() -> T + Send>);

impl<T> Join<T> {
    pub(crate) fn join(self) -> T {
        (self.0)()
    }
}

/// OS threads. What they wait for is told by a worker of the global runtime.
pub(crate) struct Threads;

impl Mode for Threads {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        watch();
        body()
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        let handle = std::thread::spawn(body);
        Join(Box::new(move || {
            handle
                .join()
                .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        }))
    }
}

/// Tasks of the global runtime.
pub(crate) struct Tasks;

impl Mode for Tasks {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        watch();
        hueless_runtime::run(body)
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        let handle = hueless_runtime::spawn(body);
        Join(Box::new(move || {
            handle
                .join()
                .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
        }))
    }
}

/// Tasks of a runtime that is made for the test and dropped after it.
pub(crate) struct Own<const WORKERS: usize>;

impl<const WORKERS: usize> Mode for Own<WORKERS> {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        watch();
        let builder = hueless_runtime::runtime::Builder::new().workers(WORKERS);
        builder.build().unwrap().run(body)
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        Tasks::spawn(body)
    }
}

/// Tasks of a runtime, made for the test, that moves them between its workers.
pub(crate) struct Migrating;

impl Mode for Migrating {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        watch();
        // SAFETY: the tests keep nothing that belongs to a thread across their operations.
        let builder = unsafe { hueless_runtime::runtime::Builder::new().migrate() };
        builder.workers(3).build().unwrap().run(body)
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        Tasks::spawn(body)
    }
}

/// One worker that tasks which do nothing but yield keep busy.
pub(crate) struct Loaded;

impl Mode for Loaded {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        Own::<1>::run(|| {
            let ended = Arc::new(AtomicBool::new(false));
            let load: Vec<_> = (0..3)
                .map(|_| {
                    let ended = Arc::clone(&ended);
                    hueless_runtime::spawn(move || {
                        while !ended.load(Ordering::Relaxed) {
                            hueless_runtime::yield_now();
                        }
                    })
                })
                .collect();
            let answer = body();
            ended.store(true, Ordering::Relaxed);
            load.into_iter().for_each(|task| task.join().unwrap());
            answer
        })
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        Tasks::spawn(body)
    }
}

/// Ends the process if it has not ended in time by itself: a lost wake-up shall fail, not hang.
fn watch() {
    static START: Once = Once::new();
    START.call_once(|| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(300));
            eprintln!("the tests hang");
            std::process::exit(3);
        });
    });
}

/// Makes `#[test]`s of functions that are generic over [`Mode`], one for each mode. They are run by
/// [`Mode::run`], or by the function that `by` names.
macro_rules! cases {
    (by $run:path: $($name:ident),* $(,)?) => {
        $crate::common::cases!(@ $run, threads $crate::common::Threads, $($name)*);
        $crate::common::cases!(@ $run, tasks $crate::common::Tasks, $($name)*);
        $crate::common::cases!(@ $run, one_worker $crate::common::Own<1>, $($name)*);
        $crate::common::cases!(@ $run, three_workers $crate::common::Own<3>, $($name)*);
        $crate::common::cases!(@ $run, migrating $crate::common::Migrating, $($name)*);
        $crate::common::cases!(@ $run, loaded $crate::common::Loaded, $($name)*);
    };
    (@ $run:path, $module:ident $mode:ty, $($name:ident)*) => {
        mod $module {
            $(#[test]
            fn $name() {
                use $run as run;
                run::<$mode>(super::$name::<$mode>)
            })*
        }
    };
    ($($name:ident),* $(,)?) => {
        $crate::common::cases!(by $crate::common::run: $($name),*);
    };
}
#[allow(
    unused_imports,
    reason = "not every test file has cases for both modes"
)]
pub(crate) use cases;

/// A listener on a free port of the loopback interface.
pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Both ends of a new connection.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = listener();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    // Small answers to small requests must not wait for delayed acknowledgements.
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    (client, server)
}

/// Sends back what comes, until the end.
pub(crate) fn echo(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read])?,
        }
    }
}

/// Sends `bytes` together with a duplicate of the stream's own descriptor.
pub(crate) fn send_with_descriptor(stream: &UnixStream, bytes: &[u8]) {
    let descriptor = stream.as_raw_fd();
    let len = size_of_val(&descriptor) as u32;
    // Room for one descriptor, aligned as a header must be.
    let mut control = [0_usize; 8];
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: all zeroes are a message of nothing.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    // SAFETY: a calculation.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(len) } as _;
    // SAFETY: the control buffer is big enough for one header and a descriptor.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(len) as _;
        libc::CMSG_DATA(header)
            .cast::<i32>()
            .write_unaligned(descriptor);
    }
    // SAFETY: the message's parts are valid, and so is the descriptor.
    let sent = unsafe { libc::sendmsg(descriptor, &raw const message, 0) };
    assert_eq!(sent, bytes.len() as isize);
}

/// Runs `test`, a `#[test]` of this `name`, alone in a process.
pub(crate) fn in_a_process(name: &str, test: fn()) {
    if std::env::var_os("ALONE").is_some() {
        return Threads::run(test);
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env("ALONE", "1")
        .status()
        .unwrap();
    assert!(status.success());
}

/// What processor time the process has used so far.
pub(crate) fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a valid structure.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(answer, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// `len` bytes that differ from each other and with `seed`.
pub(crate) fn bytes(seed: usize, len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (i.wrapping_mul(31).wrapping_add(seed) >> 3) as u8)
        .collect()
}

/// How many descriptors the process has open.
pub(crate) fn descriptors() -> usize {
    targets().count()
}

/// How many sockets the process has open.
pub(crate) fn sockets() -> usize {
    targets()
        .filter(|(_, target)| target.starts_with("socket:"))
        .count()
}

/// The process's descriptors, each with what it refers to.
pub(crate) fn targets() -> impl Iterator<Item = (i32, String)> {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let number = path.file_name()?.to_str()?.parse().ok()?;
            let target = std::fs::read_link(&path).ok()?;
            Some((number, target.to_string_lossy().into_owned()))
        })
}

/// The process's limit on descriptors, lowered until it is dropped.
pub(crate) struct Limit(libc::rlimit);

impl Limit {
    pub(crate) fn lower_to(descriptors: usize) -> Self {
        let mut old = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the pointer is to a valid structure.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut old) }, 0);
        let lowered = libc::rlimit {
            rlim_cur: descriptors as libc::rlim_t,
            ..old
        };
        // SAFETY: as above.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &lowered) }, 0);
        Self(old)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // SAFETY: as above.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &self.0) }, 0);
    }
}

/// A path for a Unix socket, where nothing lies yet; what lies there later goes with the value.
pub(crate) struct SocketPath(PathBuf);

impl SocketPath {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "hueless-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        // Of a process that had this number before and was killed.
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
