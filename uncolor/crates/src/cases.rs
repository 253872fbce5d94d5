//! The rows of the table.

use crate::at::{At, Outcome};
use crate::servers::running::Server;
use crate::tried::*;

/// One way to use one crate.
pub(crate) struct Case {
    /// How the row is called on the command line.
    pub(crate) name: &'static str,
    /// The crate, as in Cargo.lock; empty for std.
    pub(crate) package: &'static str,
    /// How it is used.
    pub(crate) what: &'static str,
    pub(crate) server: Server,
    pub(crate) work: fn(&At) -> Outcome,
    /// Whether it can be asked slowly, so that it shows whether all wait together.
    pub(crate) has_slow: bool,
    /// Of so many requests it makes one: for what is slower than the others by nature.
    pub(crate) one_of: usize,
    /// What is expected of it in tasks.
    pub(crate) expected: Expected,
}

/// What is expected of a crate in tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expected {
    /// Where it waits, its task is parked.
    Parks,
    /// It gets its answers, but where it waits it blocks its worker. Why.
    Blocks(&'static str),
    /// It may never come back. Why.
    Hangs(&'static str),
}

use Expected::{Blocks, Hangs, Parks};

const fn case(
    name: &'static str,
    package: &'static str,
    what: &'static str,
    server: Server,
    work: fn(&At) -> Outcome,
    expected: Expected,
) -> Case {
    Case {
        name,
        package,
        what,
        server,
        work,
        has_slow: true,
        one_of: 1,
        expected,
    }
}

impl Case {
    const fn without_slow(mut self) -> Self {
        self.has_slow = false;
        self
    }

    const fn one_of(mut self, count: usize) -> Self {
        self.one_of = count;
        self
    }
}

const BY_THREAD_PARK: &str = "waits by `thread::park`";
const BY_PARKING_LOT: &str = "waits by `parking_lot`'s locks";
const MAKING_BY_PARKING_LOT: &str = "while the pool is made: waits by `parking_lot`'s locks";
/// A neighbour that is parked in a lock of std's may be on its way to wake whom it blocks.
const AND_FOR_NEIGHBOURS: &str =
    "waits by `thread::park`, for what a parked neighbour may be about to do";

/// All of them, in the table's order.
pub(crate) const CASES: &[Case] = &[
    case(
        "std",
        "",
        "`TcpStream`, HTTP by hand",
        Server::Http,
        std_net::work,
        Parks,
    ),
    case(
        "ureq",
        "ureq",
        "one agent for all",
        Server::Http,
        ureq::work,
        Parks,
    ),
    case(
        "ureq-tls",
        "ureq",
        "https by rustls, a name looked up",
        Server::Https,
        ureq::encrypted,
        Parks,
    ),
    case(
        "attohttpc",
        "attohttpc",
        "a connection each time",
        Server::Http,
        attohttpc::work,
        Parks,
    )
    .one_of(4),
    case(
        "minreq",
        "minreq",
        "a connection each time",
        Server::Http,
        minreq::work,
        Parks,
    )
    .one_of(4),
    case(
        "curl",
        "curl",
        "libcurl (C), a handle each",
        Server::Http,
        curl::work,
        Parks,
    ),
    case(
        "rustls",
        "rustls",
        "over `TcpStream`",
        Server::Https,
        rustls::work,
        Parks,
    ),
    case(
        "native-tls",
        "native-tls",
        "OpenSSL (C) over `TcpStream`",
        Server::Https,
        native_tls::work,
        Parks,
    ),
    case(
        "tungstenite",
        "tungstenite",
        "over `TcpStream`",
        Server::WebSocket,
        tungstenite::work,
        Parks,
    ),
    case(
        "lettre",
        "lettre",
        "SMTP, a connection each time",
        Server::Smtp,
        lettre::work,
        Parks,
    )
    .one_of(4),
    case(
        "tiny_http",
        "tiny_http",
        "half of the tasks serve, half ask",
        Server::None,
        tiny_http::work,
        Parks,
    )
    .without_slow(),
    case(
        "redis",
        "redis",
        "a connection each",
        Server::Redis,
        redis::work,
        Parks,
    ),
    case(
        "mysql",
        "mysql",
        "a connection each, MariaDB",
        Server::MariaDb,
        mysql::work,
        Parks,
    ),
    case(
        "mysql-pool",
        "mysql",
        "its own pool of 16",
        Server::MariaDb,
        mysql::pooled,
        Parks,
    )
    .without_slow(),
    case(
        "r2d2",
        "r2d2",
        "a connection for each in the pool, redis",
        Server::Redis,
        r2d2::enough,
        Blocks(MAKING_BY_PARKING_LOT),
    ),
    case(
        "r2d2-few",
        "r2d2",
        "a pool of 16, redis",
        Server::Redis,
        r2d2::few,
        Hangs(BY_PARKING_LOT),
    )
    .without_slow(),
    case(
        "memcache",
        "memcache",
        "r2d2's pool, a connection for each",
        Server::Memcached,
        memcache::work,
        Blocks(MAKING_BY_PARKING_LOT),
    )
    .without_slow(),
    case(
        "rusqlite",
        "rusqlite",
        "SQLite (C), a database each",
        Server::None,
        rusqlite::work,
        Parks,
    ),
    case(
        "rusqlite-file",
        "rusqlite",
        "SQLite (C), one file for all",
        Server::None,
        rusqlite::one_file,
        Parks,
    )
    .without_slow()
    .one_of(10),
    case(
        "postgres",
        "postgres",
        "a connection each",
        Server::Postgres,
        postgres::work,
        Blocks("tokio's `block_on` inside"),
    ),
    case(
        "reqwest",
        "reqwest",
        "`blocking`, one client for all",
        Server::Http,
        reqwest::work,
        Hangs(AND_FOR_NEIGHBOURS),
    ),
    case(
        "rayon",
        "rayon",
        "parallel sums",
        Server::None,
        rayon::work,
        Hangs("waits at a lock in a thread-local, for what a parked neighbour may be about to do"),
    )
    .without_slow(),
    case(
        "mpsc",
        "",
        "`mpsc`, to a thread and back",
        Server::None,
        crossbeam_channel::of_std,
        Blocks(BY_THREAD_PARK),
    ),
    case(
        "crossbeam-channel",
        "crossbeam-channel",
        "to a thread and back",
        Server::None,
        crossbeam_channel::work,
        Blocks(BY_THREAD_PARK),
    ),
    case(
        "std-once",
        "",
        "`OnceLock`, slow to make",
        Server::None,
        once_cell::of_std,
        Parks,
    )
    .without_slow(),
    case(
        "once_cell",
        "once_cell",
        "`OnceCell`, slow to make",
        Server::None,
        once_cell::work,
        Hangs(BY_THREAD_PARK),
    )
    .without_slow(),
    case(
        "std-mutex",
        "",
        "`Mutex`, held across a sleep",
        Server::None,
        parking_lot::of_std,
        Parks,
    )
    .without_slow()
    .one_of(10),
    case(
        "parking_lot",
        "parking_lot",
        "`Mutex`, held across a sleep",
        Server::None,
        parking_lot::work,
        Hangs("waits by a futex of its own, per thread"),
    )
    .without_slow()
    .one_of(10),
];
