//! What it costs that std's locks park: nanoseconds an operation, the best of some rounds.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hueless_runtime::runtime::Builder;
use hueless_runtime::{sync, yield_now};
use hueless_uncolor as _;

const ROUNDS: u32 = 7;

type Syscall = unsafe extern "C" fn(libc::c_long, ...) -> libc::c_long;

/// The best of the rounds.
fn best(count: u32, mut round: impl FnMut()) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            round();
            begun.elapsed().as_nanos() as f64 / f64::from(count)
        })
        .fold(f64::INFINITY, f64::min)
}

/// Of one call that goes through to the kernel, and of a wake of nobody.
fn calls(name: &str, syscall: Syscall) {
    const COUNT: u32 = 200_000;
    let word = 0_u32;
    let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the calls take no pointer that is followed.
    let getppid = best(COUNT, || unsafe {
        (0..COUNT).for_each(|_| {
            black_box(syscall(libc::SYS_getppid));
        })
    });
    // SAFETY: as above.
    let nobody = best(COUNT, || unsafe {
        (0..COUNT).for_each(|_| {
            black_box(syscall(libc::SYS_futex, &raw const word, wake, 1));
        })
    });
    println!("syscall of {name}: getppid={getppid:.1} wake_of_nobody={nobody:.1}");
}

/// Of a lock that is always free.
fn uncontended(name: &str, park: bool) {
    const COUNT: u32 = 2_000_000;
    let runtime = Builder::new().workers(1).park_std(park).build().unwrap();
    let cost = runtime.run(|| {
        let lock = Mutex::new(0_u64);
        best(COUNT, || {
            (0..COUNT).for_each(|_| *black_box(&lock).lock().unwrap() += 1)
        })
    });
    println!("uncontended, {name}: {cost:.1}");
}

/// Of a lock that 8 tasks of so many workers want, by what `take` does.
fn contended(name: &str, workers: usize, take: impl Fn() + Send + Sync + 'static) {
    const TASKS: u32 = 8;
    const COUNT: u32 = 20_000;
    let runtime = Builder::new().workers(workers).build().unwrap();
    let take = Arc::new(take);
    let cost = best(TASKS * COUNT, || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let take = take.clone();
                runtime.spawn(move || (0..COUNT).for_each(|_| take()))
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    println!("contended, {workers} workers, {name}: {cost:.1}");
}

/// Of a lock that a task and a thread want all the time, which hold it for a moment each.
fn beside_a_thread(name: &str, park: bool, take: impl Fn() + Send + Sync + 'static) {
    const COUNT: u32 = 300_000;
    let runtime = Builder::new().workers(1).park_std(park).build().unwrap();
    let take = Arc::new(take);
    let costs = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        let theirs = take.clone();
        let task = runtime.spawn(move || (0..COUNT).for_each(|_| theirs()));
        let mut ours = 0;
        while !task.is_finished() {
            take();
            ours += 1;
        }
        begun.elapsed().as_nanos() as f64 / f64::from(COUNT + ours)
    });
    let mut costs: Vec<_> = costs.collect();
    costs.sort_by(f64::total_cmp);
    println!(
        "beside a thread, {name}: {:.1} (median)",
        costs[costs.len() / 2]
    );
}

/// Some dozen nanoseconds.
fn work(count: &mut u64) {
    (0..20).for_each(|_| *black_box(&mut *count) += 1);
}

fn main() {
    // SAFETY: libc's function has that type.
    let libcs: Syscall = unsafe {
        let address = libc::dlsym(libc::RTLD_NEXT, c"syscall".as_ptr());
        std::mem::transmute::<*mut libc::c_void, Syscall>(address)
    };
    calls("this crate", libc::syscall);
    calls("libc", libcs);
    uncontended("parks", true);
    uncontended("blocks", false);

    // Held across a switch: with std's locks blocking, the worker would never come out of this.
    for workers in [1, 2] {
        let lock = Mutex::new(0_u64);
        contended("std, held across a yield", workers, move || {
            let mut count = lock.lock().unwrap();
            yield_now();
            *count += 1;
        });
        let lock = sync::Mutex::new(0_u64);
        contended("hueless, held across a yield", workers, move || {
            let mut count = lock.lock();
            yield_now();
            *count += 1;
        });
    }
    let lock = Mutex::new(0_u64);
    contended("std, held for a moment", 2, move || {
        work(&mut lock.lock().unwrap())
    });
    let lock = sync::Mutex::new(0_u64);
    contended("hueless, held for a moment", 2, move || {
        work(&mut lock.lock())
    });
    for (name, park) in [("std, parks", true), ("std, blocks", false)] {
        let lock = Mutex::new(0_u64);
        beside_a_thread(name, park, move || work(&mut lock.lock().unwrap()));
    }
    let lock = sync::Mutex::new(0_u64);
    beside_a_thread("hueless", true, move || work(&mut lock.lock()));
}
