//! A connection pool: a semaphore counts the connections that are free, who finds none waits in line.
//!
//! ```sh
//! cargo run --example semaphore_pool
//! ```
//!
//! Prints how many queries ran on how many connections. `r2d2`, `deadpool`, Go's `database/sql`; a
//! semaphore of three permits is Dijkstra's, Java's `Semaphore`, Go's `make(chan struct{}, 3)`.

use hueless::sync::{Mutex, Semaphore};
use hueless::{cancel::shield, map_concurrent, yield_now};

/// Something that is dear to open. Here it counts the queries that it was used for.
#[derive(Default)]
struct Connection(u32);

impl Connection {
    fn query(&mut self, n: u32) -> u32 {
        yield_now();
        self.0 += 1;
        n + 1
    }
}

struct Pool {
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
}

impl Pool {
    fn new(size: usize) -> Self {
        Self {
            idle: Mutex::new((0..size).map(|_| Connection::default()).collect()),
            free: Semaphore::new(size),
        }
    }

    /// Lends a connection to `f`. Waits for one that is free, in the order of asking.
    fn with<T>(&self, f: impl FnOnce(&mut Connection) -> T) -> T {
        let _permit = self.free.acquire();
        let mut lease = Lease(self, self.idle.lock().pop().expect("as many as permits"));
        f(&mut lease.1)
        // The connection goes back first, the permit then, also if `f` panics or is cancelled.
    }
}

/// A connection on loan.
struct Lease<'a>(&'a Pool, Connection);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Where nothing unwinds yet, a destructor can be cancelled as any code: the connection would be lost.
        shield(|| self.0.idle.lock().push(std::mem::take(&mut self.1)));
    }
}

/// Makes `queries` queries, all at once. Returns how many each connection was used for.
fn load(pool: &Pool, queries: u32) -> Vec<u32> {
    let query = |n| pool.with(|connection| connection.query(n));
    let answers = map_concurrent(0..queries, usize::MAX, query);
    assert!(answers.into_iter().eq(1..=queries));
    pool.idle.lock().iter().map(|used| used.0).collect()
}

fn main() {
    println!("queries on each connection: {:?}", load(&Pool::new(3), 100));
}

#[test]
fn connections_come_back() {
    use hueless::cancel::CancelToken;

    let pool = Pool::new(3);
    let used = load(&pool, 50);
    assert_eq!((used.len(), used.iter().sum()), (3, 50));

    let panic = || pool.with(|_| std::panic::resume_unwind(Box::new("in a query")));
    assert!(hueless::scope(|s| s.spawn(panic).join()).is_err());
    // Cancelled while it computes, so what is next that may block is in a destructor.
    let token = CancelToken::new();
    let cancel = || token.run(|| pool.with(|_| token.cancel()));
    assert_eq!(hueless::run(cancel), Ok(()));
    assert_eq!(load(&pool, 50).iter().sum::<u32>(), 100, "still three");
}
