//! Wakers of all kinds: they change between polls, do things at once where they are woken, panic.

mod common;
#[path = "common/executor.rs"]
mod executor;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, RawWaker, RawWakerVTable, Wake, Waker};

use common::Census;
use executor::{Wakes, poll, poll_once};
use hueless_channel::{Receiver, RecvError, RecvFuture, Sender, bounded, unbounded};

/// A waker that runs a closure.
struct Runs<F>(F);

impl<F: Fn() + Send + Sync> Wake for Runs<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Arc::new(Runs(f)).into()
}

/// Where a future lies that a waker reaches for.
type Place<T> = Arc<Mutex<Option<Pin<Box<RecvFuture<'static, T>>>>>>;

/// Receives that wait, with the waker that `make` makes of the places of all.
fn waiting<T, const N: usize>(
    r: &Receiver<T>,
    make: impl Fn(usize, [Place<T>; N]) -> Waker,
) -> [Place<T>; N]
where
    T: 'static,
{
    let places = [(); N].map(|()| Place::default());
    for (nth, place) in places.iter().enumerate() {
        let mut receiving = Box::pin(r.clone().into_recv_async());
        let waker = make(nth, places.clone());
        assert!(poll(receiving.as_mut(), &waker).is_pending());
        *place.lock().unwrap() = Some(receiving);
    }
    places
}

#[test]
fn the_last_waker_is_woken() {
    let (s, r) = bounded(0);
    let mut receiving = pin!(r.recv_async());
    let all = [(); 3].map(|()| Wakes::new());
    for (_, waker) in &all {
        assert!(poll(receiving.as_mut(), waker).is_pending());
        assert!(poll(receiving.as_mut(), waker).is_pending());
    }
    s.try_send(1).unwrap();
    assert_eq!(all.each_ref().map(|(wakes, _)| wakes.count()), [0, 0, 1]);
    assert_eq!(poll(receiving, &all[0].1), Poll::Ready(Ok(1)));
    // Nothing is kept of any.
    for (wakes, waker) in all {
        drop(waker);
        assert_eq!(Arc::strong_count(&wakes), 1);
    }
}

#[test]
fn a_waker_may_poll_at_once() {
    let (s, r) = bounded(0);
    let got = Arc::new(Mutex::new(Vec::new()));
    let places = waiting(&r, |_, [place]: [Place<u8>; 1]| {
        let got = got.clone();
        waker(move || {
            let mut receiving = place.lock().unwrap().take().unwrap();
            let Poll::Ready(msg) = poll_once(receiving.as_mut()) else {
                panic!("it was woken");
            };
            got.lock().unwrap().push(msg);
        })
    });
    s.try_send(1).unwrap();
    assert_eq!(*got.lock().unwrap(), [Ok(1)]);
    drop(places);
}

