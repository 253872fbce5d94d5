//! The wait queue on one thread, and the lock and park on several.

use std::pin::pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::{FutureWait, Lock, Outcome, Wait, WaitQueue, Waiter, wake};

fn slot(n: usize) -> *mut () {
    ptr::without_provenance_mut(n)
}

#[test]
fn waiters_leave_in_the_order_they_came() {
    // Three owners: a thread has one wait at a time.
    let waits: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| Wait::begin().ticket())
                .join()
                .unwrap()
        })
        .collect();
    let waiters: Vec<_> = (1..)
        .zip(&waits)
        .map(|(n, t)| Waiter::new(*t, 0, slot(n)))
        .collect();
    let mut queue = WaitQueue::new();
    for waiter in &waiters {
        // SAFETY: removed below, before the waiters go.
        unsafe { queue.push(NonNull::from(waiter)) };
    }
    // SAFETY: all are in this queue.
    unsafe {
        assert!(queue.remove(NonNull::from(&waiters[1])));
        assert!(!queue.remove(NonNull::from(&waiters[1])));
        assert!(queue.remove(NonNull::from(&waiters[0])));
        assert!(!queue.is_empty());
        assert!(queue.remove(NonNull::from(&waiters[2])));
    }
    assert!(queue.is_empty());
}

/// Replaces, in a queue of some length, each waiter in turn, or pushes to the front; the order is told by
/// the slots.
#[test]
fn waiters_can_go_to_the_front_and_take_the_place_of_others() {
    for length in 1..5usize {
        for at in 0..length {
            let waits: Vec<_> = (0..length + 2)
                .map(|_| {
                    std::thread::spawn(|| Wait::begin().ticket())
                        .join()
                        .unwrap()
                })
                .collect();
            let waiters: Vec<_> = (0..)
                .zip(&waits)
                .map(|(n, ticket)| Waiter::new(*ticket, 0, slot(n)))
                .collect();
            let [new, front] = [length, length + 1].map(|n| NonNull::from(&waiters[n]));
            let mut queue = WaitQueue::new();
            let mut order = Vec::new();
            // SAFETY: all are in this queue or in none, and none is left in it.
            unsafe {
                for waiter in &waiters[..length] {
                    queue.push(NonNull::from(waiter));
                }
                let old = NonNull::from(&waiters[at]);
                assert!(queue.replace(old, new));
                assert!(!queue.replace(old, front), "it is not linked any more");
                queue.push_front(front);
                // The end is still known: one more goes there.
                queue.push(old);
                // Nobody is admitted, so nobody is claimed: their threads have ended.
                while !queue.is_empty() {
                    let mut first = 0;
                    assert!(
                        queue
                            .pop_if(|slot| {
                                first = slot.addr();
                                false
                            })
                            .is_none()
                    );
                    order.push(first);
                    assert!(queue.remove(NonNull::from(&waiters[first])));
                }
            }
            let mut expected: Vec<_> = (0..length).collect();
            expected[at] = length;
            expected.insert(0, length + 1);
            expected.push(at);
            assert_eq!(order, expected);
            assert!(queue.is_empty());
        }
    }
}

#[test]
fn an_operation_is_settled_in_one_of_its_queues_only() {
    let wait = Wait::begin();
    let first = pin!(Waiter::new(wait.ticket(), 0, slot(1)));
    let second = pin!(Waiter::new(wait.ticket(), 1, slot(2)));
    let (mut left, mut right) = (WaitQueue::new(), WaitQueue::new());
    // SAFETY: both are popped below, and the commit lets nobody in before that.
    unsafe {
        left.push(NonNull::from(&*first));
        right.push(NonNull::from(&*second));
    }
    let outcome = wait.park(None, || {
        let popped = right.pop().expect("not settled yet");
        assert_eq!(popped.slot, slot(2));
        assert!(left.pop().is_none(), "settled on the right already");
        popped.claimed.ready();
        true
    });
    assert_eq!(outcome, Outcome::Settled(1));
    assert!(left.is_empty() && right.is_empty());
}

#[test]
fn a_deadline_ends_a_wait_and_not_before_its_time() {
    let start = Instant::now();
    let deadline = start + Duration::from_millis(3);
    assert_eq!(
        Wait::begin().park(Some(deadline), || true),
        Outcome::Deadline
    );
    assert!(Instant::now() >= deadline);
    assert_eq!(Wait::begin().park(Some(start), || true), Outcome::Deadline);
}

#[test]
fn a_declined_park_goes_on_at_once() {
    assert_eq!(Wait::begin().park(None, || false), Outcome::Declined);
}

#[test]
fn the_lock_admits_one_at_a_time() {
    const ROUNDS: usize = if cfg!(miri) { 50 } else { 20_000 };
    let lock = Arc::new(Lock::new(0usize));
    let inside = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (lock, inside) = (lock.clone(), inside.clone());
            std::thread::spawn(move || {
                for _ in 0..ROUNDS {
                    let mut value = lock.lock();
                    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                    *value += 1;
                    inside.fetch_sub(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*lock.lock(), 4 * ROUNDS);
    assert!(lock.try_lock().is_some());
}

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

#[test]
fn a_future_is_told_by_its_last_waker() {
    let wait = pin!(FutureWait::new());
    let wait = wait.as_ref();
    let woken = Arc::new(AtomicUsize::new(0));
    let wakers = [1, 10].map(|count| {
        let woken = woken.clone();
        waker(move || {
            woken.fetch_add(count, Ordering::Relaxed);
        })
    });
    for round in 1..4 {
        let ticket = wait.begin();
        assert!(!wait.poll(&wakers[0]));
        assert!(!wait.poll(&wakers[1]));
        assert!(!wait.poll(&wakers[1]));
        // SAFETY: the wait outlives the ticket.
        unsafe { ticket.claim(0) }.expect("nobody else").ready();
        assert_eq!(woken.load(Ordering::Relaxed), 10 * round);
        assert!(wait.poll(&wakers[0]));
        wait.block();
    }
}

#[test]
fn all_are_readied_before_a_waker_runs() {
    let waits = [(); 2].map(|()| Arc::pin(FutureWait::new()));
    let tickets = [0, 1].map(|n: usize| {
        let ticket = waits[n].as_ref().begin();
        let other = waits[1 - n].clone();
        // What the drop of the other future does.
        assert!(!waits[n].poll(&waker(move || other.block())));
        ticket
    });
    // SAFETY: the waits outlive the tickets.
    let claimed = tickets.map(|ticket| unsafe { ticket.claim(0) }.expect("nobody else"));
    let wakers = claimed.map(|claimed| claimed.ready_unwoken());
    wakers.into_iter().flatten().for_each(wake);
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    let wait = pin!(FutureWait::new());
    let ticket = wait.as_ref().begin();
    assert!(!wait.poll(&waker(|| std::panic::resume_unwind(Box::new(())))));
    // SAFETY: the wait outlives the ticket.
    unsafe { ticket.claim(0) }.expect("nobody else").ready();
    assert!(wait.poll(Waker::noop()));
}
