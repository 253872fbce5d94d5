//! Child processes: their pipes, their ends, and what they inherit.

mod common;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Mode, bytes, cases};
use hueless_netpoll::net::UnixStream;
use hueless_netpoll::process::{Command, Stdio};
use hueless_runtime::task::no_park;
use hueless_runtime::yield_now;

cases!(
    ends_are_told,
    output_takes_both_streams_however_they_come,
    output_is_what_was_not_set,
    wait_closes_the_childs_input,
    megabytes_pass_through_a_child,
    a_wait_leaves_the_worker_to_others,
    many_at_once,
    a_dead_childs_pipe_is_broken,
    what_cannot_start_says_why,
    settings_reach_the_child,
    children_have_the_programs_signal_mask,
    a_pipe_that_is_passed_on_blocks_again,
    pipes_go_to_std_and_back,
    a_pipe_in_packet_mode_is_read_to_its_end,
    code_before_exec_runs_in_the_child,
);

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn ends_are_told<M: Mode>() {
    let mut child = sh("exit 7").spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    // Again, and of a process that is there no more.
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(7));
    child.kill().unwrap();

    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));

    assert!(sh("exit 0").status().unwrap().success());
    assert_eq!(sh("kill -TERM $$").status().unwrap().signal(), Some(15));
}

/// More than the pipes hold, first on the one, then on the other, then on the first again: whoever
/// read one after the other would wait for ever.
fn output_takes_both_streams_however_they_come<M: Mode>() {
    let script = "head -c 1000000 /dev/zero; head -c 1000001 /dev/zero >&2; \
        head -c 2 /dev/zero; exec 1>&-; head -c 300000 /dev/zero >&2";
    let output = sh(script).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, vec![0; 1_000_002]);
    assert_eq!(output.stderr, vec![0; 1_300_001]);
    let output = sh("exec 2>&-; head -c 300000 /dev/zero").output().unwrap();
    assert_eq!(output.stdout.len(), 300_000);
    let output = sh("echo x >&2").stdout(Stdio::null()).output().unwrap();
    assert_eq!((&*output.stdout, &*output.stderr), (&b""[..], &b"x\n"[..]));
}

fn output_is_what_was_not_set<M: Mode>() {
    // No input, rather than this process's.
    assert_eq!(Command::new("cat").output().unwrap().stdout, b"");
    let output = sh("echo x").stdout(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"");
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut command = sh("test \"$(readlink /proc/$$/fd/1)\" = \"$(readlink /proc/$PPID/fd/1)\"");
    assert!(!command.output().unwrap().status.success());
    // For the next way to start it, its output is not a pipe any more.
    assert!(command.status().unwrap().success());
    assert!(!command.output().unwrap().status.success());
}

fn wait_closes_the_childs_input<M: Mode>() {
    let cat = || {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut child = cat();
    assert!(child.wait().unwrap().success());
    let mut child = cat();
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"x");
}

fn megabytes_pass_through_a_child<M: Mode>() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let sent = bytes(3, 3 << 20);
    let writer = M::spawn({
        let sent = sent.clone();
        move || {
            let mut stdin = &stdin;
            for piece in sent.chunks(100_000) {
                stdin.write_all(piece).unwrap();
            }
            stdin.flush().unwrap();
        }
    });
    let mut got = Vec::new();
    let mut stdout = stdout;
    stdout.read_to_end(&mut got).unwrap();
    writer.join();
    assert!(got == sent);
    assert!(child.wait().unwrap().success());
}

/// On the one worker of some modes.
fn a_wait_leaves_the_worker_to_others<M: Mode>() {
    for script in ["exec cat", "exec cat >&2"] {
        let mut command = sh(script);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let waits = Arc::new(AtomicBool::new(false));
        let waiter = M::spawn({
            let waits = waits.clone();
            move || {
                waits.store(true, Ordering::SeqCst);
                child.wait_with_output().unwrap()
            }
        });
        while !waits.load(Ordering::SeqCst) {
            yield_now();
        }
        stdin.write_all(b"go on").unwrap();
        drop(stdin);
        let output = waiter.join();
        assert_eq!([output.stdout, output.stderr].concat(), b"go on");
    }
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take();
    let waits = Arc::new(AtomicBool::new(false));
    let waiter = M::spawn({
        let waits = waits.clone();
        move || {
            waits.store(true, Ordering::SeqCst);
            child.wait().unwrap()
        }
    });
    while !waits.load(Ordering::SeqCst) {
        yield_now();
    }
    drop(stdin);
    assert!(waiter.join().success());
}

fn many_at_once<M: Mode>() {
    let children: Vec<_> = (0..24)
        .map(|i| {
            M::spawn(move || {
                let output = sh("echo $N; exit $N").env("N", i.to_string()).output();
                let output = output.unwrap();
                assert_eq!(output.status.code(), Some(i));
                assert_eq!(output.stdout, format!("{i}\n").as_bytes());
            })
        })
        .collect();
    children.into_iter().for_each(|child| child.join());
}

