//! High-water marks: how deep the tasks of each spawn site went into their stacks, when asked for.
//!
//! Nobody counts frames. A page of a stack has memory once it was touched, so the lowest page with
//! memory tells how deep the owner went. That holds if the owner began without memory: while marks
//! are on, a stack gives its memory back before it gets an owner ([`Stack::adopt`]), is measured when
//! its task has ended ([`Stack::mark`]), and keeps its memory in between
//! ([`discard_below`](super::discard_below) does nothing). A task that had begun before that counts
//! with what earlier owners have touched.
//!
//! [`Stack::adopt`]: super::Stack::adopt
//! [`Stack::mark`]: super::Stack::mark

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{MutexGuard, PoisonError};

use super::class::Class;
use super::slot::Slot;
use crate::bare::Mutex;
use crate::sys::memory;

/// Never switched off again: who asked first may still be reading.
static ON: AtomicBool = AtomicBool::new(false);

static MARKS: Mutex<BTreeMap<Key, Mark>> = Mutex::new(BTreeMap::new());

/// By site first, then by the number of the size class. Locations compare by what they say: the
/// compiler may keep several copies of one.
type Key = (&'static Location<'static>, usize);

#[derive(Clone, Copy)]
struct Mark {
    tasks: u64,
    deepest: usize,
}

/// Whether to measure.
#[inline]
pub(super) fn on() -> bool {
    // Relaxed: whoever builds a runtime that measures starts its threads afterwards.
    ON.load(Relaxed)
}

/// Measures from now on.
pub(crate) fn begin() {
    ON.store(true, Relaxed);
}

/// Measures `slot`, on which a task that was spawned at `site` has ended.
#[cold]
pub(super) fn record(slot: Slot, site: &'static Location<'static>) {
    let Some(lowest) = memory::lowest_resident(slot.body()) else {
        return;
    };
    let mut marks = lock();
    let key = (site, slot.class().index());
    let mark = marks.entry(key).or_insert(Mark {
        tasks: 0,
        deepest: 0,
    });
    mark.tasks += 1;
    mark.deepest = mark.deepest.max(slot.body().end() - lowest);
}

fn lock() -> MutexGuard<'static, BTreeMap<Key, Mark>> {
    // Nothing under the lock panics between two changes that belong together.
    MARKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much of their stacks the tasks of one spawn site have used; see [`stack_marks`].
///
/// Prints as `src/main.rs:12: 1000 tasks, deepest 13 KiB of 192 KiB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StackMark {
    /// Where the tasks were spawned.
    pub site: &'static Location<'static>,
    /// How many have ended since measuring began.
    pub tasks: u64,
    /// The bytes that the deepest of them used, in whole pages.
    pub deepest: usize,
    /// The bytes that each of them had.
    pub size: usize,
}

impl fmt::Display for StackMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} {}, deepest {} KiB of {} KiB",
            self.site.file(),
            self.site.line(),
            self.tasks,
            if self.tasks == 1 { "task" } else { "tasks" },
            self.deepest >> 10,
            self.size >> 10
        )
    }
}

/// How deep the tasks of each spawn site went into their stacks: one entry for each site and stack
/// size, those that went deepest first.
///
/// Empty unless [`Builder::stack_marks`](super::super::runtime::Builder::stack_marks) or
/// `HUELESS_STACK_MARKS=1` asked for it, and on systems other than Linux. Tasks count when they have
/// ended. Stacks of [`grow`](super::grow()) do not count, nor memory that was swapped out meanwhile.
///
/// # Examples
///
/// ```
/// use hueless_runtime::runtime;
///
/// let runtime = runtime::Builder::new().workers(1).stack_marks(true).build()?;
/// let line = line!() + 1;
/// runtime.spawn(|| std::hint::black_box([1_u8; 50_000])[7]).join().unwrap();
/// drop(runtime); // so that the task has surely been measured
///
/// # if cfg!(target_os = "linux") {
/// let marks = runtime::stack_marks();
/// let mark = marks.iter().find(|mark| mark.site.line() == line).unwrap();
/// assert_eq!(mark.tasks, 1);
/// assert!(mark.deepest >= 50_000 && mark.deepest < mark.size);
/// println!("{mark}"); // src/main.rs:5: 1 task, deepest 56 KiB of 192 KiB
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stack_marks() -> Vec<StackMark> {
    let mut marks: Vec<_> = lock()
        .iter()
        .map(|(&(site, class), mark)| StackMark {
            site,
            tasks: mark.tasks,
            deepest: mark.deepest,
            size: Class::from_index(class).usable(),
        })
        .collect();
    // Stable, so that equal ones stay in the order of their sites.
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.deepest));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_it_all() {
        let mut mark = StackMark {
            site: Location::caller(),
            tasks: 1000,
            deepest: 13 << 10,
            size: 192 << 10,
        };
        let site = format!("{}:{}", mark.site.file(), mark.site.line());
        assert_eq!(
            mark.to_string(),
            format!("{site}: 1000 tasks, deepest 13 KiB of 192 KiB")
        );
        mark.tasks = 1;
        assert_eq!(
            mark.to_string(),
            format!("{site}: 1 task, deepest 13 KiB of 192 KiB")
        );
    }
}
