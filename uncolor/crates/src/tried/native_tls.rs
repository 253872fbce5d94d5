//! OpenSSL, which is C, over std's sockets.

use std::net::TcpStream;

use native_tls::{Certificate, TlsConnector};

use super::by_hand;
use crate::at::{At, Outcome};

pub(crate) fn work(at: &At) -> Outcome {
    let root = Certificate::from_pem(&std::fs::read(&at.certificate)?)?;
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(root)
        .build()?;
    let stream = TcpStream::connect(("localhost", at.port()?))?;
    by_hand::get_all(at, connector.connect("localhost", stream)?)
}
