//! What only shows in a whole process: crashes, limits, memory given back.
//!
//! Such a test starts itself again in a child process ([`Child`]), where
//! nobody else uses stacks and where dying is allowed.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use corosensei::stack::Stack as _;
use corosensei::{Coroutine, CoroutineResult};

use super::class::GUARD;
use super::guard::GuardKind;
use super::overflow::{self, AltStack};
use super::{Cache, Class, Stack, stats, trim};

// Under AddressSanitizer faults are its own to report, and its frames are not
// probed.
#[cfg(not(feature = "sanitizer"))]
mod crashes;
#[cfg(feature = "sanitizer")]
mod leaks;
mod limits;
mod memory;
// Sanitizers make frames larger; elsewhere nobody says which pages have memory.
#[cfg(all(target_os = "linux", not(any(feature = "sanitizer", hueless_tsan))))]
mod parked;

/// Set in a child process, to the name of the test it runs.
const CHILD: &str = "HUELESS_STACK_TEST_CHILD";

/// A test that runs in a process of its own.
struct Child {
    module: &'static str,
    test: &'static str,
    environment: Vec<(&'static str, &'static str)>,
}

impl Child {
    /// Of the test `test` in `module`, which calls this.
    fn of(module: &'static str, test: &'static str) -> Child {
        Child {
            module,
            test,
            environment: Vec::new(),
        }
    }

    /// With an environment variable set.
    fn with(mut self, name: &'static str, value: &'static str) -> Child {
        self.environment.push((name, value));
        self
    }

    /// In the child, runs `scenario` and ends the process; in the parent,
    /// starts the child and answers what became of it.
    fn run(self, scenario: impl FnOnce()) -> Outcome {
        if std::env::var_os(CHILD).is_some_and(|name| name == self.test) {
            no_core_dump();
            scenario();
            std::process::exit(0);
        }
        let (_crate, module) = self.module.split_once("::").unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .arg(format!("{module}::{}", self.test))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env_remove(super::guard::VARIABLE)
            .env(CHILD, self.test)
            .envs(self.environment)
            .output()
            .unwrap();
        Outcome(output)
    }
}

/// The calling test, in a process of its own.
macro_rules! child {
    ($test:ident) => {{
        let _: fn() = $test;
        $crate::stack::tests::Child::of(module_path!(), stringify!($test))
    }};
}
use child;

/// How a child ended.
struct Outcome(Output);

impl Outcome {
    fn said(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    fn died_of(self, signal: i32) -> String {
        assert_eq!(
            self.0.status.signal(),
            Some(signal),
            "{}\n{}",
            self.0.status,
            self.said()
        );
        self.said()
    }

    #[track_caller]
    fn exited(self, code: i32) -> String {
        assert_eq!(
            self.0.status.code(),
            Some(code),
            "{}\n{}",
            self.0.status,
            self.said()
        );
        self.said()
    }
}

fn no_core_dump() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `none` is valid for reads.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

/// Both kinds of guards, where there are both, as the variable spells them.
fn kinds() -> impl Iterator<Item = &'static str> {
    let light = stats().guard == GuardKind::Light;
    ["mprotect"].into_iter().chain(light.then_some("light"))
}

/// Writes `value` just below the base, as a first frame would.
fn touch(stack: &Stack, value: usize) {
    let word: *mut usize = std::ptr::with_exposed_provenance_mut(stack.base().get() - 8);
    // SAFETY: the stack is ours, nobody runs on it, and the word is aligned.
    unsafe { word.write(value) };
}

/// What [`touch`] wrote.
fn touched(stack: &Stack) -> usize {
    let word: *const usize = std::ptr::with_exposed_provenance(stack.base().get() - 8);
    // SAFETY: as in `touch`; fresh memory is zeros.
    unsafe { word.read() }
}

#[test]
fn a_coroutine_runs_and_its_stack_comes_back() {
    let mut cache = Cache::new();
    let stack = cache.take(Class::DEFAULT).unwrap();
    let base = stack.base();
    let mut coroutine = Coroutine::<u32, u32, u32, Stack>::with_stack(stack, |yielder, first| {
        first + yielder.suspend(first + 1)
    });
    assert!(matches!(coroutine.resume(1), CoroutineResult::Yield(2)));
    assert!(matches!(coroutine.resume(10), CoroutineResult::Return(11)));
    cache.put(coroutine.into_stack());
    assert_eq!(cache.take(Class::DEFAULT).unwrap().base(), base);
}

#[test]
fn slots_do_not_overlap() {
    let mut cache = Cache::new();
    let mut stacks: Vec<Stack> = (0..3000)
        .map(|index| cache.take(Class::from_index(index % 3)).unwrap())
        .collect();
    stacks.sort_by_key(|stack| stack.limit());
    for pair in stacks.windows(2) {
        assert!(pair[0].base() < pair[1].limit());
        assert!(pair[0].base().get() - pair[0].limit().get() >= pair[0].class().usable());
    }
}

#[test]
fn nobody_shares_a_stack() {
    let rounds = if cfg!(debug_assertions) {
        3_000
    } else {
        30_000
    };
    std::thread::scope(|scope| {
        for thread in 1..=4_usize {
            scope.spawn(move || {
                let mut cache = Cache::new();
                let mut held: Vec<(Stack, usize)> = Vec::new();
                for round in 0..rounds {
                    let value = thread << 32 | round;
                    // Waves, so that slots go all the way to the pool and back.
                    if (round / 500) % 2 == 0 {
                        let stack = cache.take(Class::DEFAULT).unwrap();
                        touch(&stack, value);
                        held.push((stack, value));
                    } else if let Some((stack, value)) = held.pop() {
                        assert_eq!(touched(&stack), value);
                        if round % 2 == 0 {
                            cache.put(stack)
                        } else {
                            drop(stack)
                        }
                    }
                    if round % 100 == 0 {
                        trim();
                    }
                }
                for (stack, value) in &held {
                    assert_eq!(touched(stack), *value);
                }
            });
        }
    });
}
