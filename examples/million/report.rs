//! What people see: a progress bar, or lines where there is no terminal, and the table.

use std::fmt;
use std::io::{IsTerminal, stdout};
use std::time::Duration;

use hueless::runtime::GuardKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::crowd::Answers;
use crate::memory::Usage;

/// Lines for each phase where there is no terminal.
const LINES: u64 = 4;

/// Shows how far a phase is.
pub(crate) struct Progress {
    terminal: bool,
    bar: ProgressBar,
    what: &'static str,
    total: u64,
    /// Lines printed of this phase.
    lines: u64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            terminal: stdout().is_terminal(),
            bar: ProgressBar::hidden(),
            what: "",
            total: 0,
            lines: 0,
        }
    }

    pub(crate) fn begin(&mut self, what: &'static str, total: u64) {
        (self.what, self.total, self.lines) = (what, total, 0);
        if self.terminal {
            let style = "{msg:>8} {bar:40} {human_pos} of {human_len}";
            self.bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stdout())
                .with_style(ProgressStyle::with_template(style).expect("a valid template"))
                .with_message(what);
        }
    }

    pub(crate) fn advance(&mut self, done: u64) {
        self.bar.set_position(done);
        let lines = done * LINES / self.total;
        // The last line is `finish`'s.
        if !self.terminal && self.lines < lines && lines < LINES {
            self.lines = lines;
            println!(
                "{:>8} {} of {}",
                self.what,
                grouped(done),
                grouped(self.total)
            );
        }
    }

    pub(crate) fn finish(&mut self, time: Duration) {
        self.bar.finish_and_clear();
        println!(
            "{:>8} {} done in {}",
            self.what,
            grouped(self.total),
            seconds(time)
        );
    }
}

/// All that was measured.
pub(crate) struct Report {
    pub(crate) tasks: u64,
    pub(crate) start_time: Duration,
    pub(crate) wake_time: Duration,
    pub(crate) answers: Answers,
    pub(crate) guard: GuardKind,
    pub(crate) maps: Option<(u64, u64)>,
    pub(crate) before: Option<Usage>,
    pub(crate) parked: Option<Usage>,
    pub(crate) after: Option<Usage>,
    pub(crate) settle_time: Duration,
}

impl Report {
    fn each(&self, time: Duration) -> String {
        format!(
            "{:.2} µs a task",
            time.as_secs_f64() * 1e6 / self.tasks as f64
        )
    }

    /// Bytes that the tasks took, resident and in page tables.
    fn taken(&self) -> Option<(u64, u64)> {
        let (before, parked) = (self.before?, self.parked?);
        Some((
            parked.resident.saturating_sub(before.resident),
            parked.page_tables.saturating_sub(before.page_tables),
        ))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &str| writeln!(f, "{name:<25}{value}");
        let unknown = || "not known on this system".to_owned();
        let all = |usage: Usage| {
            format!(
                "{} = {} resident + {} page tables",
                bytes(usage.total()),
                bytes(usage.resident),
                bytes(usage.page_tables)
            )
        };
        row(
            "tasks",
            &format!(
                "{}, {} parked at once",
                grouped(self.tasks),
                grouped(self.answers.parked)
            ),
        )?;
        row(
            "time to start",
            &format!(
                "{}, {}",
                seconds(self.start_time),
                self.each(self.start_time)
            ),
        )?;
        row(
            "time to wake and answer",
            &format!("{}, {}", seconds(self.wake_time), self.each(self.wake_time)),
        )?;
        row(
            "sum of the answers",
            &format!("{}, as it should be", grouped(self.answers.sum)),
        )?;
        row(
            "memory a task",
            &self.taken().map_or_else(unknown, |(resident, tables)| {
                format!(
                    "{} bytes = {} resident + {} page tables",
                    grouped((resident + tables) / self.tasks),
                    grouped(resident / self.tasks),
                    grouped(tables / self.tasks)
                )
            }),
        )?;
        row("memory of all", &self.parked.map_or_else(unknown, all))?;
        row(
            "stack guards",
            &match self.guard {
                GuardKind::Light => "light (MADV_GUARD_INSTALL), no memory map each".to_owned(),
                GuardKind::Mprotect => "mprotect, two memory maps each".to_owned(),
                other => other.to_string(),
            },
        )?;
        row(
            "memory maps",
            &self.maps.map_or_else(unknown, |(maps, limit)| {
                format!(
                    "{} of {} allowed (vm.max_map_count)",
                    grouped(maps),
                    grouped(limit)
                )
            }),
        )?;
        row("memory before", &self.before.map_or_else(unknown, all))?;
        row(
            "memory after the end",
            &self.after.map_or_else(unknown, |after| {
                format!("{}, {} later", all(after), seconds(self.settle_time))
            }),
        )
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// 1234567 as 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes, for people.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = number as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes(512), "0.5 KiB");
        assert_eq!(bytes(4 << 20), "4.0 MiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }
}
