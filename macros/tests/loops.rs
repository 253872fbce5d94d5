//! Which loops get a checkpoint. This crate calls itself `hueless`, so it counts them.

#![allow(
    unused,
    clippy::all,
    reason = "the forms that loops may have are the test"
)]

extern crate self as hueless;

use std::cell::Cell;
use std::future::Future;

use hueless_macros::preemptible;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// What the attribute inserts.
pub fn checkpoint() {
    COUNT.set(COUNT.get() + 1);
}

/// How many checkpoints `f` has passed.
fn count(f: impl FnOnce()) -> u32 {
    COUNT.set(0);
    f();
    COUNT.get()
}

#[test]
fn each_kind_of_loop_gets_one_an_iteration() {
    #[preemptible]
    fn plain() {
        for _ in 0..3 {}
        let mut n = 3;
        while n > 0 {
            n -= 1;
        }
        loop {
            n += 1;
            if n == 3 {
                break;
            }
        }
        let mut left = vec![1, 2, 3];
        while let Some(_) = left.pop() {}
    }
    assert_eq!(count(plain), 12);
}

#[test]
fn nested_and_labelled_loops_get_their_own() {
    #[preemptible]
    fn nested() -> u32 {
        let mut n = 0;
        'outer: for i in 0..3 {
            'inner: while n < 100 {
                n += 1;
                if i == 1 {
                    continue 'outer;
                }
                if n % 2 == 0 {
                    break 'inner;
                }
            }
        }
        n
    }
    // 3 of the outer one, 2 + 1 + 1 of the inner one.
    assert_eq!(count(|| assert_eq!(nested(), 4)), 7);
}

#[test]
fn loops_in_closures_arguments_and_arms_count() {
    #[preemptible]
    fn places() -> Vec<u32> {
        let closure = |n: u32| {
            for _ in 0..n {}
            n
        };
        let both = (
            closure(1),
            std::convert::identity(loop {
                break 2;
            }),
        );
        let array = [closure(both.0), {
            while false {}
            both.1
        }];
        match array.len() {
            2 => for _ in 0..2 {},
            _ => unreachable!(),
        }
        let block = async { for _ in 0..4 {} };
        let mut block = std::pin::pin!(block);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(block.as_mut().poll(&mut context).is_ready());
        array
            .into_iter()
            .map(|n| {
                for _ in 0..n {}
                n
            })
            .collect()
    }
    assert_eq!(
        count(|| assert_eq!(places(), [1, 2])),
        1 + 1 + 1 + 2 + 4 + 3
    );
}

/// Checks that a function of these statements passes so many checkpoints.
macro_rules! passes {
    ($number:literal: $($statements:tt)*) => {{
        #[preemptible]
        fn case() {
            $($statements)*
        }
        assert_eq!(count(case), $number, "{}", stringify!($($statements)*));
    }};
}

trait Named {
    const N: usize;
    fn n() -> usize {
        Self::N
    }
}

impl Named for u8 {
    const N: usize = 2;
}

struct Of<const N: usize>;

impl<const N: usize> Of<N> {
    const M: usize = N;
    fn n() -> usize {
        N
    }
}

struct Pair {
    a: u32,
    b: u32,
}

/// Braces and angle brackets before the body, in what a `for` runs over.
#[test]
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "clippy sees no note before what is given to a macro"
)]
fn what_a_for_runs_over_may_hold_braces() {
    let _ = (Pair { a: 1, b: 2 }, Of::<2>);
    passes!(2: for _ in match 1 { 1 => 0..2, _ => 0..9 } {});
    passes!(2: for _ in match 1 { 1 => 0..2, _ => 0..9 }.into_iter() {});
    passes!(2: let yes = true; for _ in if yes { 0..2 } else if !yes { 0..1 } else { 0..3 } {});
    // SAFETY: it does nothing that is unsafe.
    passes!(2: for _ in unsafe { 0..2 } {});
    passes!(2: for _ in { 0..2 } {});
    passes!(2: for _ in const { 0..2 } {});
    passes!(2: for _ in 'label: { if true { break 'label 0..2 } 0..9 } {});
    passes!(3: for _ in loop { break 0..2 } {});
    passes!(2: for _ in 0..2 {});
    passes!(3: for _ in 0..=2 {});
    passes!(1: for _ in 0.. { break });
    passes!(2: for _ in (0..2) {});
    passes!(2: for _ in vec! { 0, 1 } {});
    passes!(2: for _ in [0; { 2 }] {});
    passes!(2: for _ in [0; { let mut n = 0; while n < 2 { n += 1 } n }] {});
    passes!(2: for _ in 0..Of::<{ 2 }>::n() {});
    passes!(2: for _ in 0..Of::<2>::M {});
    passes!(2: for _ in 0..<u8 as Named>::n() {});
    passes!(2: for _ in 0..<u8 as Named>::N {});
    passes!(2: for _ in 0..2_u8 as usize {});
    passes!(2: for _ in &mut (0..2) as &mut dyn Iterator<Item = i32> {});
    passes!(2: for Pair { a, b } in [Pair { a: 1, b: 2 }, Pair { a: 1, b: 3 }] { assert!(a < b) });
    passes!(2: for _ in (0..2).map(|n| match n { n => { n } }) {});
    passes!(4: for _ in (0..2).map(|n| { for _ in 0..1 {} n }) {});
    passes!(1: for _ in 0..1 << 0 {});
    passes!(2: for _ in 0..if 1 < 2 && 3 > 2 { 2 } else { 9 } {});
}