fn a_dead_childs_pipe_is_broken<M: Mode>() {
    let mut child = sh("exec 0<&-; echo")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let child = child.as_mut().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The end comes after its input is closed.
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut Vec::new())
        .unwrap();
    // A child that another test starts has the pipe too, until its program is loaded.
    let error = loop {
        match stdin.write(b"x") {
            Ok(written) => assert_eq!(written, 1),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    child.wait().unwrap();

    // While a write waits for room.
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = M::spawn(move || stdin.write_all(&[0; 1 << 20]).unwrap_err());
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    child.kill().unwrap();
    assert_eq!(writer.join().kind(), ErrorKind::BrokenPipe);
    child.wait().unwrap();
}

fn what_cannot_start_says_why<M: Mode>() {
    let mut command = Command::new("/no/such/program");
    assert_eq!(command.spawn().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(command.output().unwrap_err().kind(), ErrorKind::NotFound);
    let error = Command::new("/").status().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let error = Command::new("true").current_dir("/no/such/place").status();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
}

fn settings_reach_the_child<M: Mode>() {
    let mut command = Command::new("sh");
    command
        .arg0("shell")
        .arg("-c")
        .args(["echo $0 $A $B $C; pwd; ps -o pgid= -p $$"]);
    command.env("A", "1").env("B", "2").env_remove("B");
    command.envs(HashMap::from([("C", "3")])).current_dir("/");
    command.process_group(0);
    assert_eq!(command.get_program(), "sh");
    assert_eq!(command.get_args().next(), Some(OsStr::new("-c")));
    assert_eq!(command.get_envs().count(), 3);
    assert_eq!(command.get_current_dir().unwrap(), "/");
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<_> = output.lines().map(str::trim).collect();
    assert_eq!(lines, ["shell 1 3", "/", &id.to_string()]);
    command.env_clear();
    assert_eq!(command.get_envs().count(), 0);
    assert!(format!("{command:?}").contains("sh"));
}

/// Tasks run on threads that block signals; their children must not.
fn children_have_the_programs_signal_mask<M: Mode>() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let blocked = || {
        let output = Command::new("cat").arg("/proc/self/status").output();
        let status = String::from_utf8(output.unwrap().stdout).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    };
    let usual = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGCHLD];
    let usual: u64 = usual.iter().map(|signal| 1 << (signal - 1)).sum();
    assert_eq!(blocked() & usual, 0);
    // On the worker's own thread too.
    assert_eq!(no_park(blocked) & usual, 0);
    // And on a thread that has its mask from there.
    let thread = std::thread::spawn(blocked);
    let inherited = hueless_runtime::blocking(|| thread.join().unwrap());
    assert_eq!(inherited & usual, 0);
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    // SAFETY: a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGTERM) }, 0);
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
}

fn is_nonblocking(descriptor: BorrowedFd<'_>) -> bool {
    // SAFETY: the descriptor is open; the call touches no memory.
    let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL) };
    flags & libc::O_NONBLOCK != 0
}

fn a_pipe_that_is_passed_on_blocks_again<M: Mode>() {
    let mut first = Command::new("cat");
    let mut first = first
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = first.stdout.take().unwrap();
    assert!(is_nonblocking(stdout.as_fd()));
    let mut second = Command::new("cat");
    let second = second.stdin(stdout).stdout(Stdio::piped()).spawn().unwrap();
    first
        .stdin
        .take()
        .unwrap()
        .write_all(b"through both")
        .unwrap();
    let output = second.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"through both");
    assert!(first.wait().unwrap().success());
}

fn pipes_go_to_std_and_back<M: Mode>() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = std::process::ChildStdin::from(child.stdin.take().unwrap());
    assert!(!is_nonblocking(stdin.as_fd()));
    let stdin = hueless_netpoll::process::ChildStdin::from(stdin);
    assert!(is_nonblocking(stdin.as_fd()));
    (&stdin).write_all(b"x").unwrap();
    let stdout = OwnedFd::from(child.stdout.take().unwrap());
    assert!(!is_nonblocking(stdout.as_fd()));
    let mut stdout = hueless_netpoll::process::ChildStdout::from(stdout);
    assert!(is_nonblocking(stdout.as_fd()));
    let mut byte = [0];
    stdout.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"x");
    drop(stdin);
    child.wait().unwrap();
}

/// A read ends behind a packet, and no event tells of the next one that is there already.
fn a_pipe_in_packet_mode_is_read_to_its_end<M: Mode>() {
    const ROUNDS: usize = 50;
    let (reader, mut packets) = std::io::pipe().unwrap();
    #[cfg(target_os = "linux")]
    {
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        let set = unsafe { libc::fcntl(packets.as_raw_fd(), libc::F_SETFL, libc::O_DIRECT) };
        assert_eq!(set, 0);
    }
    let (mut go, mut waits) = UnixStream::pair().unwrap();
    let reading = M::spawn(move || {
        let mut stdout = hueless_netpoll::process::ChildStdout::from(OwnedFd::from(reader));
        let mut buf = [0; 16];
        for _ in 0..ROUNDS {
            // All has been told when it is read.
            waits.read_exact(&mut [0]).unwrap();
            for _ in 0..2 {
                assert_eq!(stdout.read(&mut buf).unwrap(), 3);
            }
            // It is watched once it has waited.
            waits.write_all(b"x").unwrap();
            assert_eq!(stdout.read(&mut buf).unwrap(), 1);
        }
    });
    for _ in 0..ROUNDS {
        packets.write_all(b"one").unwrap();
        packets.write_all(b"two").unwrap();
        go.write_all(b"x").unwrap();
        go.read_exact(&mut [0]).unwrap();
        hueless_runtime::yield_now();
        packets.write_all(b"x").unwrap();
    }
    reading.join();
}

/// Which is started by a fork, with all that the runtime's other threads are doing.
fn code_before_exec_runs_in_the_child<M: Mode>() {
    let children: Vec<_> = (0..8)
        .map(|_| {
            M::spawn(|| {
                let mut command = sh("umask");
                // SAFETY: a system call, which touches no memory.
                unsafe {
                    command.pre_exec(|| {
                        libc::umask(0o027);
                        Ok(())
                    });
                }
                let output = command.output().unwrap();
                assert_eq!(output.stdout.trim_ascii(), b"0027");
            })
        })
        .collect();
    children.into_iter().for_each(|child| child.join());
}
