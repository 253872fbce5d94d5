//! std inside tasks: where std would block the thread of a task, in a lock, a sleep, a socket, or looking up a
//! name, the task is parked, and its worker runs others.
//!
//! So a blocking crate that has never heard of hueless runs in ten thousand tasks on two workers. Programs
//! switch this on by the feature `std` of the `hueless` crate. It works on Linux with glibc, x86-64 and aarch64; on
//! other systems this crate is empty. It is a *preview*: see
//! [what is not certain yet](#what-is-not-certain-yet).
//!
//! # How
//!
//! std blocks in functions of libc. This crate defines those functions, and a definition in the program goes
//! before libc's, for C code in the program too. Outside tasks they do what libc's do: make the system call. Inside:
//!
//! - Locks wait through `syscall`, by the system call `futex` on the address of a word of their own; so does who
//!   wakes them. A wait becomes a park in a table of addresses; a wake, from wherever it comes, wakes
//!   who is in the table and who waits in the kernel.
//! - `nanosleep` and `clock_nanosleep` become a park with a timer.
//! - A call on a socket that has to wait is made so that it does not (`MSG_DONTWAIT`), and made again once the
//!   poller says that it may go on. What it answers is what the kernel would have answered a thread: time-outs hold, a
//!   send goes on until all is sent, and the descriptor keeps its mode.
//! - `getaddrinfo` runs on a thread of the blocking pool; not in static programs, where it blocks the thread.
//!
//! Whether each of these definitions is in effect is looked at when the first runtime starts; those that are not
//! are named on stderr.
//!
//! # What parks, and what does not
//!
//! | in a task | |
//! | --- | --- |
//! | `Mutex`, `RwLock`, `Condvar`, `Once`, `OnceLock`, `LazyLock`, `Barrier` of std, its time-outs too | parks |
//! | `std::thread::sleep` | parks |
//! | sockets of std and of C, TCP, UDP and Unix: `connect`, `accept`, the families of `recv`, `send`, `read` and `write` | parks |
//! | `poll` and `ppoll` of whatever descriptors | parks |
//! | `getaddrinfo`, by which std looks names up; connecting to a Unix listener whose queue is full; a datagram to a Unix socket by name whose queue is full | parks, and keeps a thread of the pool meanwhile |
//! | files, pipes, terminals, the standard streams whatever they are | blocks the thread |
//! | `epoll_wait` (tokio's and mio's), `select`, `recvmmsg` and `sendmmsg`, `recvmsg` for all (`MSG_WAITALL`); closing a socket that lingers | blocks the thread |
//! | `std::thread::park`, and what is made of it: `std::sync::mpsc`, scoped threads' end | blocks the thread: its token is the thread's, so tasks of one thread would take each other's |
//! | a lock or a `Condvar` of std in a thread-local, as rayon's callers wait at | blocks the thread: it is a parker of the thread's |
//! | `std::thread::JoinHandle::join` of a thread that has not ended | parks, and keeps a thread of the pool meanwhile |
//! | locks of C, of `parking_lot` | blocks the thread |
//! | any of it in `task::no_park`, in a panic hook, in a destructor that runs because of a panic, or while a neighbour is parked in one | blocks the thread |
//! | any of it on a stack that is no task's (`stacker`, other coroutines) | blocks the thread |
//! | in a process that was forked off; in a signal handler on a stack of its own | blocks the thread |
//!
//! A runtime is told not to by `Builder::park_std(false)`, or `HUELESS_STD=off` in the environment.
//!
//! # What to know
//!
//! - Such a wait is no point of cancellation: std does not expect its locks to unwind. A task that is
//!   cancelled, or whose runtime ends, goes on waiting until it is woken, and unwinds at its next point; one
//!   that is never woken is left behind by its runtime, as every task that does not end. A sleep of std's is
//!   slept to its end.
//! - In a runtime that migrates a task wakes up on the thread that it has waited on.
//! - Each such wait is one more place where tasks of one thread interleave; SAFETY.md's named limit holds
//!   there as everywhere. To unlock a mutex is one of them if a task of the same thread waits for
//!   it: that one runs first, else a task that takes a lock again at once, and holds it while it is parked, would
//!   keep its neighbours out for ever. So is one in sixteen other wakes of one, by chance, by a `RwLock` or a `Condvar`.
//! - Who else waits by a private `FUTEX_WAIT_BITSET` of all bits is taken for std. For words that belong to a
//!   lock that is right. Code that waits so at a word of its *thread*, as C++'s abseil does, has to be called in
//!   `no_park`: two tasks of one thread would share the word.
//! - The first that waits for a lock of std's looks out for some microseconds before it does, as in threads,
//!   though the holder may be a task of the same worker. hueless's own locks do not, so where tasks contend
//!   they are the faster ones.
//! - A wake of one wakes a task and a thread, if both wait.
//! - A global allocator that waits by std's locks would park where hueless itself allocates. Programs with such
//!   a one switch this off.
//! - Futex operations that move waiters elsewhere (`FUTEX_REQUEUE`), which std does not use, do not see tasks.
//! - An address that the kernel would refuse with `EFAULT` is read here: the word of a lock, the list of
//!   buffers of a call that has several.
//! - A sleep in the kernel is no point of cancellation of POSIX threads (`pthread_cancel`), nor is a call on a socket.
//! - A lock that is not std's, parking_lot's or once_cell's for example, and is held across what parks, blocks the
//!   worker of whoever wants it, and the holder with it, for ever. Call such code in `hueless::blocking`; rayon and
//!   runtimes of async code, too.
//! - A signal handler that runs on a task's stack must not wait by any of this. (Workers block asynchronous signals; a
//!   handler that std or libc sets up with `SA_ONSTACK` has a stack of its own.)
//! - Waking from a signal handler wakes threads only, if it interrupts its thread in the table. (std's locks
//!   are not for signal handlers, nor are hueless's.)
//!
//! Of sockets:
//!
//! - `accept` cannot be told not to wait, and somebody else may take the connection that a task was told of. So a
//!   thread of the blocking pool makes the call once there is a connection. hueless's own listeners do without.
//! - `connect` puts its socket in non-blocking mode for the length of one system call.
//! - `sendfile` and `splice` cannot be told either. Where they might wait for a socket they answer `EINVAL`, and
//!   their callers read and write instead, as `std::io::copy` does.
//! - A descriptor that is closed while a task waits for it: the task fails with `EBADF`. (The kernel lets a thread go
//!   on waiting.) Of descriptors that C's `fclose` closes, or `dup2`, nobody is told: who waits for one goes on waiting.
//! - In a process whose descriptors' numbers go over a million, calls on those block their thread.
//! - C code that is compiled with `_FORTIFY_SOURCE` calls other functions (`__recv_chk`) when it knows the size of
//!   its buffer; those block the thread.
//! - A descriptor that is registered with the worker's poller already, by hueless's own socket of that number, is
//!   waited for in the kernel.
//!
//! # What is not certain yet
//!
//! A crate may take a lock of std's while it holds something half-way that belongs to its thread; such a wait
//! blocked the thread, and now lets a neighbour in. crossbeam-epoch was one: it makes its collector under a
//! `Once`, in the middle of an operation on a worker's deque, and tasks ran twice. (hueless has it made before
//! tasks run.) What was found in the crates that hueless is built on, crossbeam's and signal-hook, is handled; that
//! there is nothing else, there or in a program's own crates, nobody has shown. So this is off unless asked for.

#![cfg_attr(
    loom,
    allow(dead_code, unused_imports, reason = "the models build the table alone")
)]
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

#[cfg(not(loom))]
mod announce;
#[cfg(not(loom))]
mod caller;
#[cfg(not(loom))]
mod clock;
#[cfg(not(loom))]
mod fork;
#[cfg(not(loom))]
mod futex;
#[cfg(not(loom))]
mod join;
mod loom;
// In a static program there is no way past this definition to libc's.
#[cfg(not(any(loom, target_feature = "crt-static")))]
mod names;
#[cfg(not(loom))]
mod own;
#[cfg(not(loom))]
mod parker;
#[cfg(not(loom))]
mod pool;
mod queue;
#[cfg(not(loom))]
mod sleep;
#[cfg(not(loom))]
mod sockets;
#[cfg(not(loom))]
mod sys;
mod table;
