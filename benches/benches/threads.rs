//! Channels between plain OS threads, beside crossbeam-channel's: the same programs on both, since the
//! interfaces are the same. The figure is for one message.

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

/// So many threads where there are several at an end.
const SEVERAL: usize = 4;

macro_rules! programs {
    ($module:ident, $($library:ident)::+) => {
        mod $module {
            use std::hint::black_box;
            use std::sync::Barrier;
            use std::thread;

            use $($library)::+ as channel;

            use super::*;

            fn new(capacity: Option<usize>) -> (channel::Sender<usize>, channel::Receiver<usize>) {
                capacity.map_or_else(channel::unbounded, channel::bounded)
            }

            /// `n` messages from `senders` threads to `receivers` threads over one channel.
            pub(super) fn pass(
                n: usize,
                capacity: Option<usize>,
                senders: usize,
                receivers: usize,
            ) -> Duration {
                let (tx, rx) = new(capacity);
                let begin = Barrier::new(senders + receivers + 1);
                let mut start = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..senders {
                        let (tx, begin) = (tx.clone(), &begin);
                        scope.spawn(move || {
                            begin.wait();
                            for i in 0..n / senders {
                                tx.send(i).expect("a receiver");
                            }
                        });
                    }
                    drop(tx);
                    for _ in 0..receivers {
                        let (rx, begin) = (rx.clone(), &begin);
                        scope.spawn(move || {
                            begin.wait();
                            black_box(rx.iter().sum::<usize>());
                        });
                    }
                    start = Instant::now();
                    begin.wait();
                });
                start.elapsed()
            }

            /// There and back between two threads.
            pub(super) fn ping_pong(n: usize, capacity: Option<usize>) -> Duration {
                let ((ping, pinged), (pong, ponged)) = (new(capacity), new(capacity));
                let mut start = Instant::now();
                thread::scope(|scope| {
                    scope.spawn(move || pinged.iter().try_for_each(|i| pong.send(i)));
                    start = Instant::now();
                    for i in 0..n {
                        ping.send(i).expect("a receiver");
                        ponged.recv().expect("a pong");
                    }
                    drop(ping);
                });
                start.elapsed()
            }

            /// One thread selects over a channel from each of several.
            pub(super) fn select(n: usize, capacity: Option<usize>) -> Duration {
                let begin = Barrier::new(SEVERAL + 1);
                let mut start = Instant::now();
                let (senders, receivers): (Vec<_>, Vec<_>) =
                    (0..SEVERAL).map(|_| new(capacity)).unzip();
                thread::scope(|scope| {
                    for tx in &senders {
                        let begin = &begin;
                        scope.spawn(move || {
                            begin.wait();
                            for i in 0..n.div_ceil(SEVERAL) {
                                tx.send(i).expect("a receiver");
                            }
                        });
                    }
                    let [a, b, c, d] = &receivers[..] else {
                        unreachable!("as many as `SEVERAL`")
                    };
                    start = Instant::now();
                    begin.wait();
                    let mut sum = 0;
                    for _ in 0..n.div_ceil(SEVERAL) * SEVERAL {
                        sum += channel::select! {
                            recv(a) -> value => value.expect("a sender"),
                            recv(b) -> value => value.expect("a sender"),
                            recv(c) -> value => value.expect("a sender"),
                            recv(d) -> value => value.expect("a sender"),
                        };
                    }
                    black_box(sum);
                });
                start.elapsed()
            }
        }
    };
}

programs!(ours, hueless::channel);
programs!(theirs, crossbeam_channel);

type Program = fn(usize, Option<usize>) -> Duration;

fn side_by_side(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, programs: [Program; 2]) {
    for (library, program) in ["hueless", "crossbeam"].into_iter().zip(programs) {
        for capacity in [Some(0), Some(1), Some(100), None] {
            let bound = capacity.map_or("unbounded".into(), |bound| format!("bounded({bound})"));
            group.bench_function(format!("{name}/{bound}/{library}"), |bencher| {
                bencher.iter_custom(|n| program(n as usize, capacity));
            });
        }
    }
}

fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("threads");
    macro_rules! pass {
        ($senders:expr, $receivers:expr) => {
            [
                |n, capacity| ours::pass(n, capacity, $senders, $receivers),
                |n, capacity| theirs::pass(n, capacity, $senders, $receivers),
            ]
        };
    }
    side_by_side(&mut group, "1 to 1", pass!(1, 1));
    side_by_side(&mut group, "n to 1", pass!(SEVERAL, 1));
    side_by_side(&mut group, "1 to n", pass!(1, SEVERAL));
    side_by_side(&mut group, "n to n", pass!(SEVERAL, SEVERAL));
    side_by_side(
        &mut group,
        "ping-pong",
        [ours::ping_pong, theirs::ping_pong],
    );
    side_by_side(&mut group, "select", [ours::select, theirs::select]);
    group.finish();
}

/// Measurements that take seconds, not minutes.
fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group!(name = benches; config = quick(); targets = threads);
criterion_main!(benches);
