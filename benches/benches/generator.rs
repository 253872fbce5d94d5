//! Generators: a regression bench, beside a hand-written iterator that does the same. The figures are for
//! one `next`, and for one generator that is made, run and ended.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hueless::generator;

/// Runs `work(n)` in a task and says how long it took.
fn in_task(n: u64, work: fn(u64)) -> Duration {
    hueless::run(|| {
        let start = Instant::now();
        work(n);
        start.elapsed()
    })
}

fn generators(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generator");
    group.bench_function("next", |bencher| {
        bencher.iter_custom(|n| {
            in_task(n, |n| {
                let numbers = generator(move |y| (0..n).for_each(|i| y.yield_(i)));
                numbers.for_each(|i| {
                    black_box(i);
                });
            })
        });
    });
    group.bench_function("next of a plain iterator", |bencher| {
        bencher.iter_custom(|n| {
            in_task(n, |n| {
                (0..n).for_each(|i| {
                    black_box(i);
                });
            })
        });
    });
    group.bench_function("made, one next, dropped", |bencher| {
        bencher.iter_custom(|n| {
            in_task(n, |n| {
                for i in 0..n {
                    let mut one = generator(move |y| y.yield_(i));
                    black_box(one.next());
                    assert_eq!(one.next(), None);
                }
            })
        });
    });
    group.bench_function("made, one next, unwound", |bencher| {
        bencher.iter_custom(|n| {
            in_task(n, |n| {
                for i in 0..n {
                    let mut one = generator(move |y| y.yield_(i));
                    black_box(one.next());
                }
            })
        });
    });
    group.finish();
}

/// Seconds, not minutes: to see what has changed.
fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group!(name = benches; config = quick(); targets = generators);
criterion_main!(benches);
