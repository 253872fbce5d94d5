//! A bar for each runtime.

use super::canvas::{Canvas, Style, picture};
use super::scale::{Scale, tick};
use crate::compare::results::{Cell, Comparison};
use crate::compare::runtimes::Runtime;
use crate::compare::stats::readable;
use crate::compare::table::short;

const WIDTH: i32 = 820;
/// Where the bars begin.
const LEFT: i32 = 170;
/// Where they end at the latest; what is behind is for the figures.
const RIGHT: i32 = 660;
const TOP: i32 = 52;
/// From one bar to the next.
const PITCH: i32 = 34;
/// Half of a bar's height.
const HALF: i32 = 11;

/// The chart of a row. Who has nothing like it is left out.
pub fn bars(row: &Comparison) -> String {
    let shown: Vec<_> = row
        .cells
        .iter()
        .filter(|(_, cell)| !matches!(cell, Cell::Lacking("")))
        .collect();
    let ends = shown.iter().filter_map(|(_, cell)| match cell {
        Cell::Took { summary, .. } => Some([summary.least, summary.median, summary.most]),
        _ => None,
    });
    let scale = Scale::for_bars(&ends.flatten().collect::<Vec<_>>());
    let bottom = TOP + PITCH * shown.len() as i32 + 6;
    picture((WIDTH, bottom + 56), |canvas| {
        let title = row.row.title.replace('`', "");
        canvas.text(&title, (WIDTH / 2, 24), Style::Title);
        axis(canvas, scale, bottom);
        let unit = format!("{}{} (less is better)", row.row.unit, scale.remark());
        canvas.text(&unit, ((LEFT + RIGHT) / 2, bottom + 40), Style::Small);
        for (index, (runtime, cell)) in shown.into_iter().enumerate() {
            let middle = TOP + PITCH * index as i32 + PITCH / 2;
            bar(canvas, scale, middle, *runtime, cell);
        }
    })
}

fn axis(canvas: &Canvas<'_>, scale: Scale, bottom: i32) {
    for figure in scale.minor_ticks() {
        let x = across(scale, figure);
        canvas.faint_line((x, TOP), (x, bottom));
    }
    for figure in scale.ticks() {
        let x = across(scale, figure);
        canvas.tick_line((x, TOP), (x, bottom + 4));
        canvas.text(&tick(figure), (x, bottom + 16), Style::Small);
    }
}

fn bar(canvas: &Canvas<'_>, scale: Scale, middle: i32, runtime: Runtime, cell: &Cell) {
    let style = match runtime.is_ours() {
        true => Style::BoldBefore,
        false => Style::Before,
    };
    canvas.text(runtime.title(), (LEFT - 10, middle), style);
    let (summary, smaller) = match cell {
        Cell::Took { summary, smaller } => (summary, smaller),
        Cell::Failed(why) => {
            return canvas.text(short(why), (LEFT + 8, middle), Style::Remark);
        }
        Cell::Lacking(_) => return canvas.text("none", (LEFT + 8, middle), Style::Remark),
        Cell::Missing => return canvas.text("not built", (LEFT + 8, middle), Style::Remark),
    };
    let [least, end, most] =
        [summary.least, summary.median, summary.most].map(|figure| across(scale, figure));
    let colour = runtime.colour();
    canvas.bar((LEFT, middle - HALF), (end, middle + HALF), colour);
    // The spread, as a line with ends, below the middle so that it is seen beside the bar.
    if most - least > 2 {
        canvas.thin_line((least, middle), (most, middle));
        for x in [least, most] {
            canvas.thin_line((x, middle - 4), (x, middle + 4));
        }
    }
    let note = if *smaller { " (smaller size)" } else { "" };
    let figure = format!("{}{note}", readable(summary.median));
    canvas.text(&figure, (end.max(most) + 8, middle), Style::Plain);
}

/// Where a figure is.
fn across(scale: Scale, figure: f64) -> i32 {
    LEFT + (f64::from(RIGHT - LEFT) * scale.place(figure)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::super::curves::tests::sound;
    use super::*;
    use crate::compare::results::example;

    #[test]
    fn every_runtime_that_can_has_a_bar_or_a_reason() {
        let svg = bars(&example());
        sound(&svg);
        for text in [
            "hueless",
            "80.0",
            "400",
            "not built",
            "dies",
            "40,000 (smaller size)",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("crossbeam"));
        assert!(svg.contains("logarithmic"));
    }

    #[test]
    fn zeros_and_nothing_are_drawn() {
        let mut row = example();
        for (_, cell) in &mut row.cells {
            if let Cell::Took { summary, .. } = cell {
                *summary = summary.times(0.0);
            }
        }
        sound(&bars(&row));
        for (_, cell) in &mut row.cells {
            *cell = Cell::Missing;
        }
        sound(&bars(&row));
        row.cells.clear();
        sound(&bars(&row));
    }
}
