use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Mutex;

use super::*;
use crate::net::{Pollable, TcpListener, TcpStream};

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn pipe() -> (Pollable<PipeReader>, Pollable<PipeWriter>) {
    let (reader, writer) = io::pipe().unwrap();
    (
        Pollable::new(reader).unwrap(),
        Pollable::new(writer).unwrap(),
    )
}

fn holds_nothing(flow: &Flow<'_>) -> bool {
    flow.pipe.is_none() && flow.buffer.capacity() == 0
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn large_amounts_are_spliced_and_waiting_flows_hold_nothing() {
    const LEN: usize = 4 << 20;
    let (mut sender, input) = pair();
    let (output, mut receiver) = pair();
    let sending = std::thread::spawn(move || {
        sender.write_all(&[7; LEN]).unwrap();
        sender
    });
    let receiving = std::thread::spawn(move || {
        let mut got = vec![0; LEN];
        receiver.read_exact(&mut got).unwrap();
        assert!(got.iter().all(|&byte| byte == 7));
        receiver
    });
    let mut flow = Flow::new(input.socket(), output.socket());
    let mut spliced = false;
    while flow.copied() < LEN as u64 {
        match flow.turn().unwrap() {
            Turn::Moved => spliced |= flow.pipe.is_some(),
            Turn::Blocked(blocked) => {
                assert!(flow.is_under_way() || holds_nothing(&flow));
                blocked.wait();
            }
            Turn::Ended => unreachable!("the sender is kept"),
        }
    }
    assert!(spliced);
    let (mut sender, _receiver) = (sending.join().unwrap(), receiving.join().unwrap());
    while !matches!(flow.turn().unwrap(), Turn::Blocked(_)) {}
    assert!(holds_nothing(&flow));

    sender.write_all(b"the last").unwrap();
    drop(sender);
    loop {
        match flow.turn().unwrap() {
            Turn::Moved => {}
            Turn::Blocked(blocked) => blocked.wait(),
            Turn::Ended => break,
        }
    }
    assert!(holds_nothing(&flow));
}

/// An end that says it can be spliced and then cannot, as with a system that lacks the call.
#[derive(Default)]
struct Refusing {
    to_read: Mutex<Vec<u8>>,
    written: Mutex<Vec<u8>>,
}

impl End for Refusing {
    fn can_splice(&self) -> bool {
        true
    }
}

impl Input for Refusing {
    fn attempt_read(&self, buf: &mut [u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        let mut rest = self.to_read.lock().unwrap();
        let read = rest.len().min(buf.len());
        buf[..read].copy_from_slice(&rest[..read]);
        rest.drain(..read);
        Ok(Attempt::Done(read))
    }
}

impl Output for Refusing {
    fn attempt_write(&self, buf: &[u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        self.written.lock().unwrap().extend_from_slice(buf);
        Ok(Attempt::Done(buf.len()))
    }
}

#[test]
fn what_cannot_be_spliced_goes_by_the_buffer() {
    let sent: Vec<u8> = (0..300_000u32).map(|i| (i >> 5) as u8).collect();
    let end = Refusing {
        to_read: Mutex::new(sent.clone()),
        ..Refusing::default()
    };
    let mut flow = Flow::new(&end, &end);
    while !matches!(flow.turn().unwrap(), Turn::Ended) {}
    assert_eq!(flow.copied(), sent.len() as u64);
    assert!(*end.written.lock().unwrap() == sent);
    assert!(!flow.splices || cfg!(not(any(target_os = "linux", target_os = "android"))));
}

/// The input has been spliced when the output refuses: what lies in the pipe goes by the buffer.
#[test]
fn what_is_in_the_pipe_is_not_lost_when_the_output_refuses() {
    let (reader, mut writer) = pipe();
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i >> 5) as u8).collect();
    let writing = std::thread::spawn({
        let sent = sent.clone();
        move || writer.write_all(&sent).unwrap()
    });
    let end = Refusing::default();
    let mut flow = Flow::new(&reader, &end);
    loop {
        match flow.turn().unwrap() {
            Turn::Moved => {}
            Turn::Blocked(blocked) => blocked.wait(),
            Turn::Ended => break,
        }
    }
    writing.join().unwrap();
    assert!(*end.written.lock().unwrap() == sent);
}
