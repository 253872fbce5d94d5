//! The runtime gets to know this crate, and looks when it starts whether the program's calls come here.

use hueless_runtime::park::std_waits::{Definition, Uncolor, expect};

use crate::{fork, own, parker};

/// A table of functions by the names that they have in the crate libc.
macro_rules! definitions {
    ($($(#[$when:meta])* $name:ident),* $(,)?) => {
        &[$($(#[$when])* Definition::new(
            match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => unreachable!(),
            },
            // By that name, which is what is in question.
            libc::$name as *const (),
        )),*]
    };
}

static UNCOLOR: Uncolor = Uncolor {
    prepare: fork::prepare,
    prepare_worker,
    definitions: definitions![
        syscall,
        nanosleep,
        clock_nanosleep,
        connect,
        accept,
        accept4,
        recv,
        recvfrom,
        recvmsg,
        read,
        readv,
        send,
        sendto,
        sendmsg,
        write,
        writev,
        poll,
        ppoll,
        sendfile,
        sendfile64,
        splice,
        close,
        #[cfg(not(target_feature = "crt-static"))]
        getaddrinfo,
        pthread_join,
    ],
};

/// On a worker's thread, before it runs tasks.
fn prepare_worker() {
    parker::learn();
    own::learn();
}

/// Called before `main`: from then on the runtime expects to find what is defined here.
#[used]
#[unsafe(link_section = ".init_array")]
static ANNOUNCED: extern "C" fn() = announce;

extern "C" fn announce() {
    expect(&UNCOLOR);
}
