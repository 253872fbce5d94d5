//! From what people write to socket addresses.

use std::io;
use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{iter, option, slice, vec};

/// What can be turned into socket addresses: std's trait of this name, for the same types, but
/// looking up a host name blocks the task, not the worker.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::{SocketAddr, ToSocketAddrs};
///
/// let mut addrs = ("127.0.0.1", 80).to_socket_addrs()?;
/// assert_eq!(addrs.next(), Some(SocketAddr::from(([127, 0, 0, 1], 80))));
/// assert_eq!(addrs.next(), None);
/// assert!("no port".to_socket_addrs().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ToSocketAddrs {
    /// What the addresses come in.
    type Iter: Iterator<Item = SocketAddr>;

    /// Gives the addresses. Blocks the task, not the worker, if a name must be looked up.
    ///
    /// # Errors
    /// When the text is no address, or the name cannot be looked up.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::ToSocketAddrs;
    ///
    /// assert!("[::1]:443".to_socket_addrs()?.next().unwrap().is_ipv6());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn to_socket_addrs(&self) -> io::Result<Self::Iter>;
}

/// Looks up `query`, which is not an address but perhaps a host name and a port, on the runtime's
/// blocking pool: the C library's look-up blocks its thread, for seconds at times.
fn resolve<A>(query: A) -> io::Result<vec::IntoIter<SocketAddr>>
where
    A: net::ToSocketAddrs<Iter = vec::IntoIter<SocketAddr>> + Send,
{
    hueless_runtime::blocking_operation(move || query.to_socket_addrs())
}

/// Calls `attempt` with each address until one succeeds; its last error otherwise.
pub(super) fn each_addr<A: ToSocketAddrs, T>(
    addrs: A,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failed = None;
    for addr in addrs.to_socket_addrs()? {
        match attempt(addr) {
            Ok(answer) => return Ok(answer),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(no_address))
}

/// The error for a host, or a list, that has no address, as std has it.
pub(super) fn no_address() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "could not resolve to any addresses",
    )
}

impl ToSocketAddrs for SocketAddr {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        Ok(Some(*self).into_iter())
    }
}

impl ToSocketAddrs for SocketAddrV4 {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        SocketAddr::V4(*self).to_socket_addrs()
    }
}

impl ToSocketAddrs for SocketAddrV6 {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        SocketAddr::V6(*self).to_socket_addrs()
    }
}

impl ToSocketAddrs for (IpAddr, u16) {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        SocketAddr::from(*self).to_socket_addrs()
    }
}

impl ToSocketAddrs for (Ipv4Addr, u16) {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        SocketAddr::from(*self).to_socket_addrs()
    }
}

impl ToSocketAddrs for (Ipv6Addr, u16) {
    type Iter = option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        SocketAddr::from(*self).to_socket_addrs()
    }
}

impl ToSocketAddrs for (&str, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(ip) => Ok(vec![SocketAddr::new(ip, port)].into_iter()),
            Err(_) => resolve((host, port)),
        }
    }
}

impl ToSocketAddrs for (String, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (self.0.as_str(), self.1).to_socket_addrs()
    }
}

impl ToSocketAddrs for str {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        match self.parse() {
            Ok(addr) => Ok(vec![addr].into_iter()),
            Err(_) => resolve(self),
        }
    }
}

impl ToSocketAddrs for String {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        self.as_str().to_socket_addrs()
    }
}

impl<'a> ToSocketAddrs for &'a [SocketAddr] {
    type Iter = iter::Copied<slice::Iter<'a, SocketAddr>>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        Ok(self.iter().copied())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    type Iter = T::Iter;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (**self).to_socket_addrs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses by this crate's trait, which must be those by std's.
    fn addrs<A: ToSocketAddrs + net::ToSocketAddrs>(addr: A) -> Vec<SocketAddr> {
        let ours: Vec<_> = ToSocketAddrs::to_socket_addrs(&addr).unwrap().collect();
        let stds: Vec<_> = net::ToSocketAddrs::to_socket_addrs(&addr)
            .unwrap()
            .collect();
        assert_eq!(ours, stds);
        ours
    }

    #[test]
    fn gives_what_std_gives() {
        let v4 = SocketAddr::from(([127, 0, 0, 1], 80));
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(addrs(v4), [v4]);
        assert_eq!(addrs("127.0.0.1:80"), [v4]);
        assert_eq!(addrs(String::from("[::1]:80")), [v6]);
        assert_eq!(addrs(("::1", 80)), [v6]);
        assert_eq!(addrs((String::from("127.0.0.1"), 80)), [v4]);
        assert_eq!(addrs((Ipv4Addr::LOCALHOST, 80)), [v4]);
        assert_eq!(addrs((Ipv6Addr::LOCALHOST, 80)), [v6]);
        assert_eq!(addrs((v4.ip(), 80)), [v4]);
        assert_eq!(addrs(&[v4, v6][..]), [v4, v6]);
        assert!(
            addrs(("localhost", 80))
                .iter()
                .all(|a| a.ip().is_loopback())
        );
        assert!(addrs("localhost:80").iter().all(|a| a.ip().is_loopback()));
    }

    #[test]
    fn errors_are_std_s() {
        for bad in ["", "nothing", "127.0.0.1", "127.0.0.1:x", ":"] {
            let ours = ToSocketAddrs::to_socket_addrs(bad).unwrap_err();
            let stds = net::ToSocketAddrs::to_socket_addrs(bad).unwrap_err();
            assert_eq!(ours.to_string(), stds.to_string(), "{bad:?}");
        }
        let none = each_addr(&[][..], |_| Ok(())).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn last_error_is_reported() {
        let addrs = [
            SocketAddr::from(([127, 0, 0, 1], 1)),
            SocketAddr::from(([127, 0, 0, 1], 2)),
        ];
        let error = each_addr(&addrs[..], |a| -> io::Result<()> {
            Err(io::Error::other(a.port().to_string()))
        });
        assert_eq!(error.unwrap_err().to_string(), "2");
    }
}
