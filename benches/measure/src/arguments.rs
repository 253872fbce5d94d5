//! The numbers behind a workload's name.

/// Whole numbers, in the order of the command line.
///
/// ```
/// use hueless_measure::Arguments;
///
/// let words = ["4000", "0"].map(String::from);
/// let arguments = Arguments::parse(words.into_iter()).unwrap();
/// assert_eq!(arguments.get(0, 1), 4000);
/// assert_eq!(arguments.get(2, 100), 100);
/// assert!(arguments.positive(1, 1).is_err());
/// assert!(arguments.needed(2).is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Arguments(Vec<usize>);

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// Names what is no number.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        words
            .map(|word| {
                word.parse()
                    .map_err(|_| format!("{word:?} is not a whole number"))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The number at `index`, or `default` if there are fewer.
    pub fn get(&self, index: usize, default: usize) -> usize {
        self.0.get(index).copied().unwrap_or(default)
    }

    /// As [`get`](Self::get), where zero makes no sense.
    ///
    /// # Errors
    /// When the number is zero.
    pub fn positive(&self, index: usize, default: usize) -> Result<usize, String> {
        match self.get(index, default) {
            0 => Err(format!("argument {} must be at least 1", index + 1)),
            number => Ok(number),
        }
    }

    /// The number at `index`, which has no default and is not zero.
    ///
    /// # Errors
    /// When it is missing, or zero.
    pub fn needed(&self, index: usize) -> Result<usize, String> {
        self.positive(index, 0)
    }
}
