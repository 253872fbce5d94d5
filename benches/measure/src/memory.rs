//! What memory a process has.

use std::fs;

use crate::Figures;

/// Of one process, at one time.
///
/// ```
/// use hueless_measure::{Figures, Memory};
///
/// let before = Memory::of("self");
/// let block = vec![1u8; 8 << 20];
/// let each = Memory::of("self").more_each(before, 8);
/// assert_eq!(each.figures(Figures::default()).keys(), ["bytes", "rss_b", "pte_b"]);
/// # drop(block);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes that are resident.
    resident: usize,
    /// Bytes of page tables.
    tables: usize,
}

impl Memory {
    /// What the process has now whose directory in `/proc` is called `process`; nothing where that
    /// cannot be known.
    pub fn of(process: &str) -> Self {
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
    #[must_use]
    pub fn more_each(self, before: Self, n: usize) -> Self {
        Self {
            resident: self.resident.saturating_sub(before.resident) / n,
            tables: self.tables.saturating_sub(before.tables) / n,
        }
    }

    /// Adds its figures.
    pub fn figures(self, figures: Figures) -> Figures {
        figures
            .with("bytes", self.resident + self.tables)
            .with("rss_b", self.resident)
            .with("pte_b", self.tables)
    }
}
