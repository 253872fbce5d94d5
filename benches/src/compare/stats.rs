//! Medians and spread.

/// What several runs say of one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Half of the runs took at most this.
    pub median: f64,
    /// What the best run took.
    pub least: f64,
    /// What the worst run took.
    pub most: f64,
}

impl Summary {
    /// Of these figures; nothing where there is none, or one that is no number.
    ///
    /// ```
    /// use hueless_benches::compare::stats::Summary;
    ///
    /// let summary = Summary::of(&[3.0, 1.0, 2.0]).unwrap();
    /// assert_eq!((summary.median, summary.least, summary.most), (2.0, 1.0, 3.0));
    /// ```
    pub fn of(figures: &[f64]) -> Option<Self> {
        if figures.iter().any(|figure| !figure.is_finite()) {
            return None;
        }
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let half = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[half],
            _ => (sorted[half - 1] + sorted[half]) / 2.0,
        };
        Some(Self {
            median,
            least,
            most,
        })
    }

    /// Each figure times `factor`, which is positive.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            least: self.least * factor,
            most: self.most * factor,
        }
    }
}

/// A figure as people read it: three digits that count, and commas.
///
/// ```
/// use hueless_benches::compare::stats::readable;
///
/// assert_eq!(readable(8.917), "8.92");
/// assert_eq!(readable(27.34), "27.3");
/// assert_eq!(readable(1_234_567.8), "1,234,568");
/// ```
pub fn readable(figure: f64) -> String {
    // What would be rounded up to one more digit before the point has one less behind it.
    let decimals = match figure.abs() {
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let plain = format!("{figure:.decimals$}");
    let digits = plain.trim_start_matches('-');
    let (whole, _) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() <= 3 {
        return plain;
    }
    let sign = if figure < 0.0 { "-" } else { "" };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Summary::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Summary::of(&[1.0, 9.0]).unwrap().median, 5.0);
        assert_eq!(Summary::of(&[9.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert_eq!(Summary::of(&[4.0, 1.0, 2.0, 90.0]).unwrap().median, 3.0);
    }

    #[test]
    fn nothing_is_made_of_nothing_or_of_what_is_no_number() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[1.0, f64::NAN]), None);
        assert_eq!(Summary::of(&[f64::INFINITY]), None);
    }

    #[test]
    fn all_are_scaled() {
        let summary = Summary::of(&[1.0, 2.0, 4.0]).unwrap().times(10.0);
        assert_eq!(summary, Summary::of(&[10.0, 20.0, 40.0]).unwrap());
    }

    #[test]
    fn figures_are_readable() {
        let expected = [
            (0.0, "0.00"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (99.96, "100"),
            (999.6, "1,000"),
            (12_345.0, "12,345"),
            (-1_234.0, "-1,234"),
        ];
        for (figure, text) in expected {
            assert_eq!(readable(figure), text);
        }
    }
}
