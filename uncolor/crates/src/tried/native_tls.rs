//! OpenSSL, which is C, over std's sockets.

use std::net::TcpStream;
use std::sync::OnceLock;

use native_tls::{Certificate, TlsConnector};

use super::by_hand;
use crate::at::{At, Outcome};

/// Making one reads all the certificates of the system.
static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();

pub(crate) fn work(at: &At) -> Outcome {
    let root = Certificate::from_pem(&std::fs::read(&at.certificate)?)?;
    let connector = CONNECTOR.get_or_init(|| {
        let mut builder = TlsConnector::builder();
        builder
            .add_root_certificate(root)
            .build()
            .expect("no connector")
    });
    let stream = TcpStream::connect(("localhost", at.port()?))?;
    by_hand::get_all(at, connector.connect("localhost", stream)?)
}
