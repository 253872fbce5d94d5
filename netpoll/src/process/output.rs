//! Reading both of a child's pipes at once, so that it never waits for room in the other one.

use std::io::{self, Read};

use hueless_runtime::checkpoint;
use mio::unix::pipe::Receiver;

use crate::process::pipes::{ChildStderr, ChildStdout};
use crate::readiness::{Attempt, Case, Direction, wait_any};
use crate::socket::Socket;

/// How much is read before others may run.
const AT_A_TIME: usize = 256 * 1024;

/// Reads both to their ends.
pub(super) fn read_both(
    mut stdout: ChildStdout,
    mut stderr: ChildStderr,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        checkpoint();
        match (
            read_some(&stdout.socket, &mut out)?,
            read_some(&stderr.socket, &mut err)?,
        ) {
            (Attempt::Done(read), _) if read < AT_A_TIME => {
                stderr.read_to_end(&mut err)?;
                break;
            }
            (_, Attempt::Done(read)) if read < AT_A_TIME => {
                stdout.read_to_end(&mut out)?;
                break;
            }
            (Attempt::Blocked(more), Attempt::Blocked(other)) => {
                // Which of them has more shows when reading.
                let _ = wait_any(&mut [more, other].map(Case::from), None);
            }
            _ => {}
        }
    }
    Ok((out, err))
}

/// Reads without waiting: all that fits, or to the end, or what there is before it would block.
fn read_some<'a>(
    socket: &'a Socket<Receiver>,
    into: &mut Vec<u8>,
) -> io::Result<Attempt<'a, usize>> {
    socket.attempt(Direction::Read, 0, |pipe| {
        pipe.take(AT_A_TIME as u64).read_to_end(into)
    })
}
