//! Two tasks that hand a number to and fro by channels, so that each hand-over is a switch. Tokio and
//! hueless have one worker for them; where the system puts the threads is its own affair.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hueless::channel;

use crate::options::Model;

/// What a switch takes, in the mean of so many; none where there is nobody to switch to.
pub(crate) fn measure(model: Model, switches: u32) -> Option<Duration> {
    let rounds = switches.div_ceil(2);
    let total = match model {
        Model::Sync => return None,
        Model::Threads => threads(rounds),
        Model::Tokio => tokio_tasks(rounds),
        Model::Hueless => hueless_tasks(rounds),
    };
    Some(total / (2 * rounds))
}

fn threads(rounds: u32) -> Duration {
    let (there, arrives) = mpsc::sync_channel(1);
    let (back, returns) = mpsc::sync_channel(1);
    let echo = thread::spawn(move || arrives.iter().for_each(|n: u32| back.send(n).unwrap()));
    let start = Instant::now();
    for n in 0..rounds {
        there.send(n).unwrap();
        assert_eq!(returns.recv(), Ok(n));
    }
    let total = start.elapsed();
    drop(there);
    echo.join().unwrap();
    total
}

fn tokio_tasks(rounds: u32) -> Duration {
    let (there, mut arrives) = tokio::sync::mpsc::channel(1);
    let (back, mut returns) = tokio::sync::mpsc::channel(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build();
    let runtime = runtime.expect("a runtime");
    runtime.spawn(async move {
        while let Some(n) = arrives.recv().await {
            back.send(n).await.unwrap();
        }
    });
    let rounds = runtime.spawn(async move {
        let start = Instant::now();
        for n in 0..rounds {
            there.send(n).await.unwrap();
            assert_eq!(returns.recv().await, Some(n));
        }
        start.elapsed()
    });
    runtime.block_on(rounds).unwrap()
}

fn hueless_tasks(rounds: u32) -> Duration {
    let (there, arrives) = channel::bounded(1);
    let (back, returns) = channel::bounded(1);
    let runtime = hueless::runtime::Builder::new().workers(1).build();
    let runtime = runtime.expect("a runtime");
    runtime.spawn(move || arrives.iter().for_each(|n: u32| back.send(n).unwrap()));
    runtime.run(move || {
        let start = Instant::now();
        for n in 0..rounds {
            there.send(n).unwrap();
            assert_eq!(returns.recv(), Ok(n));
        }
        start.elapsed()
    })
}
