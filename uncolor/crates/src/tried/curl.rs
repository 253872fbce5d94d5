//! libcurl, which is C: it waits by `poll` on sockets that do not block.

use curl::easy::Easy;

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    let mut easy = Easy::new();
    for word in at.words() {
        easy.url(&format!("http://{}/{word}", at.address))?;
        let mut body = Vec::new();
        let mut transfer = easy.transfer();
        transfer.write_function(|piece| {
            body.extend_from_slice(piece);
            Ok(piece.len())
        })?;
        transfer.perform()?;
        drop(transfer);
        check(String::from_utf8(body)?, word)?;
    }
    Ok(())
}
