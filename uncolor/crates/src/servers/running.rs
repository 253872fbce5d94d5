//! Servers that run while the table is made.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::real;

/// How long a server may take to listen: mariadbd and postgres first make their files.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server a crate needs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Server {
    None,
    Http,
    Https,
    WebSocket,
    Smtp,
    Redis,
    Memcached,
    MariaDb,
    Postgres,
}

/// Those that have been started. They end with this.
pub(crate) struct Servers {
    directory: PathBuf,
    /// How many clients each is to stand at once.
    clients: usize,
    running: HashMap<Server, (Child, String)>,
}

impl Servers {
    /// None yet. Their files go to the directory.
    pub(crate) fn new(directory: &Path, clients: usize) -> Self {
        Self {
            directory: directory.to_owned(),
            clients,
            running: HashMap::new(),
        }
    }

    /// The certificate of the servers with TLS.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.join("certificate.pem")
    }

    /// Where the server listens. Starts it if need be.
    pub(crate) fn address(
        &mut self,
        server: Server,
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        if server == Server::None {
            return Ok(String::new());
        }
        if let Some((_, address)) = self.running.get(&server) {
            return Ok(address.clone());
        }
        let (child, address) = match server {
            Server::Http => self.own("http")?,
            Server::Https => self.own("https")?,
            Server::WebSocket => self.own("websocket")?,
            Server::Smtp => self.own("smtp")?,
            _ => {
                let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
                let mut child = real::start(server, port, &self.directory, self.clients)
                    .map_err(|failure| format!("{server:?} does not start: {failure}"))?;
                let address = format!("127.0.0.1:{port}");
                until_it_listens(&mut child, &address)?;
                (child, address)
            }
        };
        self.running.insert(server, (child, address.clone()));
        Ok(address)
    }

    fn own(&self, name: &str) -> Result<(Child, String), Box<dyn Error + Send + Sync>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", name, "--cert"])
            .arg(self.certificate())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok((child, address.trim_end().to_owned()))
    }
}

fn until_it_listens(child: &mut Child, address: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = child.try_wait()? {
            return Err(format!("it ends at once: {status}").into());
        }
        if Instant::now() > end {
            child.kill()?;
            return Err("it does not listen".into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

impl Drop for Servers {
    fn drop(&mut self) {
        for (mut child, _) in std::mem::take(&mut self.running).into_values() {
            // One that has ended already, as it should not have, was missed by its clients.
            drop(child.kill());
            drop(child.wait());
        }
    }
}
