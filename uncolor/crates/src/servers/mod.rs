//! The servers, each in a process of its own.

mod http;
mod real;
mod smtp;
mod websocket;

pub(crate) mod certificate;
pub(crate) mod own;
pub(crate) mod running;
