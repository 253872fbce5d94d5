//! stub
pub mod internal {}
