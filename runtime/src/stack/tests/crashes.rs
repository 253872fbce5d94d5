//! Faults: who is told, and how the process ends.

use super::*;
use std::hint::black_box;
use std::mem::MaybeUninit;

/// What owner words refer to in these tests.
struct Task(u32);

fn describe(owner: *const (), out: &mut dyn fmt::Write) {
    // SAFETY: these tests set no other owners.
    let task = unsafe { &*owner.cast::<Task>() };
    let _ = write!(out, "task {} \"fetch\" (spawned at src/main.rs:12)", task.0);
}

/// Runs `body` on a stack that has an owner, with the handler in place.
fn on_a_stack(class: Class, body: fn()) {
    overflow::install(describe);
    let _alternate = AltStack::install().unwrap();
    let task = Task(7);
    let mut stack = Cache::new().take(class).unwrap();
    stack.set_owner((&raw const task).cast());
    Coroutine::<(), (), (), Stack>::with_stack(stack, move |_, ()| body()).resume(());
}

#[track_caller]
fn is_named(said: &str, usable: &str) {
    let line = said
        .lines()
        .find(|line| line.starts_with("hueless:"))
        .expect(said);
    let start =
        "hueless: stack overflow in task 7 \"fetch\" (spawned at src/main.rs:12): its stack";
    assert!(line.starts_with(start), "{line}");
    assert!(line.contains(usable), "{line}");
    for remedy in [
        "task::Builder::stack_size",
        "runtime::Builder::stack_size",
        "HUELESS_STACK",
    ] {
        assert!(line.contains(remedy), "{line}");
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 8]);
    if depth == u64::MAX {
        0
    } else {
        recurse(depth + 1) + frame[0]
    }
}

fn big_array() {
    black_box([1_u8; 1 << 20]);
}

/// Touches only the end of its frame that is reached first or last.
fn sparse_frame<const INDEX: usize>() {
    let mut frame = MaybeUninit::<[u8; 300 << 10]>::uninit();
    // SAFETY: within the array.
    unsafe { frame.as_mut_ptr().cast::<u8>().add(INDEX).write(1) };
    black_box(&mut frame);
}

#[test]
fn recursion_is_named() {
    for kind in kinds() {
        let outcome = child!(recursion_is_named)
            .with(super::super::guard::VARIABLE, kind)
            .run(|| {
                on_a_stack(Class::DEFAULT, || {
                    black_box(recurse(0));
                })
            });
        is_named(&outcome.died_of(libc::SIGABRT), "192 KiB");
    }
}

#[test]
fn recursion_on_a_big_stack_is_named() {
    let outcome = child!(recursion_on_a_big_stack_is_named).run(|| {
        on_a_stack(Class::LARGEST, || {
            black_box(recurse(0));
        })
    });
    is_named(&outcome.died_of(libc::SIGABRT), "131008 KiB");
}

#[test]
fn a_big_array_is_named() {
    let outcome = child!(a_big_array_is_named).run(|| on_a_stack(Class::DEFAULT, big_array));
    is_named(&outcome.died_of(libc::SIGABRT), "192 KiB");
}

#[test]
fn a_frame_touched_at_its_first_byte_is_named() {
    let outcome = child!(a_frame_touched_at_its_first_byte_is_named)
        .run(|| on_a_stack(Class::DEFAULT, sparse_frame::<0>));
    is_named(&outcome.died_of(libc::SIGABRT), "192 KiB");
}

#[test]
fn a_frame_touched_at_its_last_byte_is_named() {
    let outcome = child!(a_frame_touched_at_its_last_byte_is_named)
        .run(|| on_a_stack(Class::DEFAULT, sparse_frame::<{ (300 << 10) - 1 }>));
    is_named(&outcome.died_of(libc::SIGABRT), "192 KiB");
}

#[test]
fn a_stack_without_owner_is_reported_too() {
    let outcome = child!(a_stack_without_owner_is_reported_too).run(|| {
        let mut cache = Cache::new();
        let mut stack = cache.take(Class::DEFAULT).unwrap();
        stack.set_owner(std::ptr::without_provenance(16));
        cache.put(stack);
        // The same slot; its former owner must not be asked.
        let stack = cache.take(Class::DEFAULT).unwrap();
        overflow::install(describe);
        let _alternate = AltStack::install().unwrap();
        Coroutine::<(), (), (), Stack>::with_stack(stack, |_, ()| big_array()).resume(());
    });
    let said = outcome.died_of(libc::SIGABRT);
    assert!(
        said.contains("hueless: stack overflow in a coroutine: its stack has 192"),
        "{said}"
    );
}

