//! Models of the async ends under loom: every interleaving, up to a number of preemptions.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release -p hueless-channel --test loom_async
//! ```

#![cfg(loom)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hueless_channel::{Receiver, RecvError, bounded, select};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// A deadline that has passed by the time an operation parks: in a model, time passes at once.
const LATER: Duration = Duration::from_nanos(1);

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // `LOOM_MAX_PREEMPTIONS` takes precedence.
    builder.preemption_bound.get_or_insert(3);
    builder.max_branches = 10_000;
    builder.check(f);
}

/// A message whose memory loom watches.
type Watched = Arc<loom::cell::UnsafeCell<usize>>;

fn watched(value: usize) -> Watched {
    Arc::new(loom::cell::UnsafeCell::new(value))
}

fn read(msg: &Watched) -> usize {
    // SAFETY: whoever has received a message has it alone; loom says if that is wrong.
    msg.with_mut(|value| unsafe { *value })
}

/// Wakes one thread.
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

// SAFETY: loom's threads take turns on one.
unsafe impl Send for Bell {}
// SAFETY: as above.
unsafe impl Sync for Bell {}

impl Bell {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            rung: Mutex::new(false),
            changed: Condvar::new(),
        })
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !std::mem::replace(&mut *rung, false) {
            rung = self.changed.wait(rung).unwrap();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

/// Runs a future to its end; two wakers take turns.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bells = [Bell::new(), Bell::new()];
    loop {
        for bell in &bells {
            if let Poll::Ready(output) = poll(future.as_mut(), &bell.clone().into()) {
                return output;
            }
        }
        bells[1].wait();
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// What a receive that is polled once and dropped has got.
fn receive_in_vain(r: &Receiver<Watched>) -> usize {
    match poll(pin!(r.recv_async()), Waker::noop()) {
        Poll::Ready(Ok(msg)) => read(&msg),
        Poll::Ready(Err(RecvError)) | Poll::Pending => 0,
    }
}

/// What is left in a channel.
fn left(r: &Receiver<Watched>) -> usize {
    r.try_iter().map(|msg| read(&msg)).sum()
}

#[test]
fn future_receives_from_thread() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let sender = thread::spawn(move || s.send(watched(1)).unwrap());
            assert_eq!(read(&block_on(r.recv_async()).unwrap()), 1);
            assert!(block_on(r.recv_async()).is_err());
            sender.join().unwrap();
        });
    }
}

#[test]
fn future_sends_to_thread() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let receiver = thread::spawn(move || (r.recv(), r.recv()));
            for i in 1..3 {
                assert!(block_on(s.send_async(watched(i))).is_ok());
            }
            let (first, second) = receiver.join().unwrap();
            assert_eq!((read(&first.unwrap()), read(&second.unwrap())), (1, 2));
        });
    }
}

#[test]
fn futures_meet() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || assert!(block_on(s.send_async(watched(1))).is_ok()));
        assert_eq!(read(&block_on(r.recv_async()).unwrap()), 1);
        sender.join().unwrap();
    });
}

#[test]
fn dropped_receive_races_send() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let sender = thread::spawn(move || s.try_send(watched(1)).is_ok());
            let received = receive_in_vain(&r);
            let sent = sender.join().unwrap();
            assert_eq!(received + left(&r), usize::from(sent));
        });
    }
}

#[test]
fn dropped_receive_races_two_sends() {
    model(|| {
        let (s, r) = bounded(1);
        let sender = thread::spawn(move || (1..3).for_each(|i| s.send(watched(i)).unwrap()));
        let first = match receive_in_vain(&r) {
            0 => read(&r.recv().unwrap()),
            received => received,
        };
        assert_eq!((first, read(&r.recv().unwrap())), (1, 2));
        sender.join().unwrap();
    });
}

#[test]
fn dropped_send_races_receive() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let full = s.try_send(watched(1)).is_ok();
            let msg = watched(2);
            let ours = msg.clone();
            let receiver = thread::spawn(move || {
                let received = left(&r);
                (received, r)
            });
            let sent = poll(pin!(s.send_async(msg)), Waker::noop()).is_ready();
            let (received, r) = receiver.join().unwrap();
            let received = received + left(&r);
            assert!([usize::from(full), 2 + usize::from(full)].contains(&received));
            assert!(!sent || received >= 2);
            assert_eq!(Arc::strong_count(&ours), 1, "received or dropped");
        });
    }
}

#[test]
fn message_of_a_dropped_receive_goes_to_the_next() {
    model(|| {
        let (s, r) = bounded(0);
        // Still there when the first future is dropped.
        let s2 = s.clone();
        let sender = thread::spawn(move || s2.send(watched(1)).unwrap());
        let mut first = Box::pin(r.recv_async());
        let second = r.recv_async();
        match poll(first.as_mut(), Waker::noop()) {
            Poll::Ready(msg) => assert_eq!(read(&msg.unwrap()), 1),
            Poll::Pending => {
                let mut second = pin!(second);
                let polled = poll(second.as_mut(), Waker::noop());
                drop(first);
                let msg = match polled {
                    Poll::Ready(msg) => msg,
                    Poll::Pending => block_on(second),
                };
                assert_eq!(read(&msg.unwrap()), 1);
            }
        }
        sender.join().unwrap();
        drop(s);
    });
}

#[test]
fn late_message_reaches_its_future() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || read(&block_on(r.recv_async()).unwrap()));
        select! {
            send(s, watched(1)) -> res => assert!(res.is_ok()),
        }
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn dropped_receive_races_late_message() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || {
            select! {
                send(s, watched(1)) -> res => res.is_ok(),
                default(LATER) => false,
            }
        });
        let received = receive_in_vain(&r);
        let sent = sender.join().unwrap();
        assert_eq!(received + left(&r), usize::from(sent));
    });
}

#[test]
fn disconnect_races_receive() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded::<Watched>(capacity);
            let dropper = thread::spawn(move || drop(s));
            assert!(block_on(r.recv_async()).is_err());
            dropper.join().unwrap();
        });
    }
}

#[test]
fn disconnect_races_dropped_futures() {
    model(|| {
        let (s, r) = bounded::<Watched>(0);
        let dropper = thread::spawn(move || drop(s));
        let mut futures = [(); 2].map(|()| Box::pin(r.recv_async()));
        for future in &mut futures {
            let _ = poll(future.as_mut(), Waker::noop());
        }
        drop(futures);
        dropper.join().unwrap();
    });
}

#[test]
fn disconnect_races_send() {
    model(|| {
        let (s, r) = bounded(0);
        let msg = watched(1);
        let dropper = thread::spawn(move || drop(r));
        let back = block_on(s.send_async(msg)).unwrap_err();
        assert_eq!(read(&back.0), 1);
        dropper.join().unwrap();
    });
}
