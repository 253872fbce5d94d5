//! From and to std's types and descriptors, the same for each of our types.
//!
//! Into our types: the socket is put in non-blocking mode, and the time-outs it has as a std socket
//! go on to hold. Back: the other way round. The mode belongs to the socket, not to the descriptor,
//! so clones that are left behind block their OS threads from then on.

use std::net;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix;

use crate::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

/// The conversions of one type, which has `AsFd`, `from_std` and `into_std`.
macro_rules! conversions {
    ($ours:ty, $stds:ty) => {
        /// Puts the socket in non-blocking mode.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no socket.
        impl From<$stds> for $ours {
            fn from(socket: $stds) -> Self {
                Self::from_std(socket).expect("the descriptor is no usable socket")
            }
        }

        /// Puts the socket in blocking mode. Clones of it then block their OS threads.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no socket.
        impl From<$ours> for $stds {
            fn from(socket: $ours) -> Self {
                socket
                    .into_std()
                    .expect("the descriptor is no usable socket")
            }
        }

        /// By way of std's type.
        impl From<OwnedFd> for $ours {
            fn from(descriptor: OwnedFd) -> Self {
                <$stds>::from(descriptor).into()
            }
        }

        /// By way of std's type.
        impl From<$ours> for OwnedFd {
            fn from(socket: $ours) -> Self {
                <$stds>::from(socket).into()
            }
        }

        impl AsRawFd for $ours {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        /// By way of std's type.
        impl FromRawFd for $ours {
            unsafe fn from_raw_fd(descriptor: RawFd) -> Self {
                // SAFETY: the caller owns the descriptor and gives it up, by the trait's contract.
                unsafe { OwnedFd::from_raw_fd(descriptor) }.into()
            }
        }

        /// By way of std's type.
        impl IntoRawFd for $ours {
            fn into_raw_fd(self) -> RawFd {
                OwnedFd::from(self).into_raw_fd()
            }
        }
    };
}

conversions!(TcpListener, net::TcpListener);
conversions!(TcpStream, net::TcpStream);
conversions!(UdpSocket, net::UdpSocket);
conversions!(UnixDatagram, unix::net::UnixDatagram);
conversions!(UnixListener, unix::net::UnixListener);
conversions!(UnixStream, unix::net::UnixStream);
