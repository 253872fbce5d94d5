//! Shapes and text at places, in pixels from the left upper corner.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// What text looks like, and which of its ends is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The title of a chart, in the middle of its place.
    Title,
    /// Plain, to the right of its place.
    Plain,
    /// Plain, to the left of its place.
    Before,
    /// Bold, to the left of its place.
    BoldBefore,
    /// Small, in the middle of its place.
    Small,
    /// Small, to the left of its place.
    SmallBefore,
    /// Small and grey, to the right of its place.
    Remark,
    /// Small, in the middle of its place, and upwards.
    Upwards,
}

/// The ink of text.
const INK: RGBColor = RGBColor(36, 41, 47);
/// The ink of remarks.
const GREY: RGBColor = RGBColor(101, 109, 118);
/// The lines of ticks.
const LINE: RGBColor = RGBColor(208, 215, 222);
/// The thinner lines between them.
const FAINT: RGBColor = RGBColor(240, 243, 246);

/// A picture that is drawn.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Drawing into text does not fail.
const DRAWN: &str = "text takes what is drawn";

/// A white picture, with what `draw` draws.
pub fn picture(size: (i32, i32), draw: impl FnOnce(&Canvas<'_>)) -> String {
    let mut text = String::new();
    let size = (size.0.unsigned_abs(), size.1.unsigned_abs());
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    area.fill(&WHITE).expect(DRAWN);
    let canvas = Canvas { area };
    draw(&canvas);
    canvas.area.present().expect(DRAWN);
    drop(canvas);
    text
}

/// A colour of plotters.
fn rgb((red, green, blue): (u8, u8, u8)) -> RGBColor {
    RGBColor(red, green, blue)
}

impl<'a> Canvas<'a> {
    fn draw<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<SVGBackend<'a>>,
    {
        self.area.draw(element).expect(DRAWN);
    }

    /// Text.
    pub fn text(&self, text: &str, place: (i32, i32), style: Style) {
        let (size, weight) = match style {
            Style::Title => (21.0, FontStyle::Bold),
            Style::BoldBefore => (17.0, FontStyle::Bold),
            Style::Plain | Style::Before => (17.0, FontStyle::Normal),
            _ => (15.0, FontStyle::Normal),
        };
        let across = match style {
            Style::Plain | Style::Remark => HPos::Left,
            Style::Before | Style::BoldBefore | Style::SmallBefore => HPos::Right,
            Style::Title | Style::Small | Style::Upwards => HPos::Center,
        };
        let colour = if style == Style::Remark { &GREY } else { &INK };
        let font = FontDesc::new(FontFamily::SansSerif, size, weight);
        let font = match style {
            Style::Upwards => font.transform(FontTransform::Rotate270),
            _ => font,
        };
        let style = TextStyle::from(font)
            .color(colour)
            .pos(Pos::new(across, VPos::Center));
        self.draw(&Text::new(text.to_owned(), place, style));
    }

    /// A filled rectangle between two corners.
    pub fn bar(&self, from: (i32, i32), to: (i32, i32), colour: (u8, u8, u8)) {
        self.draw(&Rectangle::new([from, to], rgb(colour).filled()));
    }

    /// A line at a tick.
    pub fn tick_line(&self, from: (i32, i32), to: (i32, i32)) {
        self.draw(&PathElement::new(vec![from, to], LINE.stroke_width(1)));
    }

    /// A line between two ticks.
    pub fn faint_line(&self, from: (i32, i32), to: (i32, i32)) {
        self.draw(&PathElement::new(vec![from, to], FAINT.stroke_width(1)));
    }

    /// A thin dark line.
    pub fn thin_line(&self, from: (i32, i32), to: (i32, i32)) {
        self.draw(&PathElement::new(vec![from, to], INK.stroke_width(1)));
    }

    /// A line through places.
    pub fn curve(&self, places: Vec<(i32, i32)>, colour: (u8, u8, u8)) {
        self.draw(&PathElement::new(places, rgb(colour).stroke_width(2)));
    }

    /// The mark of a runtime, by its number.
    pub fn mark(&self, place: (i32, i32), number: usize, colour: (u8, u8, u8)) {
        let (x, y) = place;
        let fill = rgb(colour).filled();
        match number {
            0 => self.draw(&Circle::new(place, 4, fill)),
            1 => {
                // A ring that is seen around the first.
                self.draw(&Circle::new(place, 7, WHITE.filled()));
                self.draw(&Circle::new(place, 7, rgb(colour).stroke_width(2)));
            }
            2 => self.draw(&TriangleMarker::new(place, 7, fill)),
            3 => self.bar((x - 4, y - 4), (x + 4, y + 4), colour),
            4 => {
                let corners = vec![(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)];
                self.draw(&Polygon::new(corners, fill));
            }
            _ => self.draw(&Cross::new(place, 5, rgb(colour).stroke_width(3))),
        }
    }
}
