//! An HTTP client over std's sockets: one agent for all, as its documentation advises.

use std::sync::OnceLock;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::at::{At, Outcome, check};

static PLAIN: OnceLock<Agent> = OnceLock::new();
static ENCRYPTED: OnceLock<Agent> = OnceLock::new();

/// By its address.
pub(crate) fn work(at: &At) -> Outcome {
    let agent = PLAIN.get_or_init(|| agent(at, TlsConfig::default()));
    get_all(at, agent, &format!("http://{}", at.address))
}

/// By a name that is looked up, with rustls.
pub(crate) fn encrypted(at: &At) -> Outcome {
    let pem = std::fs::read(&at.certificate)?;
    let roots = RootCerts::new_with_certs(&[Certificate::from_pem(&pem)?]);
    let agent = ENCRYPTED.get_or_init(|| agent(at, TlsConfig::builder().root_certs(roots).build()));
    get_all(at, agent, &format!("https://localhost:{}", at.port()?))
}

fn agent(at: &At, tls: TlsConfig) -> Agent {
    Agent::config_builder()
        .max_idle_connections(at.crowd)
        .max_idle_connections_per_host(at.crowd)
        .tls_config(tls)
        .build()
        .into()
}

fn get_all(at: &At, agent: &Agent, url: &str) -> Outcome {
    for word in at.words() {
        let mut answer = agent.get(format!("{url}/{word}")).call()?;
        check(answer.body_mut().read_to_string()?, word)?;
    }
    Ok(())
}
