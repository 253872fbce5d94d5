//! A blocking client that has a thread with tokio do the work.

use std::sync::OnceLock;

use reqwest::blocking::Client;

use crate::at::{At, Outcome, check};

static CLIENT: OnceLock<Client> = OnceLock::new();

pub(crate) fn work(at: &At) -> Outcome {
    let client = CLIENT.get_or_init(Client::new);
    for word in at.words() {
        let answer = client.get(format!("http://{}/{word}", at.address)).send()?;
        check(answer.text()?, word)?;
    }
    Ok(())
}
