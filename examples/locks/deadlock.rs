//! A deadlock: two tasks take two locks in opposite orders. How it is noticed, and the cure.
//!
//! ```sh
//! cargo run --example deadlock
//! ```
//!
//! Prints who waits for which lock and who holds it, then the sums after the cure. Go ends the process
//! when *all* goroutines sleep. Here nothing looks for circles: a task says how long it waits, by
//! `lock_timeout` or [`timeout`](hueless::timeout). A mutex does not know its holder: we note that.

use std::time::Duration;

use hueless::sync::{Barrier, Mutex, MutexGuard};
use hueless::{join, yield_now};

struct Account {
    name: &'static str,
    balance: Mutex<u64>,
    /// Who has locked the balance last.
    holder: Mutex<&'static str>,
}

impl Account {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            balance: Mutex::new(50),
            holder: Mutex::new("nobody"),
        }
    }

    /// Locks for `who`, or tells why that takes too long.
    fn lock(&self, who: &'static str) -> Result<MutexGuard<'_, u64>, String> {
        let Some(guard) = self.balance.lock_timeout(Duration::from_millis(50)) else {
            let (name, holder) = (self.name, *self.holder.lock());
            return Err(format!("{who} waits for {name}, held by {holder}"));
        };
        *self.holder.lock() = who;
        Ok(guard)
    }
}

/// Each locks its own account, and when both have (the barrier), the other's.
fn opposite_orders(a: &Account, b: &Account) -> (Result<u64, String>, Result<u64, String>) {
    let both = Barrier::new(2);
    let sum = |who, mine: &Account, other: &Account| {
        let mine = mine.lock(who)?;
        both.wait();
        Ok(*mine + *other.lock(who)?) // who gives up unlocks, and the other one goes on
    };
    join(|| sum("ann", a, b), || sum("bob", b, a))
}

/// The cure: all lock in the same order, here that of the names. No circle, so no limit either.
fn same_order(a: &Account, b: &Account) -> (u64, u64) {
    let sum = |mut accounts: [&Account; 2]| {
        accounts.sort_by_key(|account| account.name);
        let first = accounts[0].balance.lock();
        yield_now();
        *first + *accounts[1].balance.lock()
    };
    join(|| sum([a, b]), || sum([b, a]))
}

fn main() {
    let (a, b) = (Account::new("A"), Account::new("B"));
    println!("opposite orders: {:?}", opposite_orders(&a, &b));
    println!("the same order:  {:?}", same_order(&a, &b));
}

#[test]
fn one_gives_up_or_both_agree_on_the_order() {
    let (a, b) = (Account::new("A"), Account::new("B"));
    let (ann, bob) = opposite_orders(&a, &b);
    assert!(ann.is_err() || bob.is_err());
    assert!([Ok(100), Err("ann waits for B, held by bob".into())].contains(&ann));
    assert!([Ok(100), Err("bob waits for A, held by ann".into())].contains(&bob));
    assert_eq!(same_order(&a, &b), (100, 100));
}