#[test]
fn neighbours_survive_an_overflow() {
    /// The bytes that the overflow must not touch: those around the slot.
    struct Canaries([(*const u8, usize); 2]);

    fn describe(owner: *const (), out: &mut dyn fmt::Write) {
        // SAFETY: the owner that the scenario sets.
        let canaries = unsafe { &*owner.cast::<Canaries>() };
        for (start, len) in canaries.0 {
            // SAFETY: bodies of stacks that the scenario holds.
            let bytes = unsafe { std::slice::from_raw_parts(start, len) };
            let intact = bytes.iter().all(|&byte| byte == 0xa5);
            let _ = write!(out, "{}, ", if intact { "intact" } else { "corrupt" });
        }
    }

    let outcome = child!(neighbours_survive_an_overflow).run(|| {
        overflow::install(describe);
        let _alternate = AltStack::install().unwrap();
        let mut cache = Cache::new();
        let mut stacks: Vec<Stack> = (0..3)
            .map(|_| cache.take(Class::DEFAULT).unwrap())
            .collect();
        stacks.sort_by_key(|stack| stack.limit());
        let size = Class::DEFAULT.slot_size();
        assert!(
            stacks
                .windows(2)
                .all(|pair| pair[0].limit().get() + size == pair[1].limit().get())
        );
        let mut middle = stacks.remove(1);
        let canaries = Canaries([0, 1].map(|neighbour| {
            let start = stacks[neighbour].limit().get() + GUARD;
            let start: *mut u8 = std::ptr::with_exposed_provenance_mut(start);
            let len = stacks[neighbour].base().get() - start.addr();
            // SAFETY: the whole of a stack that is ours and that nobody runs on.
            unsafe { start.write_bytes(0xa5, len) };
            (start.cast_const(), len)
        }));
        middle.set_owner((&raw const canaries).cast());
        Coroutine::<(), (), (), Stack>::with_stack(middle, |_, ()| {
            black_box(recurse(0));
        })
        .resume(());
    });
    let said = outcome.died_of(libc::SIGABRT);
    assert!(said.contains("overflow in intact, intact, :"), "{said}");
}

/// Writes to an address where nothing is mapped.
fn wild_write() {
    let address: *mut u8 = std::ptr::without_provenance_mut(black_box(8192));
    // SAFETY: none; that is the point.
    unsafe { address.write_volatile(1) };
}

/// Leaves SIGSEGV to `action` alone, as if the program had set it at its start.
fn set_previous(action: usize, flags: libc::c_int) {
    // SAFETY: all zeros is a value of this C struct; the handlers below are
    // sound on any thread.
    unsafe {
        let mut previous: libc::sigaction = std::mem::zeroed();
        previous.sa_sigaction = action;
        previous.sa_flags = flags;
        assert_eq!(
            libc::sigaction(libc::SIGSEGV, &previous, std::ptr::null_mut()),
            0
        );
    }
}

extern "C" fn plain(number: libc::c_int) {
    // SAFETY: always allowed.
    unsafe { libc::_exit(if number == libc::SIGSEGV { 41 } else { 1 }) }
}

extern "C" fn with_info(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: what the kernel gave, passed on by the handler under test.
    let address = unsafe { (*info).si_addr().addr() };
    // SAFETY: always allowed.
    unsafe {
        libc::_exit(if address == 8192 && !context.is_null() {
            42
        } else {
            1
        })
    }
}

#[test]
fn a_plain_previous_handler_gets_other_faults() {
    let outcome = child!(a_plain_previous_handler_gets_other_faults).run(|| {
        set_previous(plain as *const () as usize, 0);
        on_a_stack(Class::DEFAULT, wild_write);
    });
    assert!(!outcome.exited(41).contains("hueless:"));
}

