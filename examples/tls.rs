//! A small HTTPS server: rustls, which knows nothing of hueless, over hueless's sockets.
//!
//! ```sh
//! cargo run --release --example tls -- --addr 127.0.0.1:8443 --cert cert.pem
//! curl --cacert cert.pem https://localhost:8443/      # or curl -k
//! ```
//!
//! It makes its certificate when it starts, for `localhost`. Each client gets a task, one answer, and
//! is told what it has agreed on with the server.

use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hueless::net::{self, Shutdown, TcpListener, TcpStream};
use hueless::{go, sleep};
use lexopt::prelude::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

const HELP: &str = "\
Says hello over HTTPS, one task a client, with a certificate made at the start.

Usage: tls [OPTIONS]

Options:
  --addr ADDR  where to listen [default: 127.0.0.1:8443]; port 0 takes any
  --cert FILE  where to write the certificate, for clients to trust
  --help       print this
";

/// Bytes of a request at most.
const MAX_REQUEST: usize = 16 << 10;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// A certificate for this machine, and the set-up that presents it.
fn set_up() -> Result<(String, Arc<ServerConfig>), Box<dyn std::error::Error>> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((cert.pem(), Arc::new(config)))
}

/// One client: its request, the answer, the end.
fn client(mut stream: &TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
    // What is generic over `Read + Write` takes our stream, or a reference to it. It shakes hands
    // at the first read.
    let mut tls = Stream::new(&mut session, &mut stream);
    let request = read_head(&mut tls)?;
    let answer = answer(&request, &tls);
    tls.write_all(answer.as_bytes())?;
    session.send_close_notify();
    while session.wants_write() {
        session.write_tls(&mut stream)?;
    }
    // If it were closed while the client still sends, its system would throw the answer away.
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream.take(1 << 20), &mut io::sink())?;
    Ok(())
}

/// Reads a request up to the empty line.
fn read_head(mut stream: impl Read) -> io::Result<String> {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let n = stream.read(&mut part)?;
        if n == 0 || request.len() + n > MAX_REQUEST {
            return Err(ErrorKind::InvalidData.into());
        }
        request.extend_from_slice(&part[..n]);
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}

/// What to say to `request`.
fn answer(request: &str, tls: &Stream<'_, ServerConnection, &TcpStream>) -> String {
    let (status, body) = if request.starts_with("GET ") {
        let agreed = tls
            .conn
            .protocol_version()
            .zip(tls.conn.negotiated_cipher_suite());
        let agreed = agreed.map_or("TLS".to_owned(), |(version, suite)| {
            format!("{version:?}, {:?}", suite.suite())
        });
        ("200 OK", format!("Hello, World, over {agreed}!\n"))
    } else {
        ("405 Method Not Allowed", "Method Not Allowed\n".to_owned())
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// Serves until `listener` is closed.
fn serve(listener: &TcpListener, config: &Arc<ServerConfig>) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                let config = config.clone();
                // An error means that the client is gone, or has been told by an alert.
                go!(move || client(&stream, config));
            }
            Err(error) if net::is_closed(&error) => return,
            Err(error) => {
                eprintln!("tls: no new client for now: {error}");
                sleep(Duration::from_secs(1)); // out of descriptors? some client will end
            }
        }
    }
}

struct Options {
    addr: String,
    cert: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("tls: {wrong}\nTry `tls --help`.");
            return ExitCode::from(2);
        }
    };
    match hueless::run(|| start(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("tls: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the certificate, listens and serves.
fn start(options: &Options) -> Result<(), String> {
    let Options { addr, cert } = options;
    let (pem, config) = set_up().map_err(|error| format!("no certificate: {error}"))?;
    let listener = TcpListener::bind(addr.as_str())
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    if let Some(path) = cert {
        std::fs::write(path, pem)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let addr = listener.local_addr().map_err(|error| error.to_string())?;
    println!("listening on https://{addr}");
    serve(&listener, &config);
    Ok(())
}

/// Reads the command line; `None` if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        addr: "127.0.0.1:8443".to_owned(),
        cert: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => options.addr = parser.value()?.string()?,
            Long("cert") => options.cert = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    #[test]
    fn a_client_that_trusts_the_certificate_is_greeted() {
        let (pem, config) = set_up().unwrap();
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let (accepting, addr) = (listener.clone(), listener.local_addr().unwrap());
        let server = go!(move || serve(&accepting, &config));

        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
        let trusting = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let session = |config: ClientConfig| {
            ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
        };
        // A task on our stream, and the OS thread of the test on std's.
        let (first, second) = (session(trusting.clone()), session(trusting));
        let task = go!(move || talk(StreamOwned::new(first, TcpStream::connect(addr).unwrap())));
        let stream = std::net::TcpStream::connect(addr).unwrap();
        for answer in [task.join().unwrap(), talk(StreamOwned::new(second, stream))] {
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(
                answer.contains("Hello, World, over TLSv1_3, TLS13_"),
                "{answer}"
            );
        }

        // One that does not trust it, and one that speaks no TLS, do not disturb the server.
        let stranger = ClientConfig::builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let mut stream = TcpStream::connect(addr).unwrap();
        let mut session = session(stranger);
        assert!(
            Stream::new(&mut session, &mut stream)
                .read(&mut [0])
                .is_err()
        );
        let mut plain = TcpStream::connect(addr).unwrap();
        plain
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut alert = Vec::new();
        let _ = plain.read_to_end(&mut alert);
        assert!(!alert.starts_with(b"HTTP"));
        listener.close();
        server.join().unwrap();
    }

    /// Sends a request and reads until the server has closed the session, which is no error.
    fn talk(mut tls: impl Read + Write) -> String {
        tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        io::read_to_string(tls).unwrap()
    }
}
