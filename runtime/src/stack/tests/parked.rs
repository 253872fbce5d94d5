//! The memory of suspended stacks.

use super::super::{MARGIN, discard_below, grow, pointer};
use super::*;
use crate::sys::memory::{Span, lowest_resident, page_size};
use std::hint::black_box;

type Code = Coroutine<(), usize, u64, Stack>;

/// The whole of the stack, without its guard.
fn body(limit: usize, class: Class) -> Span {
    Span {
        start: limit + GUARD,
        len: class.usable(),
    }
}

/// Bytes of `span` that have memory.
fn resident(mut span: Span) -> usize {
    let mut bytes = 0;
    while let Some(page) = lowest_resident(span) {
        bytes += page_size();
        let next = page + page_size();
        span = Span {
            start: next,
            len: span.end() - next,
        };
    }
    bytes
}

#[inline(never)]
fn dig(levels: u64) -> u64 {
    let frame = black_box([levels; 128]);
    if levels == 0 {
        0
    } else {
        dig(levels - 1) + frame[127] / levels
    }
}

/// Goes deep, comes back, and is suspended with its stack pointer, twice.
fn deep_then_shallow(stack: Stack, seed: u64) -> (Code, usize) {
    let mut code = Code::with_stack(stack, move |yielder, ()| {
        let canaries = black_box([seed; 32]);
        for _ in 0..2 {
            assert_eq!(dig(60), 60);
            yielder.suspend(pointer());
        }
        canaries.iter().sum()
    });
    let CoroutineResult::Yield(address) = code.resume(()) else {
        panic!("it suspends")
    };
    (code, address)
}

#[test]
fn what_lies_below_goes_and_what_lies_above_stays() {
    const MANY: u64 = 150;
    for kind in kinds() {
        child!(what_lies_below_goes_and_what_lies_above_stays)
            .with(super::super::guard::VARIABLE, kind)
            .run(|| {
                let mut cache = Cache::new();
                let mut codes = Vec::new();
                for seed in 0..MANY {
                    let class = Class::from_index(1 + seed as usize % 3);
                    let stack = cache.take(class).unwrap();
                    let body = body(stack.limit().get(), class);
                    let (code, address) = deep_then_shallow(stack, seed);
                    assert!(resident(body) > 60 << 10);
                    codes.push((code, address, body, seed));
                }
                let local = 0_u8;
                let strangers = [0, 4096, usize::MAX, (&raw const local).addr()];
                for round in 0..2 {
                    let pointers = codes.iter().map(|&(_, address, ..)| address);
                    // SAFETY: all of them are suspended, and gave their pointers.
                    unsafe { discard_below(pointers.chain(strangers)) };
                    for (code, address, body, _) in &mut codes {
                        let kept = body.end() - *address + MARGIN + 2 * page_size();
                        assert!(resident(*body) <= kept, "{}", resident(*body));
                        if round == 0 {
                            assert!(matches!(code.resume(()), CoroutineResult::Yield(_)));
                            assert!(resident(*body) > 60 << 10, "it went deep again");
                        }
                    }
                }
                for (mut code, _, _, seed) in codes {
                    let CoroutineResult::Return(sum) = code.resume(()) else {
                        panic!("it ends")
                    };
                    assert_eq!(sum, 32 * seed);
                    cache.put(code.into_stack());
                }
            })
            .exited(0);
    }
}

#[test]
fn inside_grow_the_grown_stack_alone_is_trimmed() {
    child!(inside_grow_the_grown_stack_alone_is_trimmed)
        .run(|| {
            let stack = Cache::new().take(Class::DEFAULT).unwrap();
            let own = body(stack.limit().get(), Class::DEFAULT);
            let mut code = Code::with_stack(stack, |yielder, ()| {
                assert_eq!(dig(60), 60);
                let below = grow(300 << 10, || {
                    assert_eq!(dig(100), 100);
                    let canaries = black_box([3_u64; 32]);
                    yielder.suspend(pointer());
                    canaries.iter().sum::<u64>()
                });
                below + 1
            });
            let CoroutineResult::Yield(address) = code.resume(()) else {
                panic!("it suspends")
            };
            assert!(!own.contains(address));
            let class = Class::for_frames(300 << 10).unwrap();
            let grown = body(address & !(class.slot_size() - 1), class);
            let (before, above) = (resident(own), resident(grown));
            assert!(before > 60 << 10 && above > 100 << 10, "{before} {above}");
            // SAFETY: it is suspended, and gave its pointer.
            unsafe { discard_below([address]) };
            assert_eq!(resident(own), before);
            assert!(resident(grown) <= above - (90 << 10));
            assert!(matches!(code.resume(()), CoroutineResult::Return(97)));
        })
        .exited(0);
}

#[test]
fn guards_stay() {
    for kind in kinds() {
        let outcome = child!(guards_stay)
            .with(super::super::guard::VARIABLE, kind)
            .run(|| {
                let stack = Cache::new().take(Class::DEFAULT).unwrap();
                let limit = stack.limit().get();
                let (code, address) = deep_then_shallow(stack, 1);
                // SAFETY: it is suspended, and gave its pointer.
                unsafe { discard_below([address]) };
                std::mem::forget(code);
                let floor: *mut u8 = std::ptr::with_exposed_provenance_mut(limit + GUARD);
                // SAFETY: above the guard, where nobody runs now.
                unsafe { floor.write_volatile(1) };
                // SAFETY: none; it faults.
                unsafe { floor.sub(1).write_volatile(1) };
            });
        outcome.died_of(libc::SIGSEGV);
    }
}

#[test]
fn the_margin_covers_the_switch() {
    let mut cache = Cache::new();
    let (code, address) = deep_then_shallow(cache.take(Class::DEFAULT).unwrap(), 5);
    let class = Class::DEFAULT;
    let start = (address & !(class.slot_size() - 1)) + GUARD;
    // What is further down than the margin is overwritten, and the code goes on all the same.
    let below: *mut u8 = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: a stack that nobody runs on, below all that it uses.
    unsafe { below.write_bytes(0xa5, address - MARGIN - start) };
    let mut code = code;
    assert!(matches!(code.resume(()), CoroutineResult::Yield(_)));
    assert!(matches!(code.resume(()), CoroutineResult::Return(160)));
    cache.put(code.into_stack());
}
