//! A cache: many read at once, and each key is loaded once, though many ask for it at the same time.
//!
//! ```sh
//! cargo run --example rwlock_cache
//! ```
//!
//! Prints how often was asked and how often loaded. Go's `singleflight`, `moka`'s `get_with`, the cure
//! for a cache stampede: the lock of the map is held for a moment only, and who loads a key holds up
//! nobody but those who want the same one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hueless::sync::{OnceLock, RwLock};
use hueless::{join_all, yield_now};

struct Cache<K, V> {
    cells: RwLock<HashMap<K, Arc<OnceLock<V>>>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    fn new() -> Self {
        Self {
            cells: RwLock::new(HashMap::new()),
        }
    }

    /// The value of `key`. The first to ask loads it; others who ask meanwhile wait for that.
    fn get(&self, key: &K, load: impl FnOnce() -> V) -> V {
        // In two steps: a guard in the `match` would still be held in its arms.
        let known = self.cells.read().get(key).cloned();
        let cell = known.unwrap_or_else(|| {
            let mut cells = self.cells.write();
            cells.entry(key.clone()).or_default().clone() // or somebody was faster
        });
        cell.get_or_init(load).clone()
    }
}

/// Asks `times` times for each of three names, all at once. Returns the lengths, and how often was loaded.
fn ask(times: usize) -> (Vec<usize>, u32) {
    let cache = Cache::new();
    let loaded = AtomicU32::new(0); // Relaxed: read when all tasks have been joined
    let load = |name: &str| {
        yield_now(); // slow
        loaded.fetch_add(1, Relaxed);
        name.len()
    };
    let names = ["ada", "grace", "barbara"].iter().cycle().take(3 * times);
    let lengths = join_all(names.map(|name| || cache.get(name, || load(name))));
    (lengths, loaded.into_inner())
}

fn main() {
    let (lengths, loaded) = ask(1000);
    println!("asked {} times, loaded {loaded} times", lengths.len());
}

#[test]
fn loads_each_once() {
    let (lengths, loaded) = ask(100);
    assert_eq!(
        (&lengths[..3], lengths.len(), loaded),
        (&[3, 5, 7][..], 300, 3)
    );
}
