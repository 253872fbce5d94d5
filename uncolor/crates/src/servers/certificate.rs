//! A certificate for `localhost`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// Makes one, writes it to the file for the clients, and returns what a server with it needs.
pub(crate) fn make(file: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(file, cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    Ok(Arc::new(config))
}
