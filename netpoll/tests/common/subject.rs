//! Tests whose subject is a process: a test starts this program again, in one of its scenarios and one
//! of the modes, and watches it from outside.

use std::any::type_name;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use hueless_netpoll::signal::Signal;

use super::Mode;

/// Makes `#[test] fn scenario`, the subject's side, of functions that are generic over [`Mode`].
macro_rules! scenarios {
    ($($name:literal => $function:ident),* $(,)?) => {
        /// The subject's side of the tests.
        #[test]
        fn scenario() {
            let Some((scenario, mode)) = $crate::common::subject::role() else {
                return;
            };
            $crate::common::subject::scenarios!(@ scenario, mode, [$($name => $function)*]
                $crate::common::Threads,
                $crate::common::Tasks,
                $crate::common::Own<1>,
                $crate::common::Own<3>,
                $crate::common::Migrating,
                $crate::common::Loaded
            );
        }
    };
    (@ $scenario:ident, $mode:ident, $functions:tt $($type:ty),*) => {
        match &*$mode {
            $(mode if mode == std::any::type_name::<$type>() => {
                $crate::common::subject::scenarios!(# $scenario, $type, $functions)
            })*
            mode => panic!("no mode {mode}"),
        }
    };
    (# $scenario:ident, $type:ty, [$($name:literal => $function:ident)*]) => {
        match &*$scenario {
            $($name => <$type as $crate::common::Mode>::run($function::<$type>),)*
            scenario => panic!("no scenario {scenario}"),
        }
    };
}
#[allow(unused_imports, reason = "not every test file has subjects")]
pub(crate) use scenarios;

const SCENARIO: &str = "HUELESS_TEST_SCENARIO";
const MODE: &str = "HUELESS_TEST_MODE";

/// What this process is to do, if it is a subject.
pub(crate) fn role() -> Option<(String, String)> {
    Some((std::env::var(SCENARIO).ok()?, std::env::var(MODE).ok()?))
}

/// Runs a test's own side, which is the same in each mode.
pub(crate) fn drive<M: Mode>(test: fn()) {
    test();
}

/// A process in a scenario.
pub(crate) struct Subject {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Subject {
    pub(crate) fn start<M: Mode>(scenario: &str) -> Self {
        Self::start_with::<M>(scenario, |_| {})
    }

    pub(crate) fn start_with<M: Mode>(scenario: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "scenario", "--nocapture"])
            .env(MODE, type_name::<M>())
            .env(SCENARIO, scenario)
            .stdout(Stdio::piped());
        // ThreadSanitizer puts handlers off until their thread calls something that it knows to
        // block, which the standard library's waits are not; so one thread takes them that does.
        if cfg!(hueless_tsan) {
            block_signals(&mut command);
        }
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    pub(crate) fn send(&self, signal: Signal) {
        // SAFETY: a child of this process that has not been waited for.
        let answer = unsafe { libc::kill(self.child.id() as i32, signal.as_raw()) };
        assert_eq!(answer, 0);
    }

    /// Waits until the subject [says](say) `word`.
    pub(crate) fn hear(&mut self, word: &str) {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "ended before {word:?}");
            if line.trim() == word {
                return;
            }
        }
    }

    pub(crate) fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

/// Makes all threads that the subject has by itself block all signals.
pub(crate) fn block_signals(command: &mut Command) {
    // SAFETY: the closure makes system calls only, and changes its own frame.
    unsafe {
        command.pre_exec(|| {
            let mut set = std::mem::zeroed();
            libc::sigfillset(&mut set);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            Ok(())
        });
    }
}

/// Says something to whoever has started this subject.
pub(crate) fn say(word: &str) {
    println!("\n{word}");
}
