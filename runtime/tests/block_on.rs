//! Futures in blocking code, and tasks in async code.

use std::cell::Cell;
use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::task::{self, JoinHandle, no_park, park};
use hueless_runtime::{block_on, blocking, generator, run, sleep, spawn, stack, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    a_task_waits_and_its_neighbours_run,
    no_wake_up_is_lost,
    the_callers_own_token_is_left_alone,
    a_cancelled_caller_drops_the_future,
    a_future_that_wakes_itself_starves_nobody,
    calls_nest,
    a_future_may_block,
    a_handle_is_a_future,
    a_joining_future_that_is_dropped_detaches,
    the_end_of_a_task_meets_the_drop_of_its_future,
    a_task_left_behind_wakes_who_awaits_it,
);

fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

/// A future that somebody else completes.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(bool, Option<Waker>)>>);

impl Signal {
    fn set(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The waker of the last poll.
    fn waker(&self) -> Option<Waker> {
        self.0.lock().unwrap().1.clone()
    }
}

impl Future for Signal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[test]
fn any_future_runs_to_its_end() {
    let check = || {
        assert_eq!(block_on(ready(5)), 5);
        // Neither `Send` nor `'static`.
        let text = String::from("borrowed");
        let shared = Rc::new(Cell::new(0));
        let length = block_on(async {
            shared.set(1);
            text.len()
        });
        assert_eq!((length, shared.get()), (8, 1));
        struct Into(u32);
        impl IntoFuture for Into {
            type Output = u32;
            type IntoFuture = std::future::Ready<u32>;
            fn into_future(self) -> Self::IntoFuture {
                ready(self.0)
            }
        }
        assert_eq!(block_on(Into(7)), 7);
        let panicked = catch_unwind(|| block_on(async { std::panic::panic_any(3) }));
        assert_eq!(*panicked.unwrap_err().downcast::<i32>().unwrap(), 3);
        // In whatever frame.
        assert_eq!(stack::grow(1 << 20, || block_on(ready(1))), 1);
        assert_eq!(no_park(|| block_on(spawn(|| 2))).unwrap(), 2);
        let mut one = generator(|y| y.yield_(block_on(spawn(|| 4)).unwrap()));
        assert_eq!(one.next(), Some(4));
    };
    check();
    run(check);
}

fn a_task_waits_and_its_neighbours_run(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let signal = Signal::default();
        let there = signal.clone();
        let waits = spawn(move || block_on(there));
        // The only worker is here again once that one waits.
        while signal.waker().is_none() {
            yield_now();
        }
        assert!(!waits.is_finished());
        signal.set();
        waits.join().unwrap();
    });
}

fn no_wake_up_is_lost(new: fn() -> Builder) {
    let runtime = runtime(new);
    // From a thread, which runs free of the waiter.
    let (gives, given) = mpsc::channel::<Signal>();
    let thread = std::thread::spawn(move || given.iter().for_each(|signal| signal.set()));
    runtime.run(|| {
        for _ in 0..5000 {
            let signal = Signal::default();
            gives.send(signal.clone()).unwrap();
            block_on(signal);
        }
        drop(gives);
    });
    thread.join().unwrap();
    // Between tasks.
    runtime.run(|| {
        for _ in 0..1000 {
            let signal = Signal::default();
            let there = signal.clone();
            spawn(move || there.set());
            block_on(signal);
        }
    });
}

#[test]
fn wakers_are_valid_for_ever() {
    let check = || {
        let signal = Signal::default();
        let there = signal.clone();
        let waker = Rc::new(Cell::new(None));
        let out = waker.clone();
        block_on(poll_fn(move |cx| {
            out.set(Some(cx.waker().clone()));
            let mut there = there.clone();
            there.set();
            Pin::new(&mut there).poll(cx)
        }));
        waker.take().unwrap()
    };
    // Of a task and a thread that have gone, and of a runtime.
    let wakers = [
        std::thread::spawn(check).join().unwrap(),
        Builder::new().workers(1).build().unwrap().run(check),
    ];
    for waker in wakers {
        waker.wake_by_ref();
        let again = waker.clone();
        std::thread::spawn(move || again.wake()).join().unwrap();
        run(move || waker.wake());
    }
    // Of the caller, who waits for something else by then.
    run(|| {
        let waker = check();
        let me = task::current();
        spawn(move || {
            (0..10).for_each(|_| waker.wake_by_ref());
            me.unpark();
        });
        park();
    });
}

fn the_callers_own_token_is_left_alone(new: fn() -> Builder) {
    runtime(new).run(|| {
        for _ in 0..100 {
            // A token of the caller's does not end the wait of the future, which would only poll it
            // again, and is still there.
            let polls = AtomicUsize::new(0);
            task::current().unpark();
            let signal = Signal::default();
            let there = signal.clone();
            spawn(move || there.set());
            let mut signal = pin!(signal);
            block_on(poll_fn(|cx| {
                polls.fetch_add(1, SeqCst);
                signal.as_mut().poll(cx)
            }));
            assert!(polls.load(SeqCst) <= 2);
            park();
            // And the future's wake-ups leave none.
            task::park_timeout(Duration::ZERO);
            assert_eq!(block_on(spawn(|| 3)).unwrap(), 3);
        }
        let start = std::time::Instant::now();
        task::park_timeout(Duration::from_millis(2));
        assert!(start.elapsed() >= Duration::from_millis(2));
    });
}

