//! What the system says of memory. Nothing of it is known outside Linux.

use std::fs;
use std::path::Path;

/// Bytes of a page, and of a page table.
const PAGE: u64 = 4096;
/// Address space that one page table maps.
const TABLE_SPAN: u64 = 2 << 20;
/// Bytes of a stack's slot that are guard.
const GUARD: u64 = 64 << 10;
/// Bytes of a default stack's slot.
const DEFAULT_SLOT: u64 = 256 << 10;
/// Bytes for what a task is besides its stack, with some reserve.
const BOOKKEEPING: u64 = 400;

/// Memory of this process, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) resident: u64,
    pub(crate) page_tables: u64,
}

impl Usage {
    pub(crate) fn total(self) -> u64 {
        self.resident + self.page_tables
    }
}

/// What this process takes now.
pub(crate) fn usage() -> Option<Usage> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(Usage {
        resident: kilobytes(&status, "VmRSS:")?,
        page_tables: kilobytes(&status, "VmPTE:")?,
    })
}

/// Memory maps of this process, and how many the system allows (`vm.max_map_count`).
pub(crate) fn maps() -> Option<(u64, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?.lines().count();
    let limit = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    Some((maps as u64, limit.trim().parse().ok()?))
}

/// Bytes that this process can still take: of the machine's, and of its control group's.
pub(crate) fn available() -> Option<u64> {
    let machine = kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    Some(machine.min(left_in_group().unwrap_or(u64::MAX)))
}

/// What the control group still allows; `None` if there is no limit, or no group to be seen.
fn left_in_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .unwrap_or("/");
    let unified = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    [
        (unified.join("memory.max"), unified.join("memory.current")),
        (
            "/sys/fs/cgroup/memory.max".into(),
            "/sys/fs/cgroup/memory.current".into(),
        ),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes".into(),
            "/sys/fs/cgroup/memory/memory.usage_in_bytes".into(),
        ),
    ]
    .iter()
    .filter_map(|(limit, used)| {
        // "max", no limit, is no number.
        let limit: u64 = fs::read_to_string(limit).ok()?.trim().parse().ok()?;
        let used: u64 = fs::read_to_string(used).ok()?.trim().parse().ok()?;
        Some(limit.saturating_sub(used))
    })
    .min()
}

/// Bytes that a parked task with a stack of that many usable bytes takes, about: a page of stack,
/// its share of a page table, and bookkeeping.
pub(crate) fn estimate(stack: Option<usize>) -> u64 {
    let slot = stack.map_or(DEFAULT_SLOT, |usable| {
        (usable as u64)
            .saturating_add(GUARD)
            .checked_next_power_of_two()
            .unwrap_or(u64::MAX)
    });
    PAGE + slot.min(TABLE_SPAN) * PAGE / TABLE_SPAN + BOOKKEEPING
}

/// The bytes of a line like `VmRSS:  1234 kB`.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(number << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let text = "Name:\tx\nVmRSS:\t    1234 kB\nVmPTE:\t      8 kB\n";
        assert_eq!(kilobytes(text, "VmRSS:"), Some(1234 << 10));
        assert_eq!(kilobytes(text, "VmSwap:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_something() {
        assert!(usage().unwrap().resident > 0);
        let (maps, limit) = maps().unwrap();
        assert!(0 < maps && maps < limit);
        assert!(available().unwrap() > 0);
    }

    #[test]
    fn page_tables_count_in_the_estimate() {
        let default = estimate(None);
        assert_eq!(default, 4096 + 512 + BOOKKEEPING);
        assert_eq!(estimate(Some(192 << 10)), default);
        assert!(estimate(Some(1 << 20)) > default);
        // From 2 MiB on each stack has a page table of its own.
        assert_eq!(estimate(Some(2 << 20)), estimate(Some(64 << 20)));
        assert!(estimate(Some(usize::MAX)) > default);
    }
}
