//! How figures grow with the number of tasks; both axes are logarithmic.

use super::canvas::{Canvas, Style, picture};
use super::scale::{Scale, tick};
use crate::compare::runtimes::Runtime;
use crate::compare::stats::readable;

const WIDTH: i32 = 940;
const HEIGHT: i32 = 500;
const LEFT: i32 = 96;
const RIGHT: i32 = 650;
const TOP: i32 = 52;
const BOTTOM: i32 = 430;
/// Where the legend begins.
const LEGEND: i32 = 676;

/// What is known of one runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Which.
    pub runtime: Runtime,
    /// Numbers of tasks, and the figures.
    pub points: Vec<(f64, f64)>,
    /// Why there are no more.
    pub end: Option<String>,
}

/// The chart of some curves.
pub fn curves(title: &str, unit: &str, curves: &[Curve]) -> String {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let (counts, figures): (Vec<f64>, Vec<f64>) = points.copied().unzip();
    let (across, up) = (Scale::for_curves(&counts), Scale::for_curves(&figures));
    let place = |(count, figure): (f64, f64)| {
        let x = f64::from(RIGHT - LEFT) * across.place(count);
        let y = f64::from(BOTTOM - TOP) * up.place(figure);
        (LEFT + x.round() as i32, BOTTOM - y.round() as i32)
    };
    picture((WIDTH, HEIGHT), |canvas| {
        canvas.text(title, (WIDTH / 2, 24), Style::Title);
        grid(canvas, across, up);
        canvas.text("tasks", ((LEFT + RIGHT) / 2, BOTTOM + 46), Style::Small);
        canvas.text(unit, (20, (TOP + BOTTOM) / 2), Style::Upwards);
        // The first are drawn last: they are what the chart is about.
        for (number, curve) in curves.iter().enumerate().rev() {
            let shown = curve.points.iter().filter(|(_, figure)| *figure > 0.0);
            let places: Vec<_> = shown.map(|point| place(*point)).collect();
            canvas.curve(places.clone(), curve.runtime.colour());
            for place in places {
                canvas.mark(place, number, curve.runtime.colour());
            }
        }
        for (number, curve) in curves.iter().enumerate() {
            legend(canvas, number, curve);
        }
    })
}

fn grid(canvas: &Canvas<'_>, across: Scale, up: Scale) {
    let x = |figure| LEFT + (f64::from(RIGHT - LEFT) * across.place(figure)).round() as i32;
    let y = |figure| BOTTOM - (f64::from(BOTTOM - TOP) * up.place(figure)).round() as i32;
    for x in across.minor_ticks().into_iter().map(x) {
        canvas.faint_line((x, TOP), (x, BOTTOM));
    }
    for y in up.minor_ticks().into_iter().map(y) {
        canvas.faint_line((LEFT, y), (RIGHT, y));
    }
    for figure in across.ticks() {
        let x = x(figure);
        canvas.tick_line((x, TOP), (x, BOTTOM + 4));
        canvas.text(&tick(figure), (x, BOTTOM + 18), Style::Small);
    }
    for figure in up.ticks() {
        let y = y(figure);
        canvas.tick_line((LEFT - 4, y), (RIGHT, y));
        canvas.text(&tick(figure), (LEFT - 8, y), Style::SmallBefore);
    }
}

/// Two lines: the name, and the last figure or why the curve ends.
fn legend(canvas: &Canvas<'_>, number: usize, curve: &Curve) {
    let y = TOP + 16 + 46 * number as i32;
    let colour = curve.runtime.colour();
    canvas.curve(vec![(LEGEND, y), (LEGEND + 28, y)], colour);
    canvas.mark((LEGEND + 14, y), number, colour);
    canvas.text(curve.runtime.title(), (LEGEND + 38, y), Style::Plain);
    let remark = match (&curve.end, curve.points.last()) {
        (Some(end), _) => end.clone(),
        (None, Some((count, figure))) => {
            format!("{} with {} tasks", readable(*figure), readable(*count))
        }
        (None, None) => "no figures".to_owned(),
    };
    canvas.text(&remark, (LEGEND + 38, y + 18), Style::Remark);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Asserts that a picture is whole and has no place that is no number.
    pub(in super::super) fn sound(svg: &str) {
        assert!(svg.starts_with("<svg"), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"), "{svg}");
        for wrong in ["NaN", "inf", "-2147483648", "2147483647"] {
            assert!(!svg.contains(wrong), "{wrong} in {svg}");
        }
        // Opaque: the first shape is white and as large as the picture.
        assert!(svg.contains("FFFFFF"), "{svg}");
    }

    #[test]
    fn curves_end_where_runtimes_die() {
        let curve = |runtime, points: &[(f64, f64)], end: Option<&str>| Curve {
            runtime,
            points: points.to_vec(),
            end: end.map(str::to_owned),
        };
        let svg = curves(
            "memory of a task",
            "bytes",
            &[
                curve(Runtime::Hueless, &[(1e3, 4800.0), (1e6, 4810.0)], None),
                curve(Runtime::May, &[(1e3, 8300.0)], Some("dies at 100,000")),
                curve(Runtime::Go, &[], None),
                curve(Runtime::Tokio, &[(1e3, 0.0), (1e4, 400.0)], None),
            ],
        );
        sound(&svg);
        for text in [
            "4,810 with 1,000,000 tasks",
            "dies at 100,000",
            "no figures",
            "1 million",
            "tasks",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_drawn_without_curves() {
        sound(&curves("nothing", "ms", &[]));
    }
}
