//! `io::copy_bidirectional`, as a relay uses it.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use common::{Join, Mode, Threads, bytes, cases, echo, pair};
use hueless_netpoll::io::{DuplexStream, copy_bidirectional, duplex};
use hueless_netpoll::net::{Shutdown, TcpStream, is_closed};
use hueless_runtime::runtime::Builder;

cases!(
    small_messages_go_to_and_fro,
    much_goes_both_ways_at_once,
    end_of_one_side_leaves_the_other,
    streams_in_memory_do_as_well,
    both_ends_may_be_one,
    streams_are_given_in_any_way,
    many_relays_at_once,
    error_ends_both_directions,
    time_out_ends_both_directions,
    idle_direction_times_out_beside_a_busy_one,
    nonblocking_ends_both_directions,
    close_ends_both_directions,
);

/// A relay between two connections, and the outer end of each.
fn relay<M: Mode>() -> (TcpStream, TcpStream, Join<std::io::Result<(u64, u64)>>) {
    let ((client, a), (b, server)) = (pair(), pair());
    (client, server, M::spawn(move || copy_bidirectional(a, b)))
}

fn small_messages_go_to_and_fro<M: Mode>() {
    let (mut client, server, relaying) = relay::<M>();
    let echoing = M::spawn(move || echo(server).unwrap());
    for round in 0..200 {
        client.write_all(&[round]).unwrap();
        let mut answer = [0];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [round]);
    }
    drop(client);
    echoing.join();
    assert_eq!(relaying.join().unwrap(), (200, 200));
}

