//! `select!`: one task serves requests, prices that change, and a wish to stop, as each comes.
//!
//! ```sh
//! cargo run --example select
//! ```

use std::time::Duration;

use hueless::channel::{Receiver, Sender, bounded};
use hueless::{go, run, select, sleep};

/// Answers each request with the price of that many pieces, until `stop` is disconnected.
/// Returns how many it has answered.
fn sell(
    requests: &Receiver<(u32, Sender<u32>)>,
    prices: &Receiver<u32>,
    stop: &Receiver<()>,
) -> u32 {
    let mut price = 10;
    let mut answered = 0;
    loop {
        select! {
            recv(prices) -> new => match new {
                Ok(new) => price = new,
                Err(_) => break, // the market has closed
            },
            recv(requests) -> request => match request {
                // The customer may have left without waiting for the answer.
                Ok((pieces, answer)) => answered += u32::from(answer.send(pieces * price).is_ok()),
                Err(_) => break, // no customer is left
            },
            recv(stop) -> _ => break,
            default(Duration::from_secs(5)) => println!("nothing to do for five seconds"),
        }
    }
    answered
}

/// Runs a shop with one customer, who asks at the old price and at the new one.
fn trade() -> (Vec<u32>, u32) {
    let (market, prices) = bounded(0);
    let (customer, requests) = bounded(0);
    let (open, stop) = bounded::<()>(0);
    let shop = go!(name = "shop", move || sell(&requests, &prices, &stop));

    let mut paid = Vec::new();
    for new_price in [None, Some(7)] {
        if let Some(price) = new_price {
            market.send(price).unwrap();
        }
        let (answer, answered) = bounded(1);
        customer.send((3, answer)).unwrap();
        select! {
            recv(answered) -> sum => paid.push(sum.unwrap()),
            default(Duration::from_secs(5)) => println!("the shop is slow today"),
        }
    }
    sleep(Duration::from_millis(10));
    drop(open); // closing a channel tells everyone who waits for it
    (paid, shop.join().unwrap())
}

fn main() {
    let (paid, answered) = run(trade);
    println!("paid {paid:?}, {answered} requests answered");
}

#[test]
fn prices_change_between_requests() {
    assert_eq!(run(trade), (vec![30, 21], 2));
    main();
}
