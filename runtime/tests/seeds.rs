//! RELIABILITY 4: a seed shuffles the order of running; results do not depend on it, and the same
//! seed gives the same order again.

use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{spawn, yield_now};

const SEEDS: u64 = 1000;

/// The numbers of tasks, in the order in which they ran.
type Order = Vec<usize>;

/// Sums over a tree of tasks that spawn, yield and join; gives the order in which its parts ran.
fn program(builder: Builder) -> (usize, Order) {
    fn node(number: usize, order: &Arc<Mutex<Order>>) -> usize {
        let children: Vec<_> = (0..3)
            .map(|i| number * 3 + 1 + i)
            .filter(|child| *child < 100)
            .map(|child| {
                let order = order.clone();
                spawn(move || node(child, &order))
            })
            .collect();
        for _ in 0..number % 4 {
            order.lock().unwrap().push(number);
            yield_now();
        }
        order.lock().unwrap().push(number);
        let below: usize = children.into_iter().map(|c| c.join().unwrap()).sum();
        number + below
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let runtime = builder.workers(1).build().unwrap();
    let sum = runtime.run(|| node(0, &order));
    drop(runtime);
    let order = std::mem::take(&mut *order.lock().unwrap());
    (sum, order)
}

#[test]
fn results_are_the_same_for_a_thousand_seeds() {
    let (expected, usual) = program(Builder::new());
    assert_eq!(expected, (0..100).sum());
    let mut orders = HashSet::new();
    for seed in 0..SEEDS {
        let (sum, order) = program(Builder::new().seed(seed));
        assert_eq!(sum, expected, "seed {seed}");
        assert_eq!(order.len(), usual.len(), "seed {seed}");
        orders.insert(order);
    }
    // A hundred tasks can run in so many orders that no two seeds should give the same.
    assert_eq!(orders.len() as u64, SEEDS);
    assert!(!orders.contains(&usual));
}

#[test]
fn a_seed_replays() {
    for seed in (0..SEEDS).step_by(20).chain([u64::MAX]) {
        let once = program(Builder::new().seed(seed));
        let again = program(Builder::new().seed(seed));
        assert_eq!(once, again, "seed {seed}");
    }
}

/// Set by the environment in a child, the order is the same as when set by the builder here.
#[test]
fn a_seed_in_the_environment_replays() {
    const CHILD: &str = "HUELESS_TEST_SEEDED";
    if std::env::var_os(CHILD).is_some() {
        println!("order: {:?}", program(Builder::new()).1);
        return;
    }
    for seed in [7, 8] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["a_seed_in_the_environment_replays", "--exact"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .env("HUELESS_SEED", seed.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        let expected = format!("order: {:?}", program(Builder::new().seed(seed)).1);
        assert!(said.contains(&expected), "{said}\n{expected}");
    }
}

#[test]
fn a_seed_shuffles_several_workers_too() {
    for seed in 0..20 {
        let runtime = Builder::new().workers(3).seed(seed).build().unwrap();
        let sum: usize = runtime.run(|| {
            let tasks: Vec<_> = (0..500)
                .map(|i| {
                    spawn(move || {
                        yield_now();
                        i
                    })
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(sum, (0..500).sum());
    }
}

#[test]
fn a_seed_shuts_nobody_out() {
    let runtime = Builder::new().workers(1).seed(7).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    let yields = runtime.spawn(move || {
        while !seen.load(Ordering::SeqCst) {
            yield_now();
        }
    });
    // From outside, beside one that always is ready.
    runtime
        .spawn(move || stop.store(true, Ordering::SeqCst))
        .join()
        .unwrap();
    yields.join().unwrap();
}
