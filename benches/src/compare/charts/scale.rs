//! Where a figure is on an axis.

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From zero to this.
    Linear {
        /// The end.
        most: f64,
        /// What is between two ticks.
        step: f64,
    },
    /// From one power of ten to another.
    Logarithmic {
        /// The exponent of the least.
        from: i32,
        /// The exponent of the most, which is greater.
        to: i32,
    },
}

/// Where figures differ by more, bars are on a logarithmic axis.
const WIDE: f64 = 10.0;

impl Scale {
    /// One for bars of these lengths.
    pub fn for_bars(figures: &[f64]) -> Self {
        let (least, most) = ends(figures);
        if most / least > WIDE {
            // The least has a bar too.
            Self::decades(least / 1.5, most)
        } else {
            Self::linear(most)
        }
    }

    /// A logarithmic one with all these figures.
    pub fn for_curves(figures: &[f64]) -> Self {
        let (least, most) = ends(figures);
        Self::decades(least, most)
    }

    fn linear(most: f64) -> Self {
        let power = 10f64.powf((most / 5.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let enough = |step: &f64| most / step <= 6.0;
        let step = steps.into_iter().find(enough).unwrap_or(10.0 * power);
        Self::Linear {
            most: (most / step).ceil() * step,
            step,
        }
    }

    fn decades(least: f64, most: f64) -> Self {
        // What is a power of ten but for rounding is one.
        let from = (least.log10() + 1e-9).floor() as i32;
        let to = (most.log10() - 1e-9).ceil() as i32;
        Self::Logarithmic {
            from,
            to: to.max(from + 1),
        }
    }

    /// The place of a figure, from 0 to 1; what is beyond an end is at the end.
    pub fn place(self, figure: f64) -> f64 {
        let place = match self {
            Self::Linear { most, .. } => figure / most,
            Self::Logarithmic { .. } if figure <= 0.0 => 0.0,
            Self::Logarithmic { from, to } => {
                (figure.log10() - f64::from(from)) / f64::from(to - from)
            }
        };
        place.clamp(0.0, 1.0)
    }

    /// The figures that are written at the axis.
    pub fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { most, step } => {
                let count = (most / step).round() as i32;
                (0..=count).map(|index| f64::from(index) * step).collect()
            }
            Self::Logarithmic { from, to } => (from..=to).map(|power| 10f64.powi(power)).collect(),
        }
    }

    /// The figures between two ticks that have a thinner line.
    pub fn minor_ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { .. } => Vec::new(),
            Self::Logarithmic { from, to } => (from..to)
                .flat_map(|power| (2..10).map(move |digit| f64::from(digit) * 10f64.powi(power)))
                .collect(),
        }
    }

    /// What the axis' title says of it.
    pub fn remark(self) -> &'static str {
        match self {
            Self::Linear { .. } => "",
            Self::Logarithmic { .. } => ", logarithmic",
        }
    }
}

/// The least and the most of the positive figures; 1 if there are none.
fn ends(figures: &[f64]) -> (f64, f64) {
    let positive = figures
        .iter()
        .copied()
        .filter(|f| f.is_finite() && *f > 0.0);
    let least = positive.clone().min_by(f64::total_cmp).unwrap_or(1.0);
    let most = positive.max_by(f64::total_cmp).unwrap_or(1.0);
    (least, most)
}

/// A tick's figure.
///
/// ```
/// use hueless_benches::compare::charts::scale::tick;
///
/// assert_eq!(tick(10_000.0), "10,000");
/// assert_eq!(tick(0.1), "0.1");
/// assert_eq!(tick(2_000_000.0), "2 million");
/// ```
pub fn tick(figure: f64) -> String {
    if figure >= 1e6 {
        return format!("{} million", figure / 1e6);
    }
    if figure >= 1e3 {
        return crate::compare::stats::readable(figure);
    }
    // Up to nine digits, without the zeros at the end that rounding leaves.
    let text = format!("{figure:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_figures_are_linear_from_zero() {
        let scale = Scale::for_bars(&[80.0, 411.0]);
        assert_eq!(scale.ticks(), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(scale.place(250.0), 0.5);
        assert_eq!(scale.place(9999.0), 1.0);
        assert!(scale.minor_ticks().is_empty());
    }

    #[test]
    fn wide_figures_are_logarithmic() {
        let scale = Scale::for_bars(&[8.9, 15_000.0]);
        assert_eq!(scale, Scale::Logarithmic { from: 0, to: 5 });
        assert_eq!(scale.place(100.0), 0.4);
        assert_eq!(scale.place(0.0), 0.0);
        assert_eq!(scale.minor_ticks().len(), 40);
        // The least does not sit on the axis.
        let scale = Scale::for_bars(&[10.1, 15_000.0]);
        assert!(scale.place(10.1) > 0.05);
    }

    #[test]
    fn powers_of_ten_are_the_ends_of_curves() {
        let scale = Scale::for_curves(&[1e3, 1e6]);
        assert_eq!(scale, Scale::Logarithmic { from: 3, to: 6 });
        assert_eq!(scale.ticks().len(), 4);
    }

    #[test]
    fn nothing_and_zeros_have_a_scale() {
        for figures in [&[][..], &[0.0], &[f64::NAN, -1.0]] {
            for scale in [Scale::for_bars(figures), Scale::for_curves(figures)] {
                let places = [0.0, 0.5, 1.0].map(|figure| scale.place(figure));
                assert!(places.iter().all(|place| (0.0..=1.0).contains(place)));
                assert!(scale.ticks().iter().all(|tick| tick.is_finite()));
            }
        }
    }
}
