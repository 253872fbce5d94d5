//! std's own socket, and HTTP by hand.

use std::net::TcpStream;

use super::by_hand;
use crate::at::{At, Outcome};

pub(crate) fn work(at: &At) -> Outcome {
    by_hand::get_all(at, TcpStream::connect(&at.address)?)
}
