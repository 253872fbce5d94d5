//! A small HTTP client that makes a connection for each request.

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    for word in at.words() {
        let answer = minreq::get(format!("http://{}/{word}", at.address)).send()?;
        check(answer.as_str()?, word.as_str())?;
    }
    Ok(())
}
