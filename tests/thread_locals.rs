//! Thread-locals beside channels, in the default mode, whose claim this is: `loop { tx.send(rand()) }`.

use std::cell::Cell;

use hueless::channel::bounded;
use hueless::{runtime, spawn};

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// The next number of this thread's generator, and the thread by the kernel's word.
fn random() -> (u64, i32) {
    // SAFETY: always valid to call.
    let thread = unsafe { libc::gettid() };
    let mut state = match STATE.get() {
        0 => thread as u64,
        state => state,
    };
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    STATE.set(state);
    (state, thread)
}

/// The numbers of each thread are one generator's, none twice and none left out: no send has carried
/// a generator's address to another thread.
#[test]
fn numbers_sent_in_a_loop_are_each_threads_own() {
    let runtime = runtime::Builder::new().workers(2).build().unwrap();
    let mut numbers = runtime.run(|| {
        let (tx, rx) = bounded(0);
        for _ in 0..8 {
            let tx = tx.clone();
            spawn(move || {
                for _ in 0..500 {
                    tx.send(random()).unwrap();
                }
            });
        }
        drop(tx);
        rx.iter().collect::<Vec<_>>()
    });
    assert_eq!(numbers.len(), 4000);
    numbers.sort_unstable();
    let threads: std::collections::BTreeSet<_> =
        numbers.iter().map(|(_, thread)| *thread).collect();
    for thread in threads {
        let mut sent: Vec<_> = numbers
            .iter()
            .filter(|(_, by)| *by == thread)
            .map(|(n, _)| *n)
            .collect();
        let mut state = thread as u64;
        let mut made: Vec<_> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
        .take(sent.len())
        .collect();
        made.sort_unstable();
        sent.sort_unstable();
        assert_eq!(sent, made);
    }
}
