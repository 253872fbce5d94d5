//! TLS in Rust, over std's sockets.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::by_hand;
use crate::at::{At, Outcome};

pub(crate) fn work(at: &At) -> Outcome {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&at.certificate)?)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&at.address)?;
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into()?)?;
    by_hand::get_all(at, StreamOwned::new(connection, stream))
}
