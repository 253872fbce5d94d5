//! What memory a process has.

use std::fs;

/// Of one process, at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Bytes that are resident.
    resident: usize,
    /// Bytes of page tables.
    tables: usize,
}

impl Memory {
    /// What the process has now whose directory in `/proc` is called `process`; nothing where that
    /// cannot be known.
    pub(super) fn of(process: &str) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let bytes = |key| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
            kib.unwrap_or(0) * 1024
        };
        Self {
            resident: bytes("VmRSS:"),
            tables: bytes("VmPTE:"),
        }
    }

    /// What is more than there was at `before`, for each of `n`.
    pub(super) fn more_each(self, before: Self, n: usize) -> Self {
        Self {
            resident: self.resident.saturating_sub(before.resident) / n,
            tables: self.tables.saturating_sub(before.tables) / n,
        }
    }

    /// Adds its figures.
    pub(super) fn figures(self, figures: super::Figures) -> super::Figures {
        figures
            .with("bytes", self.resident + self.tables)
            .with("rss_b", self.resident)
            .with("pte_b", self.tables)
    }
}
