// Every stable method and trait of std's types of Rust 1.95, by its signature. What compiles here with
// `std::net` for `net` has to compile with ours.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use net::{
    Incoming, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
    TcpListener, TcpStream, ToSocketAddrs,
};

type Get<T, R> = fn(&T) -> io::Result<R>;
type Set<T, V> = fn(&T, V) -> io::Result<()>;

#[test]
fn stream_has_std_s_methods() {
    let _: fn(&'static str) -> io::Result<TcpStream> = TcpStream::connect;
    let _: fn(&SocketAddr, Duration) -> io::Result<TcpStream> = TcpStream::connect_timeout;
    let _: fn(&TcpStream, &mut [u8]) -> io::Result<usize> = TcpStream::peek;
    let _: [Get<TcpStream, SocketAddr>; 2] = [TcpStream::peer_addr, TcpStream::local_addr];
    let _: Set<TcpStream, Shutdown> = TcpStream::shutdown;
    let _: Get<TcpStream, TcpStream> = TcpStream::try_clone;
    let _: [Set<TcpStream, Option<Duration>>; 2] =
        [TcpStream::set_read_timeout, TcpStream::set_write_timeout];
    let _: [Get<TcpStream, Option<Duration>>; 2] =
        [TcpStream::read_timeout, TcpStream::write_timeout];
    let _: Get<TcpStream, Option<io::Error>> = TcpStream::take_error;
    let _: [Set<TcpStream, bool>; 2] = [TcpStream::set_nodelay, TcpStream::set_nonblocking];
    let _: Get<TcpStream, bool> = TcpStream::nodelay;
    let _: Set<TcpStream, u32> = TcpStream::set_ttl;
    let _: Get<TcpStream, u32> = TcpStream::ttl;
}

#[test]
#[allow(deprecated, reason = "std has them too")]
fn listener_has_std_s_methods() {
    let _: fn(&'static str) -> io::Result<TcpListener> = TcpListener::bind;
    let _: Get<TcpListener, (TcpStream, SocketAddr)> = TcpListener::accept;
    let _: for<'a> fn(&'a TcpListener) -> Incoming<'a> = TcpListener::incoming;
    let _: Get<TcpListener, SocketAddr> = TcpListener::local_addr;
    let _: Get<TcpListener, TcpListener> = TcpListener::try_clone;
    let _: Get<TcpListener, Option<io::Error>> = TcpListener::take_error;
    let _: [Set<TcpListener, bool>; 2] = [TcpListener::set_nonblocking, TcpListener::set_only_v6];
    let _: Get<TcpListener, bool> = TcpListener::only_v6;
    let _: Set<TcpListener, u32> = TcpListener::set_ttl;
    let _: Get<TcpListener, u32> = TcpListener::ttl;
}

#[test]
fn sockets_have_std_s_traits() {
    fn socket<T>()
    where
        T: Debug + AsFd + AsRawFd + FromRawFd + IntoRawFd + From<OwnedFd> + Into<OwnedFd>,
        T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static,
    {
    }
    fn reads_and_writes<T: Read + Write>() {}
    fn connections<T>()
    where
        T: Iterator<Item = io::Result<TcpStream>> + FusedIterator + Debug + Send + Sync,
        T: Unpin + UnwindSafe + RefUnwindSafe,
    {
    }
    socket::<TcpStream>();
    socket::<TcpListener>();
    reads_and_writes::<TcpStream>();
    reads_and_writes::<&TcpStream>();
    connections::<Incoming<'_>>();
}

#[test]
fn addresses_come_from_what_std_takes() {
    fn addrs<A: ToSocketAddrs + ?Sized>() {}
    addrs::<SocketAddr>();
    addrs::<SocketAddrV4>();
    addrs::<SocketAddrV6>();
    addrs::<(IpAddr, u16)>();
    addrs::<(Ipv4Addr, u16)>();
    addrs::<(Ipv6Addr, u16)>();
    addrs::<(&str, u16)>();
    addrs::<(String, u16)>();
    addrs::<str>();
    addrs::<String>();
    addrs::<&[SocketAddr]>();
    addrs::<&&str>();
}
