//! Reading both of a child's pipes at once, so that it never waits for room in the other one.

use std::io::{self, Read};

use hueless_runtime::checkpoint;
use mio::unix::pipe::Receiver;

use crate::process::pipes::{ChildStderr, ChildStdout};
use crate::readiness::{Case, Direction, wait_any};
use crate::socket::Socket;

/// How much is read before others may run.
const AT_A_TIME: u64 = 256 * 1024;

/// How reading without waiting has ended.
#[derive(PartialEq, Eq)]
enum Progress {
    /// There may be more at once.
    More,
    /// There is nothing now.
    Waits,
    Ended,
}

/// Reads both to their ends.
pub(super) fn read_both(
    mut stdout: ChildStdout,
    mut stderr: ChildStderr,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        checkpoint();
        // Before the reads: see `readiness`.
        let more = [&stdout.socket, &stderr.socket].map(|pipe| pipe.expect_more(Direction::Read));
        match (
            read_some(&stdout.socket, &mut out)?,
            read_some(&stderr.socket, &mut err)?,
        ) {
            (Progress::Ended, _) => {
                stderr.read_to_end(&mut err)?;
                break;
            }
            (_, Progress::Ended) => {
                stdout.read_to_end(&mut out)?;
                break;
            }
            (Progress::Waits, Progress::Waits) => {
                stdout.socket.ensure_told()?;
                stderr.socket.ensure_told()?;
                // Which of them has more shows when reading.
                let _ = wait_any(&mut more.map(Case::from), None);
            }
            _ => {}
        }
    }
    Ok((out, err))
}

/// Reads without waiting.
fn read_some(socket: &Socket<Receiver>, into: &mut Vec<u8>) -> io::Result<Progress> {
    match socket.io().take(AT_A_TIME).read_to_end(into) {
        Ok(read) if read as u64 == AT_A_TIME => Ok(Progress::More),
        Ok(_) => Ok(Progress::Ended),
        // What was read before is in `into`.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Progress::Waits),
        Err(error) => Err(error),
    }
}
