//! A line of figures.

use std::fmt;
use std::time::Duration;

/// A line of `key=value` pairs, of which the first counts most; lower is better.
///
/// ```
/// use hueless_measure::Figures;
/// use std::time::Duration;
///
/// let figures = Figures::each(1000, Duration::from_micros(79)).with("tasks", 1000);
/// assert_eq!(figures.to_string(), "ns=79.0 tasks=1000");
/// assert_eq!(figures.get("tasks"), Some("1000"));
/// assert_eq!(figures.keys(), ["ns", "tasks"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(Vec<(&'static str, String)>);

impl Figures {
    /// Nanoseconds for each of `n` operations.
    pub fn each(n: usize, time: Duration) -> Self {
        Self::default().with_each(n, time)
    }

    /// Milliseconds in all.
    pub fn milliseconds(time: Duration) -> Self {
        Self::default().with_milliseconds("ms", time)
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.0.push((key, value.to_string()));
        self
    }

    /// These and the nanoseconds for each of `n` operations.
    #[must_use]
    pub fn with_each(self, n: usize, time: Duration) -> Self {
        let nanoseconds = time.as_nanos() as f64 / n as f64;
        self.with("ns", format!("{nanoseconds:.1}"))
    }

    /// These and a time.
    #[must_use]
    pub fn with_milliseconds(self, key: &'static str, time: Duration) -> Self {
        self.with(key, format!("{:.1}", milliseconds(time)))
    }

    /// The keys, in order.
    pub fn keys(&self) -> Vec<&'static str> {
        self.0.iter().map(|(key, _)| *key).collect()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().find(|pair| pair.0 == key);
        pair.map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{key}={value}")?;
        }
        Ok(())
    }
}

/// A time in milliseconds, with parts.
///
/// ```
/// let time = std::time::Duration::from_micros(1500);
/// assert_eq!(hueless_measure::milliseconds(time), 1.5);
/// ```
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
