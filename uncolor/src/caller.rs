//! Who calls: whether it may be parked.

use hueless_runtime::park::Wait;

use crate::fork;
use crate::table::Inside;

/// Whether there is a runtime behind this call: not in a process that was forked off, nor in a signal handler that
/// has interrupted its thread in the table.
pub(crate) fn is_served() -> bool {
    !fork::is_child() && !Inside::is_inside()
}

/// Whether a wait that begins here parks a task.
pub(crate) fn parks() -> bool {
    is_served() && Wait::would_park_for_std()
}
