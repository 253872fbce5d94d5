//! Servers of ours: std's sockets, and a thread for each connection.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use socket2::{Domain, Socket, Type};

use super::{certificate, http, smtp, websocket};
use crate::at::{Outcome, SLOWLY};

/// Small, for there are thousands.
const STACK: usize = 256 << 10;

/// Serves until stdin ends, as it does when who has started this is no more. Prints its address first, and
/// writes its certificate to the file if it has one.
pub(crate) fn serve(name: &str, certificate: &Path) -> Outcome {
    let listener = listen()?;
    let serve: Box<dyn Fn(TcpStream) -> Outcome + Send + Sync> = match name {
        "http" => Box::new(|stream| http::serve(&stream, &stream)),
        "https" => {
            let tls = certificate::make(certificate)?;
            Box::new(move |stream| {
                let connection = rustls::ServerConnection::new(tls.clone())?;
                http::serve_tls(rustls::StreamOwned::new(connection, stream))
            })
        }
        "websocket" => Box::new(websocket::serve),
        "smtp" => Box::new(|stream| smtp::serve(&stream)),
        _ => return Err(format!("there is no server {name}").into()),
    };
    let serve: &'static _ = Box::leak(serve);
    println!("{}", listener.local_addr()?);
    thread::spawn(move || accept(&listener, serve));
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// With room for a thousand that connect at once, which std's listener has not.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

fn accept(
    listener: &TcpListener,
    serve: &'static (dyn Fn(TcpStream) -> Outcome + Send + Sync),
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::Builder::new().stack_size(STACK).spawn(move || {
            // A client that hangs up has its reasons, and checks its answers itself.
            drop(serve(stream));
        })?;
    }
}

/// Takes its time if the word says so.
pub(crate) fn think(word: &str) {
    if word.starts_with("slow") {
        thread::sleep(SLOWLY);
    }
}
