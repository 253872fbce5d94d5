//! Relays between TCP and Unix sockets.

mod common;

use std::io::{Read, Write};
use std::time::Duration;

use common::{Mode, bytes, cases, pair, send_with_descriptor};
use hueless_netpoll::io::{copy, copy_bidirectional};
use hueless_netpoll::net::{Shutdown, UnixStream};

cases!(
    both_ways_between_tcp_and_unix,
    copy_takes_unix_streams,
    what_follows_a_descriptor_is_relayed,
);

fn both_ways_between_tcp_and_unix<M: Mode>() {
    let ((mut client, a), (b, mut server)) = (pair(), UnixStream::pair().unwrap());
    let relaying = M::spawn(move || copy_bidirectional(a, b).unwrap());
    let sent = bytes(1, 3 << 20);
    let writing = M::spawn({
        let sent = sent.clone();
        move || {
            client.write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            answer
        }
    });
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    assert!(got == sent);
    server.write_all(b"thanks").unwrap();
    drop(server);
    assert_eq!(writing.join(), "thanks");
    assert_eq!(relaying.join(), (3 << 20, 6));
}

fn copy_takes_unix_streams<M: Mode>() {
    let ((mut near, mut input), (mut output, mut far)) =
        (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
    let sent = bytes(2, 2 << 20);
    let writing = M::spawn({
        let sent = sent.clone();
        move || near.write_all(&sent).unwrap()
    });
    let copying = M::spawn(move || copy(&mut input, &mut output).unwrap());
    let mut got = Vec::new();
    far.read_to_end(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
    assert_eq!(copying.join(), 2 << 20);
}

/// A read ends behind bytes that came with a descriptor, though more follows, and no event tells of
/// what follows.
fn what_follows_a_descriptor_is_relayed<M: Mode>() {
    let (near, mut input) = UnixStream::pair().unwrap();
    let (output, mut far) = UnixStream::pair().unwrap();
    let (mut go, mut waits) = UnixStream::pair().unwrap();
    far.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let relaying = M::spawn(move || {
        // It is watched once it has waited, and all has been told when it begins.
        let timeout = Duration::from_millis(1);
        input.set_read_timeout(Some(timeout)).unwrap();
        input.read(&mut [0]).unwrap_err();
        input.set_read_timeout(None).unwrap();
        waits.write_all(b"x").unwrap();
        waits.read_exact(&mut [0]).unwrap();
        copy(&mut input, &mut &output).unwrap()
    });
    go.read_exact(&mut [0]).unwrap();
    (&near).write_all(b"aaaa").unwrap();
    send_with_descriptor(&near, b"++++");
    (&near).write_all(b"bbbb").unwrap();
    go.write_all(b"x").unwrap();
    let mut got = [0; 12];
    far.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"aaaa++++bbbb");
    near.shutdown(Shutdown::Write).unwrap();
    assert_eq!(relaying.join(), 12);
}
