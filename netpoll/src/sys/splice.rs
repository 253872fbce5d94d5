//! Moving bytes from one descriptor to another without copying them here.
//!
//! `splice` moves pages between a descriptor and a pipe, so between two sockets it takes two calls
//! and a [`Pipe`] that holds what is under way.
//!
//! Each backend provides [`Pipe`] and [`is_refusal`]; where the system has no `splice`, no pipe can
//! be made, and [`Pipe`] has no values.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{Pipe, is_refusal};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use none::{Pipe, is_refusal};
