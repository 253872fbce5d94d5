//! WebSocket over std's sockets.

use std::net::TcpStream;

use tungstenite::Message;

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    let stream = TcpStream::connect(&at.address)?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tungstenite::client(format!("ws://{}/", at.address), stream)
        .map_err(|failure| failure.to_string())?;
    for word in at.words() {
        socket.send(Message::text(&word))?;
        check(socket.read()?.into_text()?.as_str(), &word)?;
    }
    socket.close(None)?;
    Ok(())
}