#[test]
fn a_waker_may_send_and_receive() {
    let (s, r) = bounded(1);
    let there = (s.clone(), r.clone());
    let places = waiting(&r, |_, _: [Place<u8>; 1]| {
        let (s, r) = there.clone();
        waker(move || {
            s.try_send(2).unwrap();
            assert_eq!(r.try_recv(), Ok(2));
            s.try_send(3).unwrap();
        })
    });
    s.try_send(1).unwrap();
    let mut receiving = places[0].lock().unwrap().take().unwrap();
    assert_eq!(poll_once(receiving.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(r.try_recv(), Ok(3));
}

/// Whose message has come is dropped where it is woken: the message is back before the send returns.
#[test]
fn a_waker_may_drop_its_future() {
    let (s, r) = bounded(0);
    let _places = waiting(&r, |_, [place]: [Place<u8>; 1]| {
        waker(move || drop(place.lock().unwrap().take()))
    });
    s.try_send(1).unwrap();
    assert_eq!(r.try_recv(), Ok(1));
}

/// Takes all futures out of their places and drops them.
fn drop_all<T>(places: &[Place<T>]) {
    for place in places {
        let receiving = place.lock().unwrap().take();
        drop(receiving);
    }
}

/// None of them is owed a ready by the thread that runs the waker.
#[test]
fn a_waker_may_drop_all_futures_when_the_channel_ends() {
    for first in 0..3 {
        let (s, r) = unbounded::<u8>();
        let runs = Arc::new(AtomicUsize::new(0));
        let places = waiting(&r, |nth, places: [Place<u8>; 3]| {
            let runs = runs.clone();
            waker(move || {
                runs.fetch_add(1, Ordering::Relaxed);
                if nth == first {
                    drop_all(&places);
                }
            })
        });
        drop(s);
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        assert!(places.iter().all(|place| place.lock().unwrap().is_none()));
    }
}

#[test]
fn a_waker_that_panics_concerns_its_future_only() {
    let census = Census::default();
    let (s, r) = bounded(0);
    let places = waiting(&r, |_, _: [Place<_>; 2]| {
        waker(|| resume_unwind(Box::new(())))
    });
    for i in 0..2 {
        assert!(s.try_send(census.message(i)).is_ok());
    }
    for (i, place) in places.iter().enumerate() {
        let mut receiving = place.lock().unwrap().take().unwrap();
        let Poll::Ready(Ok(msg)) = poll_once(receiving.as_mut()) else {
            panic!("the message is there");
        };
        assert_eq!(msg.value, i);
    }
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_waker_that_panics_does_not_keep_others_from_the_end() {
    let (s, r) = bounded::<u8>(0);
    let woken = Arc::new(AtomicUsize::new(0));
    let places = waiting(&r, |nth, _: [Place<u8>; 3]| {
        let woken = woken.clone();
        waker(move || {
            woken.fetch_add(1, Ordering::Relaxed);
            if nth < 2 {
                resume_unwind(Box::new(PanicsWhenDropped));
            }
        })
    });
    drop(s);
    assert_eq!(woken.load(Ordering::Relaxed), 3);
    for place in places {
        let mut receiving = place.lock().unwrap().take().unwrap();
        let ended = poll_once(receiving.as_mut());
        assert_eq!(ended, Poll::Ready(Err(RecvError)));
    }
}

/// A payload that panics once more.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

/// The table of a waker whose clone, or whose drop, panics.
const fn panicking(clone: bool) -> RawWakerVTable {
    fn nothing(_: *const ()) {}
    fn panic<T>(_: *const ()) -> T {
        resume_unwind(Box::new(()))
    }
    const fn other(_: *const ()) -> RawWaker {
        RawWaker::new(std::ptr::null(), &DROP_PANICS)
    }
    if clone {
        RawWakerVTable::new(panic, nothing, nothing, nothing)
    } else {
        RawWakerVTable::new(other, nothing, nothing, panic)
    }
}

static CLONE_PANICS: RawWakerVTable = panicking(true);
static DROP_PANICS: RawWakerVTable = panicking(false);

#[test]
fn a_waker_whose_clone_panics_leaves_the_future_as_it_was() {
    // SAFETY: the functions of the table need no data.
    let waker = unsafe { Waker::new(std::ptr::null(), &CLONE_PANICS) };
    for polled_before in [false, true] {
        let (s, r) = bounded(0);
        let mut receiving = pin!(r.recv_async());
        if polled_before {
            assert!(poll_once(receiving.as_mut()).is_pending());
        }
        let polled = catch_unwind(AssertUnwindSafe(|| poll(receiving.as_mut(), &waker)));
        assert!(polled.is_err());
        s.try_send(1).unwrap();
        assert_eq!(poll_once(receiving.as_mut()), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_waker_whose_drop_panics_loses_no_message() {
    // SAFETY: the functions of the table need no data.
    let make =
        || std::mem::ManuallyDrop::new(unsafe { Waker::new(std::ptr::null(), &DROP_PANICS) });
    let (s, r) = bounded(0);
    // Replaced by another.
    let mut receiving = Box::pin(r.recv_async());
    assert!(poll(receiving.as_mut(), &make()).is_pending());
    let (wakes, other) = Wakes::new();
    let polled = catch_unwind(AssertUnwindSafe(|| poll(receiving.as_mut(), &other)));
    assert!(polled.is_err());
    s.try_send(1).unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_once(receiving.as_mut()), Poll::Ready(Ok(1)));
    // Dropped with its future, which waits.
    let mut receiving = Box::pin(r.recv_async());
    assert!(poll(receiving.as_mut(), &make()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiving))).is_err());
    assert!(s.try_send(2).is_err());
}

/// An executor that polls a future where it is woken: a whole program in the wakers.
struct Inline<F>(Mutex<Run<F>>);

struct Run<F> {
    /// Nothing while it is polled, and when it has ended.
    future: Option<Pin<Box<F>>>,
    woken: bool,
}

impl<F: Future<Output = ()> + Send + 'static> Inline<F> {
    fn start(future: F) {
        let run = Run {
            future: Some(Box::pin(future)),
            woken: false,
        };
        Arc::new(Self(Mutex::new(run))).wake();
    }

    /// The future, if it is to be polled.
    fn take(&self) -> Option<Pin<Box<F>>> {
        let mut run = self.0.lock().unwrap();
        let future = if run.woken { run.future.take() } else { None };
        run.woken &= future.is_none();
        future
    }
}

impl<F: Future<Output = ()> + Send + 'static> Wake for Inline<F> {
    fn wake(self: Arc<Self>) {
        self.0.lock().unwrap().woken = true;
        let waker = Waker::from(self.clone());
        while let Some(mut future) = self.take() {
            if poll(future.as_mut(), &waker).is_pending() {
                self.0.lock().unwrap().future = Some(future);
            }
        }
    }
}

#[test]
fn a_pipeline_of_inline_executors() {
    async fn pass_on(r: Receiver<usize>, s: Sender<usize>) {
        while let Ok(msg) = r.recv_async().await {
            s.send_async(msg + 1).await.unwrap();
        }
    }
    let (first_s, mut r) = bounded(1);
    for _ in 0..5 {
        let (s, next) = bounded(1);
        Inline::start(pass_on(r, s));
        r = next;
    }
    let receiver = std::thread::spawn(move || r.iter().collect::<Vec<_>>());
    for i in 0..100 {
        first_s.send(i).unwrap();
    }
    drop(first_s);
    assert!(receiver.join().unwrap().into_iter().eq(5..105));
}
