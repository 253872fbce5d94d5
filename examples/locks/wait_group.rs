//! A wait group: waits until a number of tasks have done, which start more of their kind as they go.
//!
//! ```sh
//! cargo run --example wait_group
//! ```
//!
//! Prints the pages that a crawl has found. Go's `sync.WaitGroup`, with `add`, `done`, `wait`, and
//! `go`; Java's `Phaser`. Use it where tasks start tasks that outlive them, as here; where a caller
//! waits for what it has started itself, [`scope`](hueless::scope) is simpler: its tasks may borrow,
//! return values, and fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use hueless::sync::{Mutex, WaitGroup};
use hueless::yield_now;

/// The pages that a page links to.
fn links(page: u32) -> Vec<u32> {
    yield_now(); // a slow network
    [2 * page, page / 3]
        .into_iter()
        .filter(|page| *page < 100)
        .collect()
}

type Seen = Arc<Mutex<BTreeSet<u32>>>;

/// Visits a page and, in tasks of their own, those that it links to, unless they have been seen.
fn visit(page: u32, seen: Seen, group: WaitGroup) {
    for link in links(page) {
        if seen.lock().insert(link) {
            let (seen, ours) = (seen.clone(), group.clone());
            group.go(move || visit(link, seen, ours));
        }
    }
    // We count until we return, so the count is never 0 too early.
}

/// All pages that can be reached from `start`.
fn crawl(start: u32) -> BTreeSet<u32> {
    let (seen, group) = (Seen::default(), WaitGroup::new());
    visit(start, seen.clone(), group.clone());
    group.wait();
    std::mem::take(&mut seen.lock())
}

fn main() {
    println!("{:?}", crawl(7));
}

#[test]
fn all_pages_are_found_before_the_end() {
    let (mut expected, mut new) = (BTreeSet::new(), vec![7]);
    while let Some(page) = new.pop() {
        new.extend(
            links(page)
                .into_iter()
                .filter(|link| expected.insert(*link)),
        );
    }
    assert_eq!(crawl(7), expected);
    main();
}
