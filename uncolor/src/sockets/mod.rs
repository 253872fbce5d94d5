//! Calls on sockets: those of libc's functions that may wait for a peer.
//!
//! In a task, on a socket in blocking mode, such a call is made so that it does not wait (`MSG_DONTWAIT`); if it
//! would have to, the task is parked until the poller says that it may go on, and the call is made again. What it
//! answers is what the kernel would have answered a thread: the socket's time-outs hold, a send goes on until all
//! is sent, and the descriptor's mode stays as it is. Elsewhere, and on anything that is no socket, the call is
//! the kernel's as it came.
//!
//! | | |
//! | --- | --- |
//! | `waiting` | the loop of all of them |
//! | `options` | what the kernel knows of a socket: its mode, its time-outs |
//! | `receive`, `send`, `message` | the families of `recv`, `send`, and of those of several buffers |
//! | `connect`, `accept` | calls that cannot be told not to wait |
//! | `poll` | waiting for one or several |
//! | `transfer` | `sendfile` and `splice`, which are refused: their callers know another way |
//! | `close` | tells who waits |

mod accept;
mod close;
mod connect;
mod message;
mod options;
mod poll;
mod receive;
mod send;
mod transfer;
mod waiting;
