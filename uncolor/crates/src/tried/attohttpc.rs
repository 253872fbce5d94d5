//! An HTTP client that makes a connection for each request.

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    for word in at.words() {
        let answer = attohttpc::get(format!("http://{}/{word}", at.address)).send()?;
        check(answer.text()?, word)?;
    }
    Ok(())
}
