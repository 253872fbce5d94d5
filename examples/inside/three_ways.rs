//! One task three times: a hand-written future, an `async fn`, a plain function; and their sizes.
//!
//! ```sh
//! cargo run --example three_ways
//! ```
//!
//! Each adds numbers and lets others run before each. Prints the sums, and the bytes that a task is: a
//! future is its variables and where it stands, but all that call it are `async`, too; a plain function
//! has a stack, of which memory is taken page by page as it goes deeper.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hueless::{block_on, runtime, yield_now};

const NUMBERS: [u32; 3] = [20, 2, 20];

/// A plain function. That is all.
fn sum(numbers: [u32; 3]) -> u32 {
    let mut sum = 0;
    for number in numbers {
        yield_now();
        sum += number;
    }
    sum
}

/// An `async fn`: the compiler makes a type like `Sum` of it, which somebody has to poll.
async fn async_sum(numbers: [u32; 3]) -> u32 {
    let mut sum = 0;
    for number in numbers {
        Yield::default().await;
        sum += number;
    }
    sum
}

/// The future of a yield: not ready at first, then ready.
#[derive(Default)]
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

/// By hand: what has to be kept across a wait is a field, the loop's place among them.
struct Sum {
    numbers: [u32; 3],
    next: usize,
    sum: u32,
    wait: Yield,
}

impl Future for Sum {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        while self.next < self.numbers.len() {
            ready!(Pin::new(&mut self.wait).poll(cx)); // leaves, and comes back in at the top
            self.wait = Yield::default();
            self.sum += self.numbers[self.next];
            self.next += 1;
        }
        Poll::Ready(self.sum)
    }
}

/// Each way's sum, and the bytes that it takes.
fn all_ways() -> io::Result<[(&'static str, u32, usize); 3]> {
    let (numbers, next, sum_so_far, wait) = (NUMBERS, 0, 0, Yield::default());
    let by_hand = Sum { numbers, next, sum: sum_so_far, wait };
    let compiled = async_sum(NUMBERS);
    let sizes = (size_of_val(&by_hand), size_of_val(&compiled));

    let runtime = runtime::Builder::new().workers(1).stack_marks(true).build()?;
    let plain = runtime.spawn(|| sum(NUMBERS)).join()?;
    drop(runtime); // so that the task has been measured
    let stack = runtime::stack_marks().first().map_or(0, |mark| mark.deepest);
    Ok([
        ("future by hand", block_on(by_hand), sizes.0),
        ("async fn", block_on(compiled), sizes.1),
        ("plain function", plain, stack),
    ])
}

fn main() -> io::Result<()> {
    for (way, sum, bytes) in all_ways()? {
        println!("{way:14}  sum {sum}  {bytes:5} bytes");
    }
    Ok(())
}

#[test]
fn all_add_and_only_a_stack_takes_pages() {
    let [by_hand, compiled, plain] = all_ways().unwrap();
    assert_eq!([by_hand.1, compiled.1, plain.1], [42; 3]);
    assert!(by_hand.2 < 256 && compiled.2 < 256);
    if cfg!(target_os = "linux") {
        assert!(plain.2 >= 4096 && plain.2.is_multiple_of(4096), "whole pages");
    }
}
