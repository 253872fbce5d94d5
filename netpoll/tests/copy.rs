//! `io::copy`, by a buffer and by way of the kernel.

mod common;

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Mode, Own, bytes, cases, in_a_process, listener, pair};
use hueless_netpoll::io::{copy, duplex};
use hueless_netpoll::net::{Pollable, Shutdown, TcpStream, is_closed};
use hueless_runtime::task::Builder;

cases!(
    by_turns_of_any_size,
    all_comes_through_sockets,
    slow_and_small_comes_through_sockets,
    pipes_and_sockets_mix,
    other_streams_go_by_the_buffer,
    references_do_as_well,
    first_error_ends_it,
    writer_that_takes_nothing_is_an_error,
    reset_input_is_an_error,
    reset_output_is_an_error,
    time_out_ends_it,
    nonblocking_ends_it,
    close_ends_it,
    buffer_is_not_on_the_stack,
);

/// A reader and writer that does what its script says.
struct Script<'a> {
    /// The answers to come, the next one last.
    answers: RefCell<Vec<Result<&'a [u8], ErrorKind>>>,
    written: Vec<u8>,
    most: usize,
}

impl<'a> Script<'a> {
    fn new<const N: usize>(mut answers: [Result<&'a [u8], ErrorKind>; N]) -> Self {
        answers.reverse();
        Self {
            answers: RefCell::new(answers.to_vec()),
            written: Vec::new(),
            most: usize::MAX,
        }
    }
}

impl Read for Script<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.answers.get_mut().pop() {
            None => Ok(0),
            Some(answer) => {
                let answer = answer?;
                buf[..answer.len()].copy_from_slice(answer);
                Ok(answer.len())
            }
        }
    }
}

impl Write for Script<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(Err(error)) = self.answers.get_mut().pop() {
            return Err(error.into());
        }
        let taken = buf.len().min(self.most);
        self.written.extend_from_slice(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        unreachable!("copying does not flush")
    }
}

fn by_turns_of_any_size<M: Mode>() {
    let mut reader = Script::new([Ok(b"a".as_slice()), Err(ErrorKind::Interrupted), Ok(b"bcd")]);
    let mut writer = Script::new([Err(ErrorKind::Interrupted)]);
    writer.most = 2;
    assert_eq!(copy(&mut reader, &mut writer).unwrap(), 4);
    assert_eq!(writer.written, b"abcd");

    for len in [0, 1, 8191, 8192, 8193, 200_000] {
        let (sent, mut got) = (bytes(1, len), Vec::new());
        assert_eq!(copy(&mut &sent[..], &mut got).unwrap(), len as u64);
        assert!(got == sent);
    }
    let (reader, writer): (&mut dyn Read, &mut dyn Write) = (&mut io::empty(), &mut io::sink());
    assert_eq!(copy(reader, writer).unwrap(), 0);
}

/// `len` bytes from a task that writes them, through `copy`, to a task that reads them.
fn relayed<M: Mode>(len: usize, write: usize, read: usize) {
    let (mut sender, mut input) = pair();
    let (mut output, mut receiver) = pair();
    let sent = Arc::new(bytes(len, len));
    let sending = M::spawn({
        let sent = Arc::clone(&sent);
        move || {
            for chunk in sent.chunks(write) {
                sender.write_all(chunk).unwrap();
            }
        }
    });
    let receiving = M::spawn(move || {
        let (mut buf, mut place) = (vec![0; read], 0);
        while let read @ 1.. = receiver.read(&mut buf).unwrap() {
            assert!(buf[..read] == sent[place..place + read], "at {place}");
            place += read;
        }
        place
    });
    assert_eq!(copy(&mut input, &mut output).unwrap(), len as u64);
    drop(output);
    assert_eq!(receiving.join(), len);
    sending.join();
}

fn all_comes_through_sockets<M: Mode>() {
    for len in [0, 1, 8192, 65_536, 65_536 + 8192, 8 << 20] {
        relayed::<M>(len, 1 << 20, 1 << 16);
    }
}

