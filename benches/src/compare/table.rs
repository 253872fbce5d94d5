//! The table, in Markdown.

use super::results::{Cell, Comparison, Verdict};
use super::runtimes::Runtime;
use super::stats::{Summary, readable};

/// A table, and what has to be said of its cells.
#[derive(Debug, Default)]
pub struct Table {
    /// The lines of the table.
    pub lines: Vec<String>,
    /// What the numbers in its cells refer to.
    pub notes: Vec<String>,
}

impl Table {
    /// The table of these rows; empty if there are none.
    pub fn of(rows: &[Comparison]) -> Self {
        let mut table = Self::default();
        let Some(first) = rows.first() else {
            return table;
        };
        let runtimes: Vec<_> = first.cells.iter().map(|(runtime, _)| *runtime).collect();
        let mut head = vec!["work"];
        head.extend(runtimes.iter().map(|runtime| runtime.title()));
        head.extend(["÷ best peer", "migrating ÷ best peer", "goal"]);
        table.push(&head);
        let mut rule = vec!["---"];
        rule.resize(head.len() - 1, "---:");
        rule.push("---");
        table.push(&rule);
        for row in rows {
            let mut cells = vec![format!("{}, {}", row.row.title, row.row.unit)];
            for (runtime, cell) in &row.cells {
                let text = table.cell(*runtime, cell, row);
                cells.push(text);
            }
            cells.push(ratio(row));
            cells.push(migrating(row));
            cells.push(row.verdict().map_or_else(String::new, verdict));
            table.push(&cells);
        }
        table
    }

    fn push(&mut self, cells: &[impl AsRef<str>]) {
        let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
        self.lines.push(format!("| {} |", cells.join(" | ")));
    }

    fn cell(&mut self, runtime: Runtime, cell: &Cell, row: &Comparison) -> String {
        match cell {
            Cell::Took { summary, smaller } => {
                let mark = if *smaller { "\\*" } else { "" };
                let text = format!("{}{mark}{}", readable(summary.median), spread(*summary));
                let fastest = row.cells.iter().filter_map(|(who, _)| row.median(*who));
                match fastest.min_by(f64::total_cmp) {
                    Some(least) if row.median(runtime) == Some(least) => format!("**{text}**"),
                    _ => text,
                }
            }
            Cell::Failed(why) => {
                let note = self.note(format!("{}: {why}", runtime.title()));
                format!("{} {note}", short(why))
            }
            Cell::Lacking("") => "–".to_owned(),
            Cell::Lacking(why) => {
                let note = self.note(format!("{}: {why}", runtime.title()));
                format!("none {note}")
            }
            Cell::Missing => "not built".to_owned(),
        }
    }

    /// The mark of a note, which is said once.
    fn note(&mut self, text: String) -> String {
        let known = self.notes.iter().position(|note| *note == text);
        let index = known.unwrap_or_else(|| {
            self.notes.push(text);
            self.notes.len() - 1
        });
        format!("<sup>{}</sup>", index + 1)
    }
}

/// The best and the worst run, in brackets, unless there was but one.
fn spread(summary: Summary) -> String {
    match (readable(summary.least), readable(summary.most)) {
        (least, most) if least == most => String::new(),
        (least, most) => format!(" ({least}–{most})"),
    }
}

/// What a cell says of a failure.
pub fn short(why: &str) -> &str {
    why.split([':', '(']).next().unwrap_or(why).trim_end()
}

fn ratio(row: &Comparison) -> String {
    let Some((peer, ratio)) = row.ratio(Runtime::Hueless) else {
        return String::new();
    };
    match row.loses() {
        Some(_) => format!("**{} ✗ {}**", readable(ratio), peer.title()),
        None => format!("{} {}", readable(ratio), peer.title()),
    }
}

fn migrating(row: &Comparison) -> String {
    let ratio = row.ratio(Runtime::Migrating);
    ratio.map_or_else(String::new, |(_, ratio)| readable(ratio))
}

fn verdict(verdict: Verdict) -> String {
    let what = if verdict.is_ratio { "× " } else { "" };
    let (reached, goal) = (readable(verdict.reached), readable(verdict.goal));
    match verdict.held() {
        true => format!("{what}{reached} ≤ {goal} held"),
        false => format!("**{what}{reached} > {goal} missed**"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::example;
    use super::*;

    fn columns(line: &str) -> Vec<&str> {
        let inner = line.trim_start_matches("| ").trim_end_matches(" |");
        inner.split(" | ").collect()
    }

    #[test]
    fn every_cell_says_what_it_is() {
        let table = Table::of(&[example()]);
        assert_eq!(table.lines.len(), 3);
        let row = columns(&table.lines[2]);
        assert_eq!(
            row[1..5],
            [
                "**80.0 (72.0–120)**",
                "120 (108–180)",
                "400 (360–600)",
                "not built"
            ]
        );
        assert_eq!(row[5], "dies <sup>1</sup>");
        assert_eq!(row[6..8], ["40,000\\* (36,000–60,000)", "–"]);
        assert_eq!(row[8..], ["0.20 Go", "0.30", "**× 0.20 > 0.17 missed**"]);
        assert_eq!(table.notes, ["may: dies: exit code 101"]);
    }

    #[test]
    fn all_lines_have_the_same_columns() {
        let table = Table::of(&[example(), example()]);
        let counts: Vec<_> = table.lines.iter().map(|line| columns(line).len()).collect();
        assert_eq!(counts, [11; 4]);
        // The same note is not said twice.
        assert_eq!(table.notes.len(), 1);
    }

    #[test]
    fn losses_are_marked() {
        let mut row = example();
        row.cells[6].1 = row.cells[0].1.clone();
        let Cell::Took { summary, .. } = &mut row.cells[6].1 else {
            unreachable!("copied from one that took time")
        };
        *summary = summary.times(0.5);
        let table = Table::of(&[row]);
        assert!(table.lines[2].contains("**2.00 ✗ crossbeam-channel**"));
        assert!(table.lines[2].contains("| 80.0 (72.0–120) |"));
    }

    #[test]
    fn failures_are_short() {
        assert_eq!(short("dies: exit code 101: out of (all) memory"), "dies");
        assert_eq!(short("over 120 s (in round 2)"), "over 120 s");
    }

    #[test]
    fn nothing_gives_an_empty_table() {
        assert!(Table::of(&[]).lines.is_empty());
    }
}
