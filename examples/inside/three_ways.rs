//! One task three times: a hand-written future, an `async fn`, a plain function; and their sizes.
//!
//! ```sh
//! cargo run --example three_ways
//! ```
//!
//! Each computes in two steps and lets others run before each. Prints the results, and the bytes that
//! a task is: a future has its variables and where it stands, but all that call it are `async`, too;
//! a plain function has a stack, of which memory is taken page by page as it goes deeper.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hueless::{block_on, runtime, yield_now};

/// A plain function. That is all.
fn plain(n: u32) -> u32 {
    yield_now();
    let double = 2 * n;
    yield_now();
    double + 2
}

/// An `async fn`: the compiler makes a type like `Task` of it, which somebody has to poll.
async fn compiled(n: u32) -> u32 {
    tokio::task::yield_now().await;
    let double = 2 * n;
    tokio::task::yield_now().await;
    double + 2
}

/// By hand: a state for each place where it can stand, with what has to be kept there.
enum Task {
    Begin { n: u32 },
    First { n: u32 },
    Second { double: u32 },
}

impl Future for Task {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        *self = match *self {
            Self::Begin { n } => Self::First { n },
            Self::First { n } => Self::Second { double: 2 * n },
            Self::Second { double } => return Poll::Ready(double + 2),
        };
        cx.waker().wake_by_ref(); // poll me again, once others have run
        Poll::Pending
    }
}

/// Each way's result, and the bytes that it takes.
fn all_ways(n: u32) -> io::Result<[(u32, usize); 3]> {
    let (by_hand, compiled) = (Task::Begin { n }, compiled(n));
    let (hand_size, compiled_size) = (size_of_val(&by_hand), size_of_val(&compiled));

    let measuring = runtime::Builder::new().workers(1).stack_marks(true);
    let runtime = measuring.build()?;
    let plain = runtime.spawn(move || plain(n)).join()?;
    drop(runtime); // so that the task has been measured
    let marks = runtime::stack_marks(); // empty where the system does not tell
    let deepest = marks.first().map_or(0, |mark| mark.deepest);
    let (by_hand, compiled) = (block_on(by_hand), block_on(compiled));
    Ok([
        (by_hand, hand_size),
        (compiled, compiled_size),
        (plain, deepest),
    ])
}

fn main() -> io::Result<()> {
    let names = ["a future by hand", "an async fn", "a plain function"];
    for (name, (result, bytes)) in names.iter().zip(all_ways(20)?) {
        println!("{name:16}  result {result}  {bytes:5} bytes");
    }
    Ok(())
}

#[test]
fn all_agree_and_only_a_stack_takes_pages() {
    let [by_hand, compiled, plain] = all_ways(20).unwrap();
    assert_eq!([by_hand.0, compiled.0, plain.0], [42; 3]);
    assert!(by_hand.1 < 100 && compiled.1 < 100);
    assert!(!cfg!(target_os = "linux") || plain.1 >= 4096);
}