fn slow_and_small_comes_through_sockets<M: Mode>() {
    relayed::<M>(20_000, 10, 4096);
    relayed::<M>(2 << 20, 1 << 20, 1000);
}

fn pipes_and_sockets_mix<M: Mode>() {
    let pipe = || {
        let (reader, writer) = io::pipe().unwrap();
        (
            Pollable::new(reader).unwrap(),
            Pollable::new(writer).unwrap(),
        )
    };
    let (mut first, mut writer) = pipe();
    let (mut near, far) = pair();
    let (mut reader, last) = pipe();
    let sent = bytes(4, 3 << 20);
    let writing = M::spawn({
        let sent = sent.clone();
        move || writer.write_all(&sent).unwrap()
    });
    let into_socket = M::spawn(move || copy(&mut first, &mut near).unwrap());
    let into_pipe = M::spawn(move || copy(&mut &far, &mut &last).unwrap());
    let mut got = Vec::new();
    reader.read_to_end(&mut got).unwrap();
    assert!(got == sent);
    writing.join();
    assert_eq!(into_socket.join(), sent.len() as u64);
    assert_eq!(into_pipe.join(), sent.len() as u64);
}

fn other_streams_go_by_the_buffer<M: Mode>() {
    let (mut near, mut far) = duplex(3000);
    let (mut output, mut receiver) = pair();
    let sent = bytes(6, 500_000);
    let sending = M::spawn({
        let sent = sent.clone();
        move || near.write_all(&sent).unwrap()
    });
    let copying = M::spawn(move || copy(&mut far, &mut output).unwrap());
    let mut got = Vec::new();
    receiver.read_to_end(&mut got).unwrap();
    assert!(got == sent);
    assert_eq!(copying.join(), sent.len() as u64);
    sending.join();
}

fn references_do_as_well<M: Mode>() {
    let (sender, input) = pair();
    let (output, receiver) = pair();
    (&sender).write_all(b"some bytes").unwrap();
    sender.shutdown(Shutdown::Write).unwrap();
    assert_eq!(copy(&mut &input, &mut &output).unwrap(), 10);
    let mut got = [0; 10];
    (&receiver).read_exact(&mut got).unwrap();
    assert_eq!(&got, b"some bytes");
}

