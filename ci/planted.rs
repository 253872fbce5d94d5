//! Faults planted on purpose: a lane that looks for such faults must report them, or it does not
//! work. `planted race`, `planted use-after-free`, `planted panic`.

use std::cell::UnsafeCell;
use std::process::ExitCode;

use hueless::{go, runtime, yield_now};

/// Shared without any protection, which is the fault.
struct Unprotected(UnsafeCell<u64>);

// SAFETY: it is not; see the type.
unsafe impl Sync for Unprotected {}

/// Tasks of two workers write to one place.
fn race() {
    static PLACE: Unprotected = Unprotected(UnsafeCell::new(0));
    // A runtime each, so that they cannot be on one worker.
    let runtimes = [1, 2].map(|_| runtime::Builder::new().workers(1).build().unwrap());
    let tasks = runtimes.each_ref().map(|runtime| {
        runtime.spawn(|| {
            for _ in 0..10_000 {
                // SAFETY: it is not; see `Unprotected`.
                unsafe { *PLACE.0.get() += 1 };
                yield_now();
            }
        })
    });
    for task in tasks {
        task.join().unwrap();
    }
}

/// A task reads what another has freed while it was away.
fn use_after_free() {
    hueless::run(|| {
        let place = Box::into_raw(Box::new(7_u64));
        let address = place.expose_provenance();
        let freeing = go!(move || {
            let place = std::ptr::with_exposed_provenance_mut::<u64>(address);
            // SAFETY: made by `into_raw`; what follows is the fault.
            drop(unsafe { Box::from_raw(place) });
        });
        freeing.join().unwrap();
        // SAFETY: it is not safe: the box is gone.
        let value = unsafe { place.read_volatile() };
        println!("read {value} from freed memory");
    });
}

/// A task panics, and its joiner gets the panic, if panics unwind.
fn panic() {
    let error = go!(|| panic!("planted")).join().unwrap_err();
    println!("joined: {error}");
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("race") => race(),
        Some("use-after-free") => use_after_free(),
        Some("panic") => panic(),
        other => {
            eprintln!("planted: no such fault: {other:?}");
            return ExitCode::from(2);
        }
    }
    println!("planted: nobody stopped me");
    ExitCode::SUCCESS
}
