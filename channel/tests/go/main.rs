//! What Go's tests of channels and of select prove (the programs of `test/chan` and
//! `runtime/chan_test.go`), proved of ours: on OS threads, in tasks, and in tasks that migrate.
//!
//! Each test names the program whose point it makes. Where Go differs from crossbeam-channel, whose
//! semantics are ours, the test says so: a message is made after the select has chosen its send, a
//! send on a closed channel is an error instead of a panic, and [`never`](hueless_channel::never)
//! stands for a nil channel.

#[path = "../common/mod.rs"]
mod common;

mod alone;
mod blocking;
mod chance;
mod forms;
mod memory;
mod nonblocking;
mod order;
mod queues;
mod stacks;
mod stress;
mod values;

/// As `tests_in_all_worlds`, each test in a process of its own.
macro_rules! in_all_worlds_alone {
    ($($name:ident),* $(,)?) => {
        $crate::in_all_worlds_alone!(@world threads Threads $($name)*);
        $crate::in_all_worlds_alone!(@world tasks Tasks $($name)*);
        $crate::in_all_worlds_alone!(@world migrating Migrating $($name)*);
    };
    (@world $module:ident $world:ident $($name:ident)*) => {
        mod $module {
            use crate::alone::alone;
            use crate::common::{World, $world};
            $(
                #[test]
                fn $name() {
                    alone(module_path!(), stringify!($name), || {
                        $world::run(super::$name::<$world>)
                    });
                }
            )*
        }
    };
}
use in_all_worlds_alone;
