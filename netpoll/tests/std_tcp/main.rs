//! std's TCP types and ours: one and the same program, but for its `use` line, does the same with both.
//!
//! `api.rs` names each stable method and trait of std's types, with its signature. `examples.rs` does
//! what the examples of std's documentation do, with both ends of each connection in the test. Each of
//! them is here once with std's types, on threads, and with ours on threads and in tasks.

#[path = "../common/mod.rs"]
mod common;

/// std's types.
mod stds {
    mod api {
        use std::net;
        include!("api.rs");
    }

    mod examples {
        use crate::common::Threads as M;
        use std::net;
        include!("examples.rs");

        #[cfg(target_os = "linux")]
        use std::os::linux::net::TcpStreamExt;
    }
}

/// Ours, on threads.
mod ours {
    mod api {
        use hueless_netpoll::net;
        include!("api.rs");
    }

    mod examples {
        use crate::common::Threads as M;
        use hueless_netpoll::net;
        include!("examples.rs");
    }
}

/// Ours, in tasks.
mod tasks {
    mod examples {
        use crate::common::Tasks as M;
        use hueless_netpoll::net;
        include!("examples.rs");
    }
}

/// Ours, in tasks that migrate.
mod migrating {
    mod examples {
        use crate::common::Migrating as M;
        use hueless_netpoll::net;
        include!("examples.rs");
    }
}
