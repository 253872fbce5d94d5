//! What the tests of the runtime share.

use hueless_runtime::runtime::Builder;

/// A way to set up a runtime, with its name for messages.
pub(crate) type Mode = (&'static str, fn() -> Builder);

/// The modes in which a test that holds in all of them is to run.
pub(crate) fn modes() -> [Mode; 2] {
    [("pinned", Builder::new), ("migrating", migrating)]
}

/// The other mode.
pub(crate) fn migrating() -> Builder {
    // SAFETY: what belongs to a thread and is kept across an operation, is kept by tests that run in
    // the default mode only.
    unsafe { Builder::new().migrate() }
}

/// Makes a test of each function `name(new: fn() -> Builder)` that runs it in every mode.
macro_rules! in_all_modes {
    ($($name:ident),+ $(,)?) => {
        mod in_all_modes {
            $(
                #[test]
                fn $name() {
                    for (mode, new) in crate::common::modes() {
                        // Shown if the test fails.
                        println!("in mode {mode}");
                        super::$name(new);
                    }
                }
            )+
        }
    };
}
