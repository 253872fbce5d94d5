//! Variables of tasks, generators and futures by the names that programs use.

use std::cell::Cell;

use hueless::task::{scoped_local, task_local};
use hueless::{Generator, Yielder, block_on, generator, go, yield_now};

task_local! {
    static COUNT: Cell<u32> = const { Cell::new(1) };
}

scoped_local! {
    static USER: String
}

fn squares(n: u32) -> Generator<u32> {
    generator(move |y: &mut Yielder<u32>| {
        for i in 0..n {
            yield_now();
            COUNT.set(COUNT.get() + 1);
            y.yield_(i * i);
        }
    })
}

#[test]
fn locals_generators_and_futures_work_together() {
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            go!(move || {
                let sum: u32 = squares(n).sum();
                // The generator is a part of its task.
                assert_eq!(COUNT.get(), n + 1);
                USER.scope(format!("u{n}"), || {
                    block_on(async {
                        assert_eq!(go!(|| COUNT.get()).await.unwrap(), 1);
                    });
                    USER.with(|user| format!("{} {sum}", user.unwrap()))
                })
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        let sum: usize = (0..n).map(|i| i * i).sum();
        assert_eq!(task.join().unwrap(), format!("u{n} {sum}"));
    }
}
