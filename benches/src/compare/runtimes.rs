//! What is compared: the columns of the table.

/// A way to run tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// hueless as it comes: a task stays on the thread on which it has begun.
    Hueless,
    /// hueless with tasks that move, by `Builder::migrate`.
    Migrating,
    /// Goroutines.
    Go,
    /// `async fn` on tokio.
    Tokio,
    /// Coroutines of the crate may.
    May,
    /// OS threads, with what std has.
    Threads,
    /// OS threads, with the channels of crossbeam-channel.
    Crossbeam,
}

impl Runtime {
    /// All, in the order of the columns.
    pub const ALL: [Self; 7] = [
        Self::Hueless,
        Self::Migrating,
        Self::Go,
        Self::Tokio,
        Self::May,
        Self::Threads,
        Self::Crossbeam,
    ];

    /// Its name on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Hueless => "hueless",
            Self::Migrating => "migrating",
            Self::Go => "go",
            Self::Tokio => "tokio",
            Self::May => "may",
            Self::Threads => "threads",
            Self::Crossbeam => "crossbeam",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Hueless => "hueless",
            Self::Migrating => "hueless, migrating",
            Self::Go => "Go",
            Self::Tokio => "tokio",
            Self::May => "may",
            Self::Threads => "OS threads",
            Self::Crossbeam => "crossbeam-channel",
        }
    }

    /// The same colour in every chart, from Okabe and Ito's palette, which colour-blind people tell
    /// apart.
    pub fn colour(self) -> (u8, u8, u8) {
        match self {
            Self::Hueless => (0, 114, 178),
            Self::Migrating => (86, 180, 233),
            Self::Go => (230, 159, 0),
            Self::Tokio => (213, 94, 0),
            Self::May => (204, 121, 167),
            Self::Threads => (128, 128, 128),
            Self::Crossbeam => (0, 158, 115),
        }
    }

    /// Whether it is hueless.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Hueless | Self::Migrating)
    }

    /// Whether its tasks are OS threads.
    pub fn has_threads(self) -> bool {
        matches!(self, Self::Threads | Self::Crossbeam)
    }

    /// The peer with that name on the command line.
    pub fn peer(key: &str) -> Option<Self> {
        let mut peers = Self::ALL.into_iter().filter(|runtime| !runtime.is_ours());
        peers.find(|runtime| runtime.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_have_names_and_colours_of_their_own() {
        let keys: HashSet<_> = Runtime::ALL.iter().map(|r| r.key()).collect();
        let titles: HashSet<_> = Runtime::ALL.iter().map(|r| r.title()).collect();
        let colours: HashSet<_> = Runtime::ALL.iter().map(|r| r.colour()).collect();
        let all = Runtime::ALL.len();
        assert_eq!([keys.len(), titles.len(), colours.len()], [all; 3]);
    }

    #[test]
    fn only_peers_are_named_as_peers() {
        assert_eq!(Runtime::peer("go"), Some(Runtime::Go));
        assert_eq!(Runtime::peer("hueless"), None);
        assert_eq!(Runtime::peer("Go"), None);
    }
}
