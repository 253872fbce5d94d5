//! An HTTP server. One of two serves, the other asks; the server's own threads accept and read.

use std::net::TcpStream;
use std::sync::OnceLock;

use tiny_http::{Response, Server};

use super::by_hand;
use crate::at::{At, Outcome};

static SERVER: OnceLock<Server> = OnceLock::new();

pub(crate) fn work(at: &At) -> Outcome {
    let server = SERVER.get_or_init(|| Server::http("127.0.0.1:0").expect("cannot listen"));
    if at.number % 2 == 1 {
        for _ in 0..at.requests {
            let request = server.recv()?;
            let word = request.url().trim_start_matches('/').to_owned();
            request.respond(Response::from_string(word))?;
        }
        return Ok(());
    }
    if at.number + 1 == at.crowd {
        // Nobody is left to answer this one.
        return Ok(());
    }
    let address = server.server_addr().to_ip().ok_or("no address")?;
    by_hand::get_all(at, TcpStream::connect(address)?)
}
