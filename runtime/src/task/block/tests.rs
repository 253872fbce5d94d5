use std::alloc::Layout;
use std::collections::HashSet;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::spans::SPAN;
use super::{Cache, Class, MAGAZINE, RECYCLES, allocate, depot, free};

/// The depot is the process's: these tests take turns. Other tests of this process use it too, so
/// they use a size that no task here has.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn layout() -> Layout {
    Layout::from_size_align(500, 8).unwrap()
}

fn filled(block: NonNull<u8>, with: u8) -> NonNull<u8> {
    // SAFETY: the block is the test's and this long.
    unsafe { block.as_ptr().write_bytes(with, 500) };
    block
}

fn is_filled(block: NonNull<u8>, with: u8) -> bool {
    // SAFETY: the block is the test's, this long, and written.
    let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), 500) };
    bytes.iter().all(|byte| *byte == with)
}

#[test]
fn classes_hold_what_they_are_for() {
    if !RECYCLES {
        return;
    }
    for size in 1..=512 {
        let class = Class::of(Layout::from_size_align(size, 8).unwrap()).unwrap();
        assert!((size..size + 64).contains(&class.size()));
        assert!(class.index() < Class::MAX);
    }
    for (size, align) in [(513, 8), (64, 128), (4096, 4096)] {
        assert_eq!(
            Class::of(Layout::from_size_align(size, align).unwrap()),
            None
        );
    }
}

#[test]
fn blocks_are_aligned_and_never_overlap() {
    let _turn = alone();
    let cache = Cache::new();
    for (size, align) in [
        (1, 1),
        (64, 64),
        (130, 16),
        (500, 8),
        (512, 64),
        (513, 8),
        (700, 256),
    ] {
        let layout = Layout::from_size_align(size, align).unwrap();
        let mut blocks = Vec::new();
        for i in 0..1000 {
            let cache = (i % 3 != 0).then_some(&cache);
            let block = allocate(cache, layout);
            assert!(block.addr().get().is_multiple_of(align));
            // SAFETY: just allocated, of this size.
            unsafe { block.as_ptr().write_bytes(i as u8, size) };
            blocks.push(block);
        }
        for (i, block) in blocks.into_iter().enumerate() {
            // SAFETY: written above, and given back once.
            unsafe {
                let bytes = std::slice::from_raw_parts(block.as_ptr(), size);
                assert!(bytes.iter().all(|byte| *byte == i as u8));
                free((i % 2 != 0).then_some(&cache), block, layout);
            }
        }
    }
}

#[test]
fn the_block_freed_last_is_taken_first() {
    if !RECYCLES {
        return;
    }
    let _turn = alone();
    let cache = Cache::new();
    let blocks: Vec<_> = (0..3).map(|_| allocate(Some(&cache), layout())).collect();
    for &block in &blocks {
        // SAFETY: allocated above, given back once.
        unsafe { free(Some(&cache), block, layout()) };
    }
    for &block in blocks.iter().rev() {
        assert_eq!(allocate(Some(&cache), layout()), block);
    }
    for block in blocks {
        // SAFETY: taken again above.
        unsafe { free(Some(&cache), block, layout()) };
    }
}

#[test]
fn blocks_freed_on_another_thread_come_back() {
    if !RECYCLES {
        return;
    }
    const COUNT: usize = 8 * MAGAZINE;
    let _turn = alone();
    let cache = Cache::new();
    let blocks: Vec<_> = (0..COUNT)
        .map(|_| allocate(Some(&cache), layout()).addr())
        .collect();
    let there = blocks.clone();
    let other = std::thread::spawn(move || {
        let cache = Cache::new();
        for block in there {
            let block = NonNull::new(std::ptr::with_exposed_provenance_mut(block.get())).unwrap();
            // SAFETY: allocated above, given back here alone.
            unsafe { free(Some(&cache), filled(block, 7), layout()) };
        }
    });
    other.join().unwrap();
    let before: HashSet<_> = blocks.into_iter().collect();
    let again: Vec<_> = (0..COUNT)
        .map(|_| allocate(Some(&cache), layout()))
        .collect();
    let seen = again.iter().filter(|block| before.contains(&block.addr()));
    assert!(seen.count() >= COUNT - MAGAZINE);
    for block in again {
        // SAFETY: allocated above.
        unsafe { free(Some(&cache), block, layout()) };
    }
}

#[test]
fn threads_that_trade_blocks_never_share_one() {
    let _turn = alone();
    let (send, receive) = std::sync::mpsc::sync_channel::<(usize, u8)>(100);
    let receive = Mutex::new(receive);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                let cache = Cache::new();
                loop {
                    let next = receive.lock().unwrap().recv();
                    let Ok((address, with)) = next else { return };
                    let block = NonNull::new(std::ptr::with_exposed_provenance_mut(address));
                    let block = block.unwrap();
                    assert!(is_filled(block, with));
                    // SAFETY: the sender gave it up, and its bytes were right.
                    unsafe { free(Some(&cache), filled(block, 0), layout()) };
                }
            });
        }
        for with in 1..3 {
            let send = send.clone();
            s.spawn(move || {
                let cache = Cache::new();
                for i in 0..20_000 {
                    let cache = (i % 10 != 0).then_some(&cache);
                    let block = filled(allocate(cache, layout()), with);
                    send.send((block.as_ptr().expose_provenance(), with))
                        .unwrap();
                }
            });
        }
        drop(send);
    });
}

#[test]
fn spans_without_blocks_are_given_back_and_used_again() {
    if !RECYCLES {
        return;
    }
    const COUNT: usize = 64 * SPAN / 512;
    let _turn = alone();
    let cache = Cache::new();
    let mut blocks: Vec<_> = (0..COUNT)
        .map(|_| filled(allocate(Some(&cache), layout()), 9))
        .collect();
    let kept = blocks.swap_remove(COUNT / 2);
    for &block in &blocks {
        // SAFETY: allocated above, given back once.
        unsafe { free(Some(&cache), block, layout()) };
    }
    cache.clear();
    // Other tests move blocks meanwhile, which puts it off.
    let gone = |block: &&NonNull<u8>| {
        let page = block.addr().get() & !4095;
        let mut resident = 0u8;
        // SAFETY: asks about a page of ours; one byte for the answer.
        let asked = unsafe {
            libc::mincore(
                std::ptr::with_exposed_provenance_mut(page),
                1,
                &raw mut resident,
            )
        };
        asked == 0 && resident & 1 == 0
    };
    let mut calls = 0;
    while blocks.iter().filter(gone).count() < COUNT / 2 {
        depot::trim();
        calls += 1;
        assert!(calls < 10_000, "memory is not given back");
        std::thread::yield_now();
    }
    assert!(is_filled(kept, 9));
    let again: Vec<_> = (0..COUNT)
        .map(|_| filled(allocate(Some(&cache), layout()), 5))
        .collect();
    assert!(is_filled(kept, 9) && again.iter().all(|block| is_filled(*block, 5)));
    for block in again.into_iter().chain([kept]) {
        // SAFETY: allocated above, given back once.
        unsafe { free(Some(&cache), block, layout()) };
    }
}
