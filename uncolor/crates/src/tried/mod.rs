//! Code of users of crates: nothing in here knows of hueless.

mod by_hand;

pub(crate) mod attohttpc;
pub(crate) mod crossbeam_channel;
pub(crate) mod curl;
pub(crate) mod lettre;
pub(crate) mod memcache;
pub(crate) mod minreq;
pub(crate) mod mysql;
pub(crate) mod native_tls;
pub(crate) mod once_cell;
pub(crate) mod parking_lot;
pub(crate) mod postgres;
pub(crate) mod r2d2;
pub(crate) mod rayon;
pub(crate) mod redis;
pub(crate) mod reqwest;
pub(crate) mod rusqlite;
pub(crate) mod rustls;
pub(crate) mod std_net;
pub(crate) mod tiny_http;
pub(crate) mod tungstenite;
pub(crate) mod ureq;
