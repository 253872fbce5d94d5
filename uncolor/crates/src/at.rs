//! What the code of a crate's user is told: where its server is, and what to ask it.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// How an attempt ends.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// How long a server takes for an answer if it is asked slowly.
pub(crate) const SLOWLY: Duration = Duration::from_millis(20);

/// One task's or thread's share.
#[derive(Clone)]
pub(crate) struct At {
    /// Where the server listens; empty for crates that have none.
    pub(crate) address: String,
    /// A certificate for `localhost`, for servers with TLS.
    pub(crate) certificate: PathBuf,
    /// Whether each answer is to take [`SLOWLY`].
    pub(crate) slow: bool,
    /// How many do this at once.
    pub(crate) crowd: usize,
    /// Which of them this is.
    pub(crate) number: usize,
    /// How many requests it makes.
    pub(crate) requests: usize,
}

impl At {
    /// What to ask for, one after the other: each a word that nobody else asks for.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        let speed = if self.slow { "slow" } else { "quick" };
        (0..self.requests).map(move |request| format!("{speed}-{}-{request}", self.number))
    }

    /// The port of the server.
    pub(crate) fn port(&self) -> Result<u16, Box<dyn Error + Send + Sync>> {
        let (_, port) = self
            .address
            .rsplit_once(':')
            .ok_or("an address without a port")?;
        Ok(port.parse()?)
    }
}

/// Whether the answer is what it should be.
pub(crate) fn check<T: PartialEq + std::fmt::Debug>(got: T, wanted: T) -> Outcome {
    match got == wanted {
        true => Ok(()),
        false => Err(format!("{got:?} instead of {wanted:?}").into()),
    }
}