fn first_error_ends_it<M: Mode>() {
    let mut reader = Script::new([Ok(b"ab".as_slice()), Err(ErrorKind::InvalidData)]);
    let mut got = Vec::new();
    let error = copy(&mut reader, &mut got).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(got, b"ab");

    let mut writer = Script::new([Ok(b"".as_slice()), Err(ErrorKind::StorageFull)]);
    writer.most = 2;
    let error = copy(&mut &b"abc"[..], &mut writer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(writer.written, b"ab");
}

fn writer_that_takes_nothing_is_an_error<M: Mode>() {
    let error = copy(&mut &b"abc"[..], &mut &mut [0; 2][..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

fn reset_input_is_an_error<M: Mode>() {
    let (mut sender, input) = pair();
    let (mut output, mut receiver) = pair();
    let input = Arc::new(input);
    let copying = M::spawn({
        let input = Arc::clone(&input);
        move || copy(&mut &*input, &mut output).unwrap_err().kind()
    });
    sender.write_all(b"x").unwrap();
    receiver.read_exact(&mut [0]).unwrap();
    // Dropped with something unread, it resets the connection.
    (&*input).write_all(b"unread").unwrap();
    sender.peek(&mut [0]).unwrap();
    drop(sender);
    assert_eq!(copying.join(), ErrorKind::ConnectionReset);
}

fn reset_output_is_an_error<M: Mode>() {
    let (mut sender, mut input) = pair();
    let (mut output, mut receiver) = pair();
    let copying = M::spawn(move || copy(&mut input, &mut output).unwrap_err().kind());
    let sending = M::spawn(move || while sender.write_all(&[0; 100_000]).is_ok() {});
    receiver.read_exact(&mut vec![0; 1 << 20]).unwrap();
    // What comes now is answered by a reset.
    drop(receiver);
    let kind = copying.join();
    assert!(
        matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{kind:?}"
    );
    sending.join();
}

fn time_out_ends_it<M: Mode>() {
    let (mut sender, mut input) = pair();
    let (mut output, mut receiver) = pair();
    input
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    sender.write_all(b"ab").unwrap();
    let error = copy(&mut input, &mut output).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    receiver.read_exact(&mut [0; 2]).unwrap();

    // Nobody reads what is written.
    input.set_read_timeout(None).unwrap();
    output
        .set_write_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let sending = M::spawn(move || while sender.write_all(&[0; 100_000]).is_ok() {});
    let error = copy(&mut input, &mut output).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    input.close();
    drop(input);
    sending.join();
}

fn nonblocking_ends_it<M: Mode>() {
    let (mut sender, mut input) = pair();
    let (mut output, mut receiver) = pair();
    sender.write_all(b"ab").unwrap();
    input.peek(&mut [0]).unwrap();
    input.set_nonblocking(true).unwrap();
    let error = copy(&mut input, &mut output).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    receiver.read_exact(&mut [0; 2]).unwrap();
}

fn close_ends_it<M: Mode>() {
    for closes_input in [true, false] {
        let (mut sender, input) = pair();
        let (output, mut receiver) = pair();
        let (input, output) = (Arc::new(input), Arc::new(output));
        let copying = M::spawn({
            let (input, output) = (Arc::clone(&input), Arc::clone(&output));
            move || copy(&mut &*input, &mut &*output).unwrap_err()
        });
        sender.write_all(b"x").unwrap();
        receiver.read_exact(&mut [0]).unwrap();
        if closes_input {
            input.close();
        } else {
            output.close();
            sender.write_all(b"y").unwrap();
        }
        assert!(is_closed(&copying.join()));
    }
}

fn buffer_is_not_on_the_stack<M: Mode>() {
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let task = Builder::new()
        .stack_size(64 << 10)
        .spawn(move || {
            let mut stream = TcpStream::connect(addr).unwrap();
            let copied = copy(&mut &bytes(1, 300_000)[..], &mut stream).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            copied + copy(&mut stream, &mut io::sink()).unwrap()
        })
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(copy(&mut &stream, &mut &stream).unwrap(), 300_000);
    stream.flush().unwrap();
    drop(stream);
    assert_eq!(task.join().unwrap(), 600_000);
}

/// Goes on until it is told to stop.
struct Endless(Arc<AtomicBool>);

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.load(Ordering::Relaxed) {
            true => Ok(0),
            false => Ok(buf.len()),
        }
    }
}

/// A copy that never has to wait lets others of its worker run, who alone can stop it.
#[test]
fn endless_copy_is_preempted() {
    Own::<1>::run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let mut endless = Endless(Arc::clone(&stop));
        let copying = Own::<1>::spawn(move || copy(&mut endless, &mut io::sink()).unwrap());
        hueless_runtime::sleep(Duration::from_millis(1));
        stop.store(true, Ordering::Relaxed);
        copying.join();
    });
}

/// What `splice` would raise, no write does.
#[test]
fn a_reset_raises_no_signal() {
    in_a_process("a_reset_raises_no_signal", || {
        // SAFETY: the default action runs no code of ours.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let (mut sender, mut input) = pair();
        let (mut output, mut receiver) = pair();
        // A reset that comes after the peer's end makes of the next write a broken pipe.
        receiver.shutdown(Shutdown::Write).unwrap();
        socket2::SockRef::from(&receiver)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        let sending = std::thread::spawn(move || {
            let block = bytes(0, 1 << 20);
            while sender.write_all(&block).is_ok() {}
        });
        let receiving = std::thread::spawn(move || {
            // By then large amounts are being moved.
            let mut got = vec![0; 8 << 20];
            receiver.read_exact(&mut got).unwrap();
        });
        let error = copy(&mut input, &mut output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        receiving.join().unwrap();
        drop(input);
        sending.join().unwrap();
    });
}
