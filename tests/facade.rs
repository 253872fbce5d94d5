//! The names that programs use, and the `go!` macro.

use std::panic::Location;
use std::time::Duration;

use hueless::channel::{bounded, unbounded};
use hueless::{go, select, task};

/// The line of the caller, and whose file it is.
#[track_caller]
fn here() -> (&'static str, u32) {
    let here = Location::caller();
    (here.file(), here.line())
}

fn place<T>(handle: &task::JoinHandle<T>) -> (&'static str, u32) {
    let place = handle.task().spawned_at();
    (place.file(), place.line())
}

#[test]
fn go_takes_any_expression_that_is_callable() {
    fn plain() -> u32 {
        1
    }
    let boxed: Box<dyn FnOnce() -> u32 + Send> = Box::new(|| 3);
    let text = String::from("moved");
    let results = [
        go!(plain).join(),
        go!(|| 2,).join(),
        go!(boxed).join(),
        go!({
            let n = 4;
            move || n
        })
        .join(),
        go!(move || text.len() as u32).join(),
    ];
    assert_eq!(results.map(Result::unwrap), [1, 2, 3, 4, 5]);
}

#[test]
fn keys_come_in_any_order() {
    let name = || task::current().name().map(str::to_owned);
    let n = 7;
    for handle in [
        go!(name = "w7", name),
        go!(name = format!("w{n}"), stack = 1 << 20, name),
        go!(stack = 1 << 20, name = String::from("w7"), name,),
    ] {
        assert_eq!(handle.task().name(), Some("w7"));
        assert_eq!(handle.join().unwrap().as_deref(), Some("w7"));
    }
    let unnamed = go!(stack = 100_000, name);
    assert_eq!(unnamed.join().unwrap(), None);
}

#[test]
fn a_stack_of_its_own_is_as_large_as_asked() {
    fn deep(bytes: usize) -> usize {
        let frame = std::hint::black_box([0_u8; 4096]);
        match bytes.checked_sub(frame.len()) {
            Some(left) => deep(left) + std::hint::black_box(frame).len(),
            None => 0,
        }
    }
    // Far more than a default stack has.
    let handle = go!(stack = 8 << 20, || deep(2 << 20));
    assert_eq!(handle.join().unwrap(), 2 << 20);
}

#[test]
fn tasks_know_the_line_that_spawned_them() {
    let (there, handle) = (here(), go!(|| ()));
    assert_eq!(place(&handle), there);
    let (there, handle) = (here(), go!(name = "named", || ()));
    assert_eq!(place(&handle), there);
    let (there, handle) = (here(), hueless::spawn(|| ()));
    assert_eq!(place(&handle), there);
}

#[test]
fn a_stack_that_is_too_large_panics_with_the_reason() {
    let panicked = std::panic::catch_unwind(|| go!(stack = usize::MAX, || ()));
    let message = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("cannot start the task"), "{message}");
    assert!(message.contains("largest"), "{message}");
    let error = task::Builder::new()
        .stack_size(usize::MAX)
        .spawn(|| ())
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn run_borrows_and_selects() {
    let words = vec!["one", "two"];
    let (tx, rx) = unbounded();
    let (_never, silent) = bounded::<()>(0);
    let got = hueless::run(|| {
        for word in &words {
            tx.send(word.len()).unwrap();
        }
        select! {
            recv(rx) -> length => length.unwrap(),
            recv(silent) -> _ => 0,
            default(Duration::from_secs(60)) => 0,
        }
    });
    assert_eq!(got, 3);
    assert_eq!(words.len(), 2);
}