fn a_cancelled_caller_drops_the_future(new: fn() -> Builder) {
    struct Drops(mpsc::Sender<&'static str>, &'static str);
    impl Drop for Drops {
        fn drop(&mut self) {
            yield_now();
            self.0.send(self.1).unwrap();
        }
    }
    let (notes, noted) = mpsc::channel();
    let (begins, begun) = mpsc::channel();
    let runtime = runtime(new);
    for _ in 0..10 {
        let (notes, begins) = (notes.clone(), begins.clone());
        drop(runtime.spawn(move || {
            let _frame = Drops(notes.clone(), "frame");
            block_on(async {
                let _future = Drops(notes, "future");
                begins.send(()).unwrap();
                pending::<()>().await
            });
        }));
    }
    (0..10).for_each(|_| begun.recv().unwrap());
    drop(runtime);
    drop(notes);
    let noted: Vec<_> = noted.iter().collect();
    let count = |what| noted.iter().filter(|&&note| note == what).count();
    assert_eq!((count("future"), count("frame")), (10, 10));
}

fn a_future_that_wakes_itself_starves_nobody(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let done = Arc::new(AtomicBool::new(false));
        let there = done.clone();
        spawn(move || {
            (0..10).for_each(|_| yield_now());
            sleep(Duration::from_millis(2));
            there.store(true, SeqCst);
        });
        block_on(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            match done.load(SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
    });
    // Nor does it end on a thread.
    let polls = Cell::new(0);
    block_on(poll_fn(|cx| {
        polls.set(polls.get() + 1);
        cx.waker().wake_by_ref();
        match polls.get() {
            1000 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }));
}

fn calls_nest(new: fn() -> Builder) {
    runtime(new).run(|| {
        fn nested(depth: u32) -> u32 {
            block_on(async move {
                let one = spawn(|| 1).await.unwrap();
                match depth {
                    0 => one,
                    _ => one + nested(depth - 1) + spawn(|| 1).await.unwrap(),
                }
            })
        }
        assert_eq!(nested(10), 21);
    });
}

fn a_future_may_block(new: fn() -> Builder) {
    runtime(new).run(|| {
        let me = task::current();
        let value = block_on(async move {
            sleep(Duration::from_millis(1));
            spawn(move || me.unpark());
            park();
            spawn(|| 5).join().unwrap()
        });
        assert_eq!(value, 5);
    });
}

fn a_handle_is_a_future(new: fn() -> Builder) {
    let runtime = runtime(new);
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tokio.block_on(async {
        // Ended already, or still to end.
        let handle = runtime.spawn(|| 1);
        while !handle.is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(handle.await.unwrap(), 1);
        let handle = runtime.spawn(|| {
            park();
            2
        });
        let task = handle.task().clone();
        let mut future = pin!(handle.into_future());
        assert!(poll_once(future.as_mut()).is_pending());
        task.unpark();
        assert_eq!(future.await.unwrap(), 2);
        // Failures.
        let error = runtime.spawn(|| std::panic::resume_unwind(Box::new(3)));
        let payload = error.await.unwrap_err().into_panic();
        assert_eq!(*payload.downcast::<i32>().unwrap(), 3);
        // Many at once.
        let handles: Vec<_> = (0..1000).map(|n| runtime.spawn(move || n)).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.unwrap();
        }
        assert_eq!(sum, 499_500);
    });
    // On another executor's threads.
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    tokio.block_on(async {
        let awaits: Vec<_> = (0..200)
            .map(|n| {
                let handle = runtime.spawn(move || {
                    yield_now();
                    n
                });
                tokio::spawn(handle.into_future())
            })
            .collect();
        for (n, awaits) in awaits.into_iter().enumerate() {
            assert_eq!(awaits.await.unwrap().unwrap(), n);
        }
    });
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn a_joining_future_that_is_dropped_detaches(new: fn() -> Builder) {
    let runtime = runtime(new);
    let (ends, ended) = mpsc::channel();
    for polls in [0, 1, 2] {
        let ends = ends.clone();
        let handle: JoinHandle<()> = runtime.spawn(move || {
            park();
            ends.send(()).unwrap();
        });
        let task = handle.task().clone();
        {
            let mut future = pin!(handle.into_future());
            (0..polls).for_each(|_| assert!(poll_once(future.as_mut()).is_pending()));
        }
        assert!(ended.try_recv().is_err());
        task.unpark();
        ended.recv().unwrap();
    }
}

fn the_end_of_a_task_meets_the_drop_of_its_future(new: fn() -> Builder) {
    /// Counted, so that a value that is lost or dropped twice is seen.
    struct Value(Arc<AtomicUsize>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let runtime = runtime(new);
    let drops = Arc::new(AtomicUsize::new(0));
    for n in 0..2000 {
        let value = Value(drops.clone());
        let handle = runtime.spawn(move || value);
        let mut future = Box::pin(handle.into_future());
        let polled = poll_once(future.as_mut());
        if polled.is_pending() {
            (0..n % 50).for_each(|_| std::hint::spin_loop());
        }
        drop((polled, future));
    }
    drop(runtime);
    assert_eq!(drops.load(SeqCst), 2000);
}

fn a_task_left_behind_wakes_who_awaits_it(new: fn() -> Builder) {
    let runtime = runtime(new);
    let (release, released) = mpsc::channel::<()>();
    let (begins, begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        blocking(move || {
            begins.send(()).unwrap();
            let _ = released.recv();
        });
    });
    begun.recv().unwrap();
    let mut future = pin!(handle.into_future());
    assert!(poll_once(future.as_mut()).is_pending());
    let thread = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_millis(20)));
    let error = block_on(future).unwrap_err();
    assert!(error.to_string().contains("left behind"), "{error}");
    thread.join().unwrap();
    drop(release);
}
