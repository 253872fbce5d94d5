//! One task three times: a hand-written future, an `async fn`, a plain function; and their sizes.
//!
//! ```sh
//! cargo run --example three_ways
//! ```
//!
//! Each computes in two steps and lets others run before each. Prints the results, and the bytes that a
//! task is: a future has its variables and where it stands, but all that call it are `async`, too; a
//! plain function has a stack, of which memory is taken page by page as it goes deeper.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
    Yield(false).await;
    let double = 2 * n;
    Yield(false).await;
    double + 2
}

/// By hand: a state for each place where it waits, with what has to be kept meanwhile.
enum Task {
    First(Yield, u32),
    Second(Yield, u32),
}

impl Future for Task {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        if let Self::First(wait, n) = &mut *self {
            ready!(Pin::new(wait).poll(cx)); // leaves; the next poll begins at the top
            let double = 2 * *n;
            *self = Self::Second(Yield(false), double);
        }
        let Self::Second(wait, double) = &mut *self else {
            unreachable!("the first state ends above");
        };
        ready!(Pin::new(wait).poll(cx));
        Poll::Ready(*double + 2)
    }
}

/// The future of a yield: not ready when it is polled first.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref(); // poll me again
        Poll::Pending
    }
}

/// Each way's result, and the bytes that it takes.
fn all_ways(n: u32) -> io::Result<[(u32, usize); 3]> {
    let (by_hand, compiled) = (Task::First(Yield(false), n), compiled(n));
    let (by_hand_size, compiled_size) = (size_of_val(&by_hand), size_of_val(&compiled));

    let measuring = runtime::Builder::new().workers(1).stack_marks(true);
    let runtime = measuring.build()?;
    let sum = runtime.spawn(move || plain(n)).join()?;
    drop(runtime); // so that the task has been measured
    let deepest = runtime::stack_marks()
        .first()
        .map_or(0, |mark| mark.deepest);
    Ok([
        (block_on(by_hand), by_hand_size),
        (block_on(compiled), compiled_size),
        (sum, deepest),
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
