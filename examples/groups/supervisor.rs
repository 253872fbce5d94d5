//! A supervisor: tasks that fail now and then, and are started again.
//!
//! ```sh
//! cargo run --example supervisor
//! ```
//!
//! The feed loses its connection after every few orders, and goes on where it was once it is restarted; its
//! neighbour, the sum, notices nothing. A fault that stays is another thing: the supervisor gives up.

use hueless::channel::{Sender, bounded};
use hueless::supervisor::{GaveUp, Restart::Transient, Strategy::OneForOne, Supervisor};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

const ORDERS: u32 = 10;

/// Sends the orders that are left, as many as one connection gives.
fn feed(next: &AtomicU32, orders: &Sender<u32>, per_connection: u32) -> Result<(), String> {
    for _ in 0..per_connection {
        let order = next.load(Relaxed);
        if order > ORDERS {
            orders.close(); // ends the sum
            return Ok(());
        }
        orders.send(order).map_err(|error| error.to_string())?;
        next.store(order + 1, Relaxed);
    }
    Err(format!("connection lost after {per_connection} orders"))
}

/// The sum of all orders, from connections that give so many each.
fn total(per_connection: u32) -> Result<u32, GaveUp> {
    let (tx, rx) = bounded(1);
    let (next, sum) = (AtomicU32::new(1), AtomicU32::new(0));
    Supervisor::new(OneForOne)
        .intensity(3, Duration::from_secs(5))
        .child_with(Transient, "feed", || feed(&next, &tx, per_connection))
        .child_with(Transient, "sum", || {
            for order in &rx {
                sum.fetch_add(order, Relaxed);
            }
        })
        .run()?;
    Ok(sum.into_inner())
}

fn main() {
    for per_connection in [4, 0] {
        match total(per_connection) {
            Ok(sum) => println!("{ORDERS} orders came in, of {sum} pieces"),
            Err(gave_up) => println!("{gave_up}"),
        }
    }
}

#[test]
fn what_is_lost_now_and_then_is_mended_and_what_stays_lost_is_told() {
    assert_eq!(total(4), Ok(55));
    assert_eq!(total(100), Ok(55));
    let gave_up = total(0).unwrap_err();
    assert_eq!(gave_up.failure().child(), "feed");
    assert_eq!(gave_up.restarts(), 3);
    main();
}
