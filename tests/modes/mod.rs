//! The modes of a runtime, for tests that hold in each of them.

use hueless::runtime::Builder;

/// Makes a builder of each mode.
pub(crate) fn modes() -> [fn() -> Builder; 2] {
    // SAFETY: what belongs to a thread and is kept across an operation is kept by tests that run in
    // the default mode only.
    [Builder::new, || unsafe { Builder::new().migrate() }]
}
