//! A pipeline: stages of tasks, joined by bounded channels, the slow one with several workers.
//!
//! ```sh
//! cargo run --release --example pipeline
//! ```
//!
//! A stage that is too fast waits until the next one has room (back-pressure), so memory stays bounded
//! however long the input is and however fast it comes: of 100, 1,000 and 10,000 pages of 64 KiB, 655 MB
//! at last, no more than 69 exist at any time. When a stage ends it drops its sender, which ends the
//! stage behind it.

use hueless::channel::{Receiver, bounded};
use hueless::{checkpoint, go, run};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages that may lie between two stages.
const ROOM: usize = 64;
/// Tasks of the slow stage.
const WORKERS: usize = 4;

/// A first stage: a task that sends what `items` yields, as fast as it can.
fn source<T: Send + 'static>(items: impl Iterator<Item = T> + Send + 'static) -> Receiver<T> {
    let (tx, rx) = bounded(ROOM);
    go!(name = "source", move || {
        for item in items {
            if tx.send(item).is_err() {
                break; // nobody listens any more
            }
        }
    });
    rx
}

/// A stage of `workers` tasks that share their input and send on what `f` makes of it.
fn stage<A: Send + 'static, B: Send + 'static>(
    workers: usize,
    input: Receiver<A>,
    f: fn(A) -> B,
) -> Receiver<B> {
    let (tx, rx) = bounded(ROOM);
    for worker in 0..workers {
        let (input, tx) = (input.clone(), tx.clone());
        go!(name = format!("worker {worker}"), move || {
            for item in input {
                if tx.send(f(item)).is_err() {
                    break;
                }
            }
        });
    }
    rx
}

/// Pages there are now, and the most there have been.
static PAGES: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Page(Vec<u8>);

impl Page {
    fn new(byte: u8) -> Self {
        MOST.fetch_max(1 + PAGES.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Self(vec![byte; 64 << 10])
    }

    /// Adler's checksum.
    fn sum(self) -> u32 {
        let (mut a, mut b) = (1, 0);
        for chunk in self.0.chunks(4096) {
            for &byte in chunk {
                (a, b) = ((a + u32::from(byte)) % 65521, (b + a) % 65521);
            }
            checkpoint(); // a loop that waits for nothing lets others run
        }
        b << 16 | a
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        PAGES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The checksums of `count` pages, added up.
fn pipeline(count: usize) -> u64 {
    let pages = source((0..count).map(|n| Page::new(n as u8)));
    let sums = stage(WORKERS, pages, Page::sum);
    sums.iter().map(u64::from).sum()
}

/// Memory of this process in MiB, where the system tells.
fn memory() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<usize>().ok()? * 4 / 1024)
}

fn main() {
    for count in [100, 1_000, 10_000] {
        let sum = run(move || pipeline(count));
        let most = MOST.swap(0, Ordering::Relaxed);
        print!("{count:6} pages: checksums {sum:#x}, {most:3} pages at once at most");
        println!(", {} MiB of memory", memory().unwrap_or_default());
    }
}

#[test]
fn few_pages_exist_at_a_time() {
    assert_ne!(run(|| pipeline(300)), 0);
    // Those between the stages, one in each worker's hands, one waiting to be sent.
    assert!(MOST.load(Ordering::Relaxed) <= ROOM + WORKERS + 1);
    assert_eq!(PAGES.load(Ordering::Relaxed), 0);
}
