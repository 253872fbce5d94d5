//! A bounded buffer by hand: a mutex for the items, two condition variables for "not full" and "not empty".
//!
//! ```sh
//! cargo run --example condvar_queue
//! ```
//!
//! Prints the sum of what came through, and the most that lay in the buffer. The textbook's monitor
//! (Hoare, Java's `wait`/`notify`, pthreads); std's code, but for what it need not unwrap, as locks are
//! not poisoned. In a program [`bounded`](hueless::channel::bounded) is this queue.

use std::collections::VecDeque;

use hueless::scope;
use hueless::sync::{Condvar, Mutex};

#[derive(Default)]
struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    capacity: usize,
    not_full: Condvar,
    not_empty: Condvar,
}

impl<T> Queue<T> {
    /// Puts an item at the end; waits while the queue is full. Returns how many lie there then.
    fn put(&self, item: T) -> usize {
        let is_full = |items: &mut VecDeque<T>| items.len() == self.capacity;
        // Unlocks while it waits.
        let mut items = self.not_full.wait_while(self.items.lock(), is_full);
        items.push_back(item);
        self.not_empty.notify_one();
        items.len()
    }

    /// Takes the first item; waits while there is none.
    fn take(&self) -> T {
        let mut items = self.items.lock();
        loop {
            if let Some(item) = items.pop_front() {
                self.not_full.notify_one();
                return item;
            }
            items = self.not_empty.wait(items); // what `wait_while` does, spelt out
        }
    }
}

/// Two tasks put the numbers below `n`, two take them. Returns the sum and the most that lay in the queue.
fn transfer(n: u64, capacity: usize) -> (u64, usize) {
    let queue = Queue {
        capacity,
        ..Queue::default()
    };
    let queue = &queue;
    scope(|s| {
        let putters = [0, 1].map(|odd| {
            let numbers = (odd..n).step_by(2);
            s.spawn(move || numbers.map(|number| queue.put(number)).max())
        });
        let takers = [0, 1].map(|_| s.spawn(|| (0..n / 2).map(|_| queue.take()).sum::<u64>()));
        let most = putters.map(|task| task.join().unwrap()).into_iter().max();
        let sum = takers.map(|task| task.join().unwrap()).iter().sum();
        (sum, most.flatten().unwrap_or(0))
    })
}

fn main() {
    let (sum, most) = transfer(10_000, 4);
    println!("the sum is {sum}; at most {most} lay in the queue of 4");
}

#[test]
fn all_come_through_and_it_is_never_overfull() {
    let (sum, most) = transfer(1000, 3);
    assert_eq!(sum, 499_500);
    assert!((1..=3).contains(&most), "{most}");
}
