//! Relays between TCP and Unix sockets.

mod common;

use std::io::{Read, Write};

use common::{Mode, bytes, cases, pair};
use hueless_netpoll::io::{copy, copy_bidirectional};
use hueless_netpoll::net::{Shutdown, UnixStream};

cases!(both_ways_between_tcp_and_unix, copy_takes_unix_streams);

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