/// The same in the conditions of `while`.
#[test]
fn what_a_while_asks_may_hold_braces() {
    passes!(1: let mut n = 1; while match n { 1 => true, _ => false } { n += 1 });
    passes!(1: let mut n = 1; while { n < 2 } { n += 1 });
    passes!(1: let mut n = 1; while !{ n > 1 } { n += 1 });
    passes!(1: let mut n = 1; while !(n > 1) { n += 1 });
    passes!(1: let mut n = 1; while n == { 1 } { n += 1 });
    passes!(1: let mut n = 1; while n < 2 || n << 1 <= { 2 } || n | 1 == 9 { n += 1 });
    passes!(1: let mut n = 1; while n != 2 && (n <= 1) & { true } { n += 1 });
    passes!(1: let mut n = 1; while if n > 1 { false } else { true } && n as u32 == 1 { n += 1 });
    passes!(1: let mut n = 1; while n as usize + 1 < <u8 as Named>::N + 1 { n += 1 });
    passes!(1: let mut n = 1; while matches!(n, 1) { n += 1 });
    passes!(1: let mut n = 1; while matches! { n, 1 } { n += 1 });
    passes!(1: let mut n = 1; while (|| n < 2)() { n += 1 });
    passes!(1: let mut n = 1; while Some(n).is_some_and(|n| { n < 2 }) { n += 1 });
    passes!(1: let mut n = 1; while let Pair { a: 1, .. } = { Pair { a: n, b: 0 } } { n += 1 });
    passes!(1: let mut n = 1; while let Some(0..=1) = Some(n) && let 1 = n && { n } == 1 { n += 1 });
    passes!(1: let mut n = 1; while let 1 = if n == 1 { n } else { 0 } { n += 1 });
    passes!(3: let mut n = 0; while { while n == 7 {} for _ in 0..2 {} n < 1 } { n += 1; break });
    passes!(1: 'outer: loop { while break 'outer {} });
    passes!(1: loop { if true { return } });
}

/// A function whose loops come out of a macro that has the head and the body as fragments.
#[test]
fn fragments_of_macros_are_seen_through() {
    macro_rules! function {
        ($visibility:vis $name:ident, $over:expr, $body:block) => {
            #[preemptible]
            $visibility fn $name() {
                for _ in $over $body
                while $over.len() == 9 $body
            }
        };
    }
    macro_rules! handed_on {
        ($item:item) => {
            #[preemptible]
            $item
        };
    }
    macro_rules! with_body {
        ($name:ident $body:block) => {
            #[preemptible]
            fn $name() $body
        };
    }
    function!(pub(crate) made, if true { 0..2 } else { 0..3 }, {});
    assert_eq!(count(made), 2);
    handed_on!(
        fn wrapped() {
            for _ in 0..2 {}
        }
    );
    assert_eq!(count(wrapped), 2);
    with_body!(inner { for _ in 0..2 {} });
    assert_eq!(count(inner), 2);
}

#[test]
fn items_constants_and_macros_are_left_alone() {
    macro_rules! twice {
        ($($body:tt)*) => { for _ in 0..2 { $($body)* } };
    }
    passes!(0: twice! { for _ in 0..2 {} });
    passes!(0: assert!({ for _ in 0..2 {} true }));
    passes!(0: fn inner() -> [u8; { 2 }] { for _ in 0..2 {} [0; 2] } inner(););
    passes!(0: const N: usize = { let mut n = 0; while n < 3 { n += 1 } n }; assert_eq!(N, 3););
    passes!(0: static N: usize = { let mut n = 0; while n < 3 { n += 1 } n }; assert_eq!(N, 3););
    passes!(0: assert_eq!(const { let mut n = 0; while n < 3 { n += 1 } n }, 3););
    passes!(0: const fn three() -> u8 { let mut n = 0; while n < 3 { n += 1 } n } three(););
    passes!(0:
        struct Inner<F: for<'a> Fn(&'a u8)>(F);
        impl<F> Drop for Inner<F> where F: for<'a> Fn(&'a u8) {
            fn drop(&mut self) { for _ in 0..2 {} }
        }
        drop(Inner(|_| ()));
    );
    passes!(0: macro_rules! inner { () => { loop { break } }; } inner!(););
    passes!(1:
        fn inner() {}
        let pointer: fn() = inner;
        let called: &dyn for<'a> Fn(&'a u8) = &|_| ();
        let value = 3;
        let raw = &raw const value;
        let typed: *const u8 = raw;
        for _ in 0..1 { pointer(); called(&value); let _ = typed; }
    );
}

#[test]
fn inner_attributes_stay_first() {
    passes!(2: for _ in 0..2 {
        #![allow(unused_variables)]
        let unused = 1;
    });
    passes!(2: #[allow(unused_variables)] for n in 0..2 { #[allow(unused)] let n = 1; });
}

#[test]
fn every_kind_of_function_may_have_it() {
    struct Value;
    trait Trait {
        #[preemptible]
        fn provided(&self) {
            for _ in 0..2 {}
        }
    }
    impl Trait for Value {}
    impl Value {
        /// With everything that may come before `fn` and after it.
        #[preemptible]
        #[inline]
        pub(crate) unsafe extern "Rust" fn method<const N: usize>(&self) -> Option<Of<{ 2 }>>
        where
            for<'a> &'a [(); N]: Copy,
        {
            for _ in 0..2 {}
            Some(Of)
        }
        #[preemptible]
        async fn asynchronous(&self) {
            for _ in 0..2 {
                std::future::ready(()).await;
            }
        }
    }
    assert_eq!(count(|| Value.provided()), 2);
    // SAFETY: it does nothing that is unsafe.
    let call = || drop(unsafe { Value.method::<0>() });
    assert_eq!(count(call), 2);
    let mut future = std::pin::pin!(Value.asynchronous());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        count(|| assert!(future.as_mut().poll(&mut context).is_ready())),
        2
    );
}
