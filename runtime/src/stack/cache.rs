//! A worker's own free slots.
//!
//! Last in, first out: the slot that was given up last is the one whose lines
//! are still in the processor's cache. Neither lock nor atomic operation lies
//! on the way, as long as the list is neither empty nor full; then a batch
//! moves between it and the [`pool`].

use std::io;

use super::class::Class;
use super::handle::Stack;
use super::pool;
use super::slot::Slot;

/// Address space of the slots kept for one class, at most. A free slot holds
/// whatever its last owner has touched, so big ones are kept in small numbers.
const KEPT_BYTES: usize = 64 << 20;

/// Slots kept for one class, at most: 256 shallow stacks hold 1 MiB of memory,
/// and batches of half of them make the pool's lock rare.
const KEPT_SLOTS: usize = 256;

/// Slots kept for each class, at most.
const BOUNDS: [usize; Class::COUNT] = {
    let mut bounds = [1; Class::COUNT];
    let mut index = 0;
    while index < Class::COUNT {
        let fit = KEPT_BYTES >> Class::from_index(index).shift();
        if fit > 1 {
            bounds[index] = if fit < KEPT_SLOTS { fit } else { KEPT_SLOTS };
        }
        index += 1;
    }
    bounds
};

/// Slots that move to or from the pool at a time.
fn batch(class: Class) -> usize {
    BOUNDS[class.index()].div_ceil(2)
}

/// Free slots that one thread takes from and puts to.
///
/// # Drop
///
/// All slots go to the pool.
#[derive(Debug)]
pub(crate) struct Cache {
    /// By class; the warmest last. The slots in it are owned by it and have
    /// their guards.
    lists: [Vec<Slot>; Class::COUNT],
}

impl Cache {
    /// An empty cache; it allocates when it is first used.
    pub(crate) const fn new() -> Cache {
        Cache {
            lists: [const { Vec::new() }; Class::COUNT],
        }
    }

    /// Takes a stack: the one put last, if any is left.
    ///
    /// # Errors
    ///
    /// When there is neither a free slot nor room for another; the message says
    /// what to change. Also if [`HUELESS_GUARD`](super::guard) asks for what
    /// cannot be had.
    #[inline]
    pub(crate) fn take(&mut self, class: Class) -> io::Result<Stack> {
        match self.lists[class.index()].pop() {
            // SAFETY: the list owned it, with its guard, and has given it up.
            Some(slot) => Ok(unsafe { Stack::adopt(slot) }),
            None => self.take_slow(class),
        }
    }

    #[cold]
    #[inline(never)]
    fn take_slow(&mut self, class: Class) -> io::Result<Stack> {
        let list = &mut self.lists[class.index()];
        list.reserve_exact(BOUNDS[class.index()]);
        pool::take(class, batch(class), list)?;
        // The pool's lowest slot comes first: keep what is in use together.
        list.reverse();
        let slot = list.pop().expect("the pool gives one or fails");
        // SAFETY: the pool gave it to us, with its guard.
        Ok(unsafe { Stack::adopt(slot) })
    }

    /// Puts a stack back that nobody runs on any more.
    #[inline]
    pub(crate) fn put(&mut self, stack: Stack) {
        let slot = stack.into_slot();
        let class = slot.class();
        let list = &mut self.lists[class.index()];
        if list.len() < BOUNDS[class.index()] {
            list.push(slot);
        } else {
            self.put_slow(slot);
        }
    }

    #[cold]
    #[inline(never)]
    fn put_slow(&mut self, slot: Slot) {
        let class = slot.class();
        let list = &mut self.lists[class.index()];
        // The oldest go: they have cooled most.
        pool::give(class, list.drain(..batch(class)));
        list.push(slot);
    }

    /// Hands all slots to the pool, where other workers and
    /// [`trim`](super::trim()) can have them.
    ///
    /// For a worker that goes to sleep for long: a slot kept in a cache keeps
    /// the page tables of its region.
    pub(crate) fn clear(&mut self) {
        for class in Class::all() {
            let list = &mut self.lists[class.index()];
            if !list.is_empty() {
                pool::give(class, list.drain(..));
            }
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corosensei::stack::Stack as _;

    #[test]
    fn what_was_put_last_is_taken_first() {
        let mut cache = Cache::new();
        let stacks: Vec<_> = (0..3)
            .map(|_| cache.take(Class::DEFAULT).unwrap())
            .collect();
        let bases: Vec<_> = stacks.iter().map(|stack| stack.base()).collect();
        stacks.into_iter().for_each(|stack| cache.put(stack));
        for &base in bases.iter().rev() {
            let stack = cache.take(Class::DEFAULT).unwrap();
            assert_eq!(stack.base(), base);
            std::mem::forget(stack);
        }
    }

    #[test]
    fn a_cache_is_bounded() {
        for class in Class::all() {
            let mut cache = Cache::new();
            let stacks: Vec<_> = (0..2 * BOUNDS[class.index()] + 1)
                .map(|_| cache.take(class).unwrap())
                .collect();
            stacks.into_iter().for_each(|stack| cache.put(stack));
            let kept = cache.lists[class.index()].len();
            assert!(
                (1..=BOUNDS[class.index()]).contains(&kept),
                "{class:?} keeps {kept}"
            );
        }
    }

    #[test]
    fn classes_do_not_mix() {
        let mut cache = Cache::new();
        for _ in 0..2 {
            for class in Class::all() {
                let stack = cache.take(class).unwrap();
                assert_eq!(stack.class(), class);
                let bytes = stack.base().get() - stack.limit().get();
                assert!((class.usable()..=class.slot_size()).contains(&bytes));
                cache.put(stack);
            }
        }
    }
}