/// Writes `sent`, ends, and checks that all of `expected` comes.
fn exchange<M: Mode>(stream: TcpStream, sent: &[u8], expected: &[u8]) -> Join<()> {
    let (stream, sent, expected) = (Arc::new(stream), sent.to_vec(), expected.to_vec());
    let writing = M::spawn({
        let stream = Arc::clone(&stream);
        move || {
            (&*stream).write_all(&sent).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
    });
    M::spawn(move || {
        let mut got = Vec::new();
        (&*stream).read_to_end(&mut got).unwrap();
        assert!(got == expected);
        writing.join();
    })
}

fn much_goes_both_ways_at_once<M: Mode>() {
    let (client, server, relaying) = relay::<M>();
    let (question, answer) = (bytes(1, 5 << 20), bytes(2, 3 << 20));
    let near = exchange::<M>(client, &question, &answer);
    let far = exchange::<M>(server, &answer, &question);
    near.join();
    far.join();
    assert_eq!(relaying.join().unwrap(), (5 << 20, 3 << 20));
}

fn end_of_one_side_leaves_the_other<M: Mode>() {
    for client_first in [true, false] {
        let (client, server, relaying) = relay::<M>();
        let (mut first, mut second) = match client_first {
            true => (client, server),
            false => (server, client),
        };
        first.write_all(b"all").unwrap();
        first.shutdown(Shutdown::Write).unwrap();
        let mut got = String::new();
        second.read_to_string(&mut got).unwrap();
        assert_eq!(got, "all");
        // Only now, and it goes through.
        for _ in 0..10 {
            second.write_all(b"more").unwrap();
            first.read_exact(&mut [0; 4]).unwrap();
        }
        drop(second);
        assert_eq!(first.read(&mut [0]).unwrap(), 0);
        let copied = match client_first {
            true => (3, 40),
            false => (40, 3),
        };
        assert_eq!(relaying.join().unwrap(), copied);
    }
}

fn streams_in_memory_do_as_well<M: Mode>() {
    let (near, a) = duplex(100);
    let (b, far) = duplex(3000);
    let relaying = M::spawn(move || copy_bidirectional(a, b).unwrap());
    let echoing = M::spawn(move || {
        let mut buf = [0; 300];
        while let read @ 1.. = (&far).read(&mut buf).unwrap() {
            (&far).write_all(&buf[..read]).unwrap();
        }
    });
    let (near, sent) = (Arc::new(near), bytes(3, 60_000));
    let writing = M::spawn({
        let (near, sent) = (Arc::clone(&near), sent.clone());
        move || {
            (&*near).write_all(&sent).unwrap();
            near.shutdown(Shutdown::Write).unwrap();
        }
    });
    let mut got = Vec::new();
    (&*near).read_to_end(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
    echoing.join();
    assert_eq!(relaying.join(), (60_000, 60_000));
}

/// What comes is sent back, by whichever of the two directions sees it first.
fn both_ends_may_be_one<M: Mode>() {
    let (mut client, server) = pair();
    let echoing = M::spawn(move || copy_bidirectional(&server, &server).unwrap());
    for round in 0..50 {
        client.write_all(&[round]).unwrap();
        let mut answer = [0];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [round]);
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    let (one, other) = echoing.join();
    assert_eq!(one + other, 50);
}

fn streams_are_given_in_any_way<M: Mode>() {
    fn ended() -> (TcpStream, DuplexStream) {
        let ((client, stream), (far, memory)) = (pair(), duplex(1));
        drop((client, far));
        (stream, memory)
    }
    let (mut a, mut b) = ended();
    assert_eq!(copy_bidirectional(&mut a, &mut b).unwrap(), (0, 0));
    let (a, b) = ended();
    assert_eq!(copy_bidirectional(&a, &b).unwrap(), (0, 0));
    let (a, b) = ended();
    assert_eq!(
        copy_bidirectional(Arc::new(a), Box::new(b)).unwrap(),
        (0, 0)
    );
    let (a, b) = ended();
    assert_eq!(copy_bidirectional(a, b).unwrap(), (0, 0));
}

fn many_relays_at_once<M: Mode>() {
    let talks: Vec<_> = (0..20)
        .map(|number| {
            let (mut client, server, relaying) = relay::<M>();
            let echoing = M::spawn(move || echo(server).unwrap());
            let talking = M::spawn(move || {
                for round in 0..20 {
                    let sent = bytes(number, 1 + round * 500);
                    client.write_all(&sent).unwrap();
                    let mut got = vec![0; sent.len()];
                    client.read_exact(&mut got).unwrap();
                    assert!(got == sent);
                }
            });
            (talking, echoing, relaying)
        })
        .collect();
    for (talking, echoing, relaying) in talks {
        talking.join();
        echoing.join();
        let (there, back) = relaying.join().unwrap();
        assert_eq!(there, back);
    }
}

/// The server's end is dropped with something unread; the client's direction has nothing to say.
fn error_ends_both_directions<M: Mode>() {
    let ((mut client, a), (b, mut server)) = (pair(), pair());
    let (a, b) = (Arc::new(a), Arc::new(b));
    let relaying = M::spawn({
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        move || copy_bidirectional(a, b).unwrap_err().kind()
    });
    client.write_all(b"ab").unwrap();
    server.read_exact(&mut [0]).unwrap();
    drop(server);
    assert_eq!(relaying.join(), ErrorKind::ConnectionReset);
    // The other connection is as it was.
    (&*a).write_all(b"sorry").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
}

fn time_out_ends_both_directions<M: Mode>() {
    let ((mut client, a), (b, mut server)) = (pair(), pair());
    a.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    client.write_all(b"x").unwrap();
    let error = copy_bidirectional(&a, &b).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    server.read_exact(&mut [0]).unwrap();
}

/// Time-outs are those of each wait by itself, whatever goes on in the other direction.
fn idle_direction_times_out_beside_a_busy_one<M: Mode>() {
    let ((_client, a), (b, mut server)) = (pair(), pair());
    let client = _client.try_clone().unwrap();
    a.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    let writing = M::spawn(move || while server.write_all(&[0; 10_000]).is_ok() {});
    let reading = M::spawn(move || {
        let mut buf = vec![0; 10_000];
        while matches!((&client).read(&mut buf), Ok(1..)) {}
    });
    let error = copy_bidirectional(a, b).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    writing.join();
    reading.join();
}

fn nonblocking_ends_both_directions<M: Mode>() {
    let ((_client, a), (b, _server)) = (pair(), pair());
    b.set_nonblocking(true).unwrap();
    let error = copy_bidirectional(&a, &b).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

fn close_ends_both_directions<M: Mode>() {
    for closes_first in [true, false] {
        let ((mut client, a), (b, mut server)) = (pair(), pair());
        let (a, b) = (Arc::new(a), Arc::new(b));
        let relaying = M::spawn({
            let (a, b) = (Arc::clone(&a), Arc::clone(&b));
            move || copy_bidirectional(&a, &*b).unwrap_err()
        });
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        match closes_first {
            true => a.close(),
            false => b.close(),
        }
        assert!(is_closed(&relaying.join()));
    }
}

/// A relay that is cancelled leaves the streams as they are, and nobody who uses them.
#[test]
fn cancelled_relay_leaves_the_streams() {
    for _ in 0..50 {
        let runtime = Builder::new().workers(1).build().unwrap();
        let ((mut client, a), (b, mut server)) = (pair(), pair());
        let (a, b) = (Arc::new(a), Arc::new(b));
        let relaying = runtime.spawn({
            let (a, b) = (Arc::clone(&a), Arc::clone(&b));
            move || copy_bidirectional(a, b)
        });
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        drop(runtime);
        assert!(relaying.join().unwrap_err().is_cancelled());
        // Both waiters are gone: another wait on the same streams is told rightly.
        let relaying = Threads::spawn(move || {
            let (a, b) = (Arc::into_inner(a).unwrap(), Arc::into_inner(b).unwrap());
            copy_bidirectional(a, b).unwrap()
        });
        server.write_all(b"yz").unwrap();
        client.read_exact(&mut [0; 2]).unwrap();
        drop((client, server));
        assert_eq!(relaying.join(), (0, 2));
    }
}
