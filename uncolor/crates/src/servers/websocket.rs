//! WebSocket: every text comes back.

use std::net::TcpStream;

use tungstenite::Message;

use super::own::think;
use crate::at::Outcome;

/// Answers until the client closes the connection.
pub(crate) fn serve(stream: TcpStream) -> Outcome {
    let mut socket = tungstenite::accept(stream).map_err(|failure| failure.to_string())?;
    loop {
        let message = socket.read()?;
        if let Message::Text(text) = &message {
            think(text);
            socket.send(message)?;
        }
    }
}
