//! `Signal`.

use std::fmt;

use libc::c_int;

/// A Unix signal.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::signal::Signal;
///
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from_raw(15), Signal::TERM);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(c_int);

/// The signals that have names.
macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $number:ident),* $(,)?) => {
        impl Signal {
            $($(#[$doc])* pub const $name: Self = Self(libc::$number);)*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($number)),)*
                    _ => None,
                }
            }
        }
    };
}

signals! {
    /// The terminal is gone; by custom, daemons read their configuration again.
    HUP = SIGHUP,
    /// Ctrl-C.
    INT = SIGINT,
    /// Ctrl-\.
    QUIT = SIGQUIT,
    /// An instruction that is none. Cannot be subscribed to.
    ILL = SIGILL,
    /// A breakpoint.
    TRAP = SIGTRAP,
    /// The process aborts.
    ABRT = SIGABRT,
    /// Memory that is none. Cannot be subscribed to.
    BUS = SIGBUS,
    /// Arithmetic without a result. Cannot be subscribed to.
    FPE = SIGFPE,
    /// The end. Cannot be subscribed to.
    KILL = SIGKILL,
    /// The program's own.
    USR1 = SIGUSR1,
    /// Memory that is none. Cannot be subscribed to.
    SEGV = SIGSEGV,
    /// The program's own.
    USR2 = SIGUSR2,
    /// Written to a pipe or socket without a reader. Rust programs ignore it unless they subscribe.
    PIPE = SIGPIPE,
    /// A timer of `alarm`.
    ALRM = SIGALRM,
    /// A request to end.
    TERM = SIGTERM,
    /// A child process has ended or stopped.
    CHLD = SIGCHLD,
    /// Goes on after a stop.
    CONT = SIGCONT,
    /// Stops. Cannot be subscribed to.
    STOP = SIGSTOP,
    /// Ctrl-Z.
    TSTP = SIGTSTP,
    /// Read from the terminal in the background.
    TTIN = SIGTTIN,
    /// Written to the terminal in the background.
    TTOU = SIGTTOU,
    /// Urgent data on a socket.
    URG = SIGURG,
    /// The processor time is up.
    XCPU = SIGXCPU,
    /// A file has become too large.
    XFSZ = SIGXFSZ,
    /// A timer of processor time.
    VTALRM = SIGVTALRM,
    /// A profiler's timer.
    PROF = SIGPROF,
    /// The terminal's size has changed.
    WINCH = SIGWINCH,
    /// A descriptor is ready.
    IO = SIGIO,
    /// A system call that is none.
    SYS = SIGSYS,
}

impl Signal {
    /// The signal with the system's number, also if it is none. Does not block.
    ///
    /// # Examples
    ///
    /// See [`Signal`].
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// The system's number. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(hueless_netpoll::signal::Signal::INT.as_raw(), 2);
    /// ```
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}

/// As `SIGTERM`, or `signal 40` if it has no name.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("signal {}", self.0)),
        }
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
