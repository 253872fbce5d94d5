//! What goes in first comes out first, through long chains too.

use std::any::TypeId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hueless_channel::{Receiver, bounded};

use crate::common::{Threads, World, join_all};

crate::tests_in_all_worlds!(
    a_filled_buffer_is_emptied_in_order,
    each_link_gets_its_own_message,
    a_long_daisy_chain_adds_up,
    a_chain_of_filters_sieves_primes,
    merged_multiples_leave_the_primes,
);

/// How many may wait at a time.
fn crowd<W: 'static>() -> usize {
    if TypeId::of::<W>() == TypeId::of::<Threads>() {
        100
    } else {
        10_000
    }
}

/// Go's `fifo`, the asynchronous half.
fn a_filled_buffer_is_emptied_in_order<W: World>() {
    const COUNT: usize = 100;
    let (s, r) = bounded(COUNT);
    for round in 0..3 {
        (0..COUNT).for_each(|i| s.send(round * COUNT + i).unwrap());
        assert!(s.is_full());
        (0..COUNT).for_each(|i| assert_eq!(r.recv(), Ok(round * COUNT + i)));
        assert!(r.is_empty());
    }
}

/// Go's `fifo`, the synchronous half: the links of a chain receive from one rendezvous channel, each
/// when the one before it has.
fn each_link_gets_its_own_message<W: World>() {
    const LINKS: usize = 100;
    let (s, r) = bounded(0);
    let (first, mut before) = bounded(0);
    let links: Vec<_> = (0..LINKS)
        .map(|i| {
            let (done, next) = bounded(1);
            let (r, turn) = (r.clone(), std::mem::replace(&mut before, next));
            W::spawn(move || {
                turn.recv().unwrap();
                assert_eq!(r.recv(), Ok(i));
                done.send(()).unwrap();
            })
        })
        .collect();
    first.send(()).unwrap();
    (0..LINKS).for_each(|i| s.send(i).unwrap());
    before.recv().unwrap();
    join_all(links);
}

/// Go's `goroutines`: very many wait, each for its neighbour.
fn a_long_daisy_chain_adds_up<W: World + 'static>() {
    let links = crowd::<W>();
    let (last, end) = bounded(0);
    let mut left = last;
    let handles: Vec<_> = (0..links)
        .map(|_| {
            let (s, r) = bounded(0);
            let left = std::mem::replace(&mut left, s);
            W::spawn(move || left.send(r.recv().unwrap() + 1).unwrap())
        })
        .collect();
    left.send(0).unwrap();
    assert_eq!(end.recv(), Ok(links));
    join_all(handles);
}

/// The primes below `limit`, by division.
fn primes(limit: u32) -> Vec<u32> {
    (2..limit)
        .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .collect()
}

/// Go's `sieve1`: each prime found adds a filter to the chain.
fn a_chain_of_filters_sieves_primes<W: World>() {
    const LIMIT: u32 = 400;
    let (s, mut numbers) = bounded(0);
    let mut links = vec![W::spawn(move || {
        (2..LIMIT).for_each(|n| s.send(n).unwrap());
    })];
    let mut found = Vec::new();
    while let Ok(prime) = numbers.recv() {
        found.push(prime);
        let (s, filtered) = bounded(0);
        let unfiltered = std::mem::replace(&mut numbers, filtered);
        links.push(W::spawn(move || {
            for n in unfiltered.iter().filter(|n| n % prime != 0) {
                s.send(n).unwrap();
            }
        }));
    }
    assert_eq!(found, primes(LIMIT));
    join_all(links);
}

/// The head of a stream of multiples, and where the next ones come from.
struct Multiples(u32, Receiver<u32>);

/// Go's `sieve2`: streams of multiples, merged by a heap; what is missing in them is prime.
fn merged_multiples_leave_the_primes<W: World>() {
    const LIMIT: u32 = 1_000;
    let mut streams: Vec<Multiples> = Vec::new();
    // The heads of the streams, least first, with their streams.
    let mut heads = BinaryHeap::new();
    let mut handles = Vec::new();
    let mut found = Vec::new();
    for n in 2..LIMIT {
        let mut is_multiple = false;
        while let Some(&Reverse((head, stream))) = heads.peek() {
            if head > n {
                break;
            }
            is_multiple = true;
            heads.pop();
            let Multiples(last, next): &mut Multiples = &mut streams[stream];
            assert_eq!(*last, head);
            *last = next.recv().unwrap();
            heads.push(Reverse((*last, stream)));
        }
        if is_multiple {
            continue;
        }
        found.push(n);
        let (s, r) = bounded(2);
        // Ends when its receiver is gone.
        handles.push(W::spawn(move || {
            (n..).step_by(n as usize).find(|m| s.send(*m).is_err());
        }));
        assert_eq!(r.recv(), Ok(n));
        let head = r.recv().unwrap();
        heads.push(Reverse((head, streams.len())));
        streams.push(Multiples(head, r));
    }
    assert_eq!(found, primes(LIMIT));
    drop(streams);
    join_all(handles);
}