#[test]
fn a_previous_handler_gets_address_and_context() {
    let outcome = child!(a_previous_handler_gets_address_and_context).run(|| {
        set_previous(
            with_info as *const () as usize,
            libc::SA_SIGINFO | libc::SA_ONSTACK,
        );
        on_a_stack(Class::DEFAULT, wild_write);
    });
    assert!(!outcome.exited(42).contains("hueless:"));
}

#[test]
fn without_previous_handler_a_fault_kills() {
    for action in [libc::SIG_DFL, libc::SIG_IGN] {
        let outcome = child!(without_previous_handler_a_fault_kills).run(|| {
            set_previous(action, 0);
            on_a_stack(Class::DEFAULT, wild_write);
        });
        assert!(!outcome.died_of(libc::SIGSEGV).contains("hueless:"));
    }
}

#[test]
fn a_sent_signal_kills_by_default() {
    child!(a_sent_signal_kills_by_default)
        .run(|| {
            set_previous(libc::SIG_DFL, 0);
            overflow::install(describe);
            // SAFETY: always allowed.
            unsafe { libc::raise(libc::SIGSEGV) };
        })
        .died_of(libc::SIGSEGV);
}

#[test]
fn a_sent_signal_is_ignored_if_it_was() {
    child!(a_sent_signal_is_ignored_if_it_was)
        .run(|| {
            set_previous(libc::SIG_IGN, 0);
            overflow::install(describe);
            // SAFETY: always allowed.
            unsafe { libc::raise(libc::SIGSEGV) };
        })
        .exited(0);
}

#[test]
fn std_still_names_its_threads() {
    let outcome = child!(std_still_names_its_threads).run(|| {
        overflow::install(describe);
        let thread = std::thread::Builder::new().name("plain thread".into());
        let _ = thread.spawn(|| black_box(recurse(0))).unwrap().join();
    });
    let said = outcome.died_of(libc::SIGABRT);
    assert!(said.contains("'plain thread'"), "{said}");
    assert!(
        said.contains("has overflowed its stack") && !said.contains("hueless:"),
        "{said}"
    );
}

#[test]
fn guards_fault_but_a_stranger_is_no_overflow() {
    for kind in kinds() {
        for offset in ["0", "65535"] {
            let outcome = child!(guards_fault_but_a_stranger_is_no_overflow)
                .with(super::super::guard::VARIABLE, kind)
                .with("HUELESS_STACK_TEST_OFFSET", offset)
                .run(|| {
                    overflow::install(describe);
                    let offset: usize = std::env::var("HUELESS_STACK_TEST_OFFSET")
                        .unwrap()
                        .parse()
                        .unwrap();
                    let stack = Cache::new().take(Class::DEFAULT).unwrap();
                    assert_eq!(
                        stats().guard.to_string(),
                        std::env::var("HUELESS_GUARD").unwrap()
                    );
                    let start: *mut u8 = std::ptr::with_exposed_provenance_mut(stack.limit().get());
                    // SAFETY: above the guard all is ours.
                    unsafe { start.add(GUARD).write_volatile(1) };
                    // SAFETY: none; it faults.
                    unsafe { start.add(offset).write_volatile(1) };
                });
            assert!(!outcome.died_of(libc::SIGSEGV).contains("hueless:"));
        }
    }
}

#[test]
fn guards_survive_recycling_and_trimming() {
    for kind in kinds() {
        let outcome = child!(guards_survive_recycling_and_trimming)
            .with(super::super::guard::VARIABLE, kind)
            .run(|| {
                let mut cache = Cache::new();
                let anchor = cache.take(Class::DEFAULT).unwrap();
                let stack = cache.take(Class::DEFAULT).unwrap();
                let limit = stack.limit();
                touch(&stack, 1);
                cache.put(stack);
                cache.clear();
                while trim() {}
                // Not unmapped, because one slot of the region is in use.
                let stacks: Vec<_> = (0..64)
                    .map(|_| cache.take(Class::DEFAULT).unwrap())
                    .collect();
                let again = stacks
                    .into_iter()
                    .find(|stack| stack.limit() == limit)
                    .unwrap();
                assert_eq!(touched(&again), 0, "its memory has gone back");
                cache.put(again);
                cache.put(anchor);
                cache.clear();
                on_a_stack(Class::DEFAULT, big_array);
            });
        is_named(&outcome.died_of(libc::SIGABRT), "192 KiB");
    }
}
