//! The keys and their values, in shards with a lock each.
//!
//! The locks are std's. They are held while a command looks at or changes values, and never across
//! anything that waits: a task that waited with one could block the worker of another for good.
//!
//! A key whose time is over is gone for whoever asks. Its memory is freed when somebody asks, or by
//! [`Store::sweep`].

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hueless::{now, yield_now};

/// How many shards there are; a bit each in a `u64`.
const SHARDS: usize = 64;
/// Keys that are swept under one hold of a lock.
const SWEPT: usize = 64;

/// A key, shared by the map and the list of what is due.
type Key = Arc<[u8]>;

#[derive(Debug)]
pub(crate) enum Value {
    Text(Vec<u8>),
    List(List),
}

pub(crate) type List = VecDeque<Box<[u8]>>;

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    /// The key's time; if it has one, `Shard::due` has it too.
    expires: Option<Instant>,
}

impl Entry {
    pub(crate) fn expires(&self) -> Option<Instant> {
        self.expires
    }
}

/// Some of the keys.
#[derive(Default)]
pub(crate) struct Shard {
    entries: HashMap<Key, Entry>,
    /// The keys with a time, earliest first.
    due: BTreeSet<(Instant, Key)>,
}

impl Shard {
    pub(crate) fn get(&mut self, key: &[u8]) -> Option<&mut Entry> {
        if !self.due.is_empty() {
            let expires = self.entries.get(key).and_then(Entry::expires);
            if expires.is_some_and(|at| at <= now()) {
                self.forget(key);
            }
        }
        self.entries.get_mut(key)
    }

    /// Gives `key` a value, and leaves its time alone if it has one.
    pub(crate) fn put(&mut self, key: &[u8], value: Value) {
        match self.get(key) {
            Some(entry) => entry.value = value,
            None => {
                let expires = None;
                self.entries.insert(key.into(), Entry { value, expires });
            }
        }
    }

    /// Gives `key`, if it is there, a time, or none.
    pub(crate) fn expire(&mut self, key: &[u8], at: Option<Instant>) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let before = mem::replace(&mut entry.expires, at);
        if before == at {
            return;
        }
        let (key, _) = self.entries.get_key_value(key).expect("seen above");
        if let Some(before) = before {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.due.insert((at, key.clone()));
        }
    }

    /// Removes `key`; false if it was not there.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        let there = self.get(key).is_some();
        if there {
            self.forget(key);
        }
        there
    }

    /// Frees up to `SWEPT` keys whose time is over; true if there may be more.
    fn sweep(&mut self, now: Instant) -> bool {
        for _ in 0..SWEPT {
            match self.due.first() {
                Some((at, key)) if *at <= now => {
                    let key = key.clone();
                    self.forget(&key);
                }
                _ => return false,
            }
        }
        true
    }

    fn forget(&mut self, key: &[u8]) {
        if let Some((key, entry)) = self.entries.remove_entry(key)
            && let Some(at) = entry.expires
        {
            self.due.remove(&(at, key));
        }
    }
}

/// See the module.
pub(crate) struct Store {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// The shard that `key` belongs to, for one command.
    pub(crate) fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        self.lock(self.index(key))
    }

    /// The shards that `keys` belong to, for one command: nobody sees half of what it does.
    pub(crate) fn shards<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Shards<'_> {
        let wanted = keys.fold(0_u64, |wanted, key| wanted | 1 << self.index(key));
        // In the order of their numbers, as everybody takes them: no two wait for each other.
        let locked = (0..SHARDS).map(|index| (wanted >> index & 1 == 1).then(|| self.lock(index)));
        Shards {
            store: self,
            locked: locked.collect(),
        }
    }

    /// How many keys there are, and how many of them have a time.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (0..SHARDS).fold((0, 0), |(keys, timed), index| {
            let shard = self.lock(index);
            (keys + shard.entries.len(), timed + shard.due.len())
        })
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        for index in 0..SHARDS {
            // Freed after the lock has been let go.
            let shard = mem::take(&mut *self.lock(index));
            drop(shard);
        }
    }

    /// Frees the keys whose time is over, a few at a time, so that nobody waits for long.
    pub(crate) fn sweep(&self) {
        for index in 0..SHARDS {
            while self.sweep_some(index) {
                yield_now();
            }
        }
    }

    /// The lock is let go at the end, before the caller yields.
    fn sweep_some(&self, index: usize) -> bool {
        self.lock(index).sweep(now())
    }

    fn index(&self, key: &[u8]) -> usize {
        self.hasher.hash_one(key) as usize % SHARDS
    }

    fn lock(&self, index: usize) -> MutexGuard<'_, Shard> {
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Several shards, locked.
pub(crate) struct Shards<'a> {
    store: &'a Store,
    locked: Vec<Option<MutexGuard<'a, Shard>>>,
}

impl Shards<'_> {
    /// The shard of `key`, which must be among those that were asked for.
    pub(crate) fn of(&mut self, key: &[u8]) -> &mut Shard {
        let shard = &mut self.locked[self.store.index(key)];
        shard.as_mut().expect("one of the keys asked for")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn text(value: &str) -> Value {
        Value::Text(value.into())
    }

    #[test]
    fn a_key_whose_time_is_over_is_gone() {
        let store = Store::new();
        let mut shard = store.shard(b"k");
        for at in [now(), now() + Duration::from_secs(3600)] {
            shard.put(b"k", text("v"));
            shard.expire(b"k", Some(at));
            assert_eq!(shard.get(b"k").is_some(), at > now());
        }
        assert!(shard.remove(b"k"));
        assert!(!shard.remove(b"k"));
        shard.put(b"k", text("v"));
        shard.expire(b"k", Some(now()));
        assert!(!shard.remove(b"k"));
        assert!(shard.due.is_empty() && shard.entries.is_empty());
    }

    #[test]
    fn sweeping_frees_what_is_due_and_nothing_else() {
        let store = Store::new();
        for n in 0..3 * SHARDS * SWEPT {
            let key = n.to_string();
            let mut shard = store.shard(key.as_bytes());
            shard.put(key.as_bytes(), text("v"));
            let late = now() + Duration::from_secs(3600);
            let at = [Some(now()), Some(late), None][n % 3];
            shard.expire(key.as_bytes(), at);
        }
        let each = SHARDS * SWEPT;
        assert_eq!(store.counts(), (3 * each, 2 * each));
        store.sweep();
        assert_eq!(store.counts(), (2 * each, each));
        store.clear();
        assert_eq!(store.counts(), (0, 0));
    }
}
