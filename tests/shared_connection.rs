//! One program: a connection behind a lock of std's, which a thousand tasks hold across a request each. With the
//! feature `std` it comes to its end. Without, or where that is switched off, it stalls, and the runtime says so.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hueless::net::TcpStream;
use hueless::runtime::{Builder, Runtime};

const TASKS: usize = 1000;

/// Who waits for so long has failed.
const NEVER: Duration = Duration::from_secs(60);

/// Sends back what it gets, on a thread of its own.
fn server() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        while stream.read_exact(&mut request).is_ok() {
            stream.write_all(&request).unwrap();
        }
    });
    address
}

fn share_a_connection(runtime: &Runtime) {
    let address = server();
    let (tell, told) = mpsc::channel();
    let main = runtime.spawn(move || {
        let stream = Arc::new(Mutex::new(TcpStream::connect(address).unwrap()));
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let stream = stream.clone();
                hueless::spawn(move || {
                    let mut stream = stream.lock().unwrap();
                    stream.write_all(&number.to_le_bytes()).unwrap();
                    let mut answer = [0; 8];
                    stream.read_exact(&mut answer).unwrap();
                    assert_eq!(usize::from_le_bytes(answer), number);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
        tell.send(()).unwrap();
    });
    if told.recv_timeout(NEVER) == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("it hangs");
        // Its runtime would wait for it.
        std::process::abort();
    }
    main.join().unwrap();
}

#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn it_comes_to_its_end() {
    for workers in [1, 2] {
        share_a_connection(&Builder::new().workers(workers).build().unwrap());
        // SAFETY: its tasks keep a guard of std's mutex across a wait, which on Linux knows no thread.
        let migrating = unsafe { Builder::new().migrate() };
        share_a_connection(&migrating.workers(workers).build().unwrap());
    }
}

/// In a process of its own, which is ended once it has said what is the matter.
#[test]
fn it_stalls_without_the_feature() {
    const NAME: &str = "it_stalls_without_the_feature";
    const CHILD: &str = "HUELESS_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        share_a_connection(&Builder::new().workers(1).build().unwrap());
        eprintln!("it has come to its end");
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(CHILD, "1")
        // Without the feature it has nothing to switch off.
        .env("HUELESS_STD", "off")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It ends when the child does, at the latest.
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = said.map(Result::unwrap);
    // The one worker, or a spare one that has taken over some of what it has not begun.
    let stall = said.find(|line| line.starts_with("hueless: worker "));
    child.kill().unwrap();
    child.wait().unwrap();
    let stall = stall.expect("a stall is reported");
    for part in [
        " has been in futex for ",
        ", possibly for ever: a lock or channel of std's held or awaited across a blocking call?",
    ] {
        assert!(stall.contains(part), "{stall}");
    }
}
