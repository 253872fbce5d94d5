//! Child processes: what must be left behind of them, and what they must not get.
//!
//! The tests count the process's descriptors and children, so they run one at a time.

#![cfg(target_os = "linux")]

mod common;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use common::{Mode, cases, descriptors, listener};
use hueless_netpoll::net::TcpStream;
use hueless_netpoll::process::{Child, Command, Stdio};
use hueless_runtime::runtime::Builder;
use hueless_runtime::yield_now;

cases!(
    by crate::alone:
    children_leave_no_descriptor,
    children_get_no_descriptor,
    dropped_children_are_reaped,
    others_children_are_left_alone,
    a_wait_needs_no_descriptor,
);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone<M: Mode>(test: fn()) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    M::run(test);
}

/// A child that runs until its input ends.
fn cat() -> Child {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Descriptors of pipes and processes, but not of pollers: a worker or a spare may need its first one at any
/// time, and keeps it.
fn of_children() -> usize {
    let pollers = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]"];
    let others = |(_, target): &(i32, String)| !pollers.contains(&&**target);
    common::targets().filter(others).count()
}

fn children_leave_no_descriptor<M: Mode>() {
    let before = of_children();
    for round in 0..20 {
        let mut child = cat();
        match round % 4 {
            0 => drop(child.wait_with_output().unwrap()),
            1 => drop(child.wait().unwrap()),
            2 => child.kill().unwrap(),
            _ => drop(child),
        }
        let error = Command::new("/no/such/program")
            .stdin(Stdio::piped())
            .spawn();
        assert!(error.is_err());
    }
    assert_eq!(of_children(), before);
}

/// Not those of sockets, of pollers, of other children.
fn children_get_no_descriptor<M: Mode>() {
    let listener = listener();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut waited_for = cat();
    let stdin = waited_for.stdin.take();
    let waiter = M::spawn(move || waited_for.wait().unwrap());
    // Until there is a poller and a pidfd.
    while !common::targets().any(|(_, target)| target.contains("pidfd")) {
        yield_now();
        std::thread::yield_now();
    }
    // SAFETY: the call touches no memory; a descriptor that is gone makes it fail.
    let flags = |number| unsafe { libc::fcntl(number, libc::F_GETFD) };
    let passed_on: Vec<_> = common::targets()
        .filter(|&(number, _)| flags(number) & libc::FD_CLOEXEC == 0)
        .map(|(number, _)| number.to_string())
        .collect();
    for forked in [false, true] {
        let mut command = Command::new("ls");
        if forked {
            // SAFETY: it does nothing.
            unsafe { command.pre_exec(|| Ok(())) };
        }
        let output = command.arg("/proc/self/fd").output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let mut got: Vec<_> = output.lines().map(str::to_owned).collect();
        got.retain(|number| !["0", "1", "2"].contains(&&**number) && !passed_on.contains(number));
        // The directory that is listed.
        assert_eq!(got.len(), 1, "{got:?}");
    }
    drop(stdin);
    waiter.join();
    drop(stream);
}

/// Whether the process is a child of this one that has ended and was not waited for.
fn is_zombie(id: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{id}/stat")) else {
        return false;
    };
    let mut fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    let state = fields.next().unwrap();
    let parent: u32 = fields.next().unwrap().parse().unwrap();
    state == "Z" && parent == std::process::id()
}

fn dropped_children_are_reaped<M: Mode>() {
    let children: Vec<_> = (0..10).map(|_| cat()).collect();
    let ids: Vec<_> = children.iter().map(Child::id).collect();
    // They end only now, as their input does.
    drop(children);
    for &id in &ids {
        while std::fs::exists(format!("/proc/{id}")).unwrap() && !is_zombie(id) {
            std::thread::yield_now();
        }
    }
    // Each looks after a few.
    for _ in 0..10 {
        Command::new("true").status().unwrap();
    }
    assert!(!ids.into_iter().any(is_zombie));
}

fn others_children_are_left_alone<M: Mode>() {
    let mut other = std::process::Command::new("sh")
        .args(["-c", "exit 9"])
        .spawn()
        .unwrap();
    while !is_zombie(other.id()) {
        std::thread::yield_now();
    }
    for _ in 0..10 {
        drop(Command::new("true").spawn().unwrap());
        assert!(Command::new("true").status().unwrap().success());
    }
    assert!(is_zombie(other.id()));
    assert_eq!(other.wait().unwrap().code(), Some(9));
}

/// With none to be had for a pidfd, a thread of the pool waits.
fn a_wait_needs_no_descriptor<M: Mode>() {
    let mut child = cat();
    let stdin = child.stdin.take();
    let hogs: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
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
    drop(hogs);
}

/// The runtime ends while its tasks wait in each of the ways there are.
#[test]
fn a_cancelled_wait_leaves_the_child_and_nothing_else() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the tasks keep nothing that belongs to a thread.
    for builder in [Builder::new(), unsafe { Builder::new().migrate() }] {
        let before = descriptors();
        let runtime = builder.workers(2).build().unwrap();
        let (tell, told) = mpsc::channel();
        let mut inputs = Vec::new();
        let mut tasks = Vec::new();
        for way in 0..3 {
            let mut child = cat();
            inputs.push(child.stdin.take().unwrap());
            let tell = tell.clone();
            tasks.push(runtime.spawn(move || {
                tell.send(child.id()).unwrap();
                match way {
                    0 => drop(child.wait()),
                    1 => drop(child.wait_with_output()),
                    _ => {
                        child.stderr = None;
                        drop(child.wait_with_output());
                    }
                }
            }));
        }
        let ids: Vec<u32> = (0..3).map(|_| told.recv().unwrap()).collect();
        drop(runtime);
        for task in tasks {
            assert!(task.join().unwrap_err().is_cancelled());
        }
        for (&id, input) in ids.iter().zip(&mut inputs) {
            assert!(std::fs::exists(format!("/proc/{id}")).unwrap());
            // Its output is gone; its input is not.
            input.write_all(b"x").unwrap();
        }
        drop(inputs);
        // The global runtime's poller, which the threads of this test may have made.
        assert!(descriptors() <= before + 3);
        while ids
            .iter()
            .any(|id| std::fs::exists(format!("/proc/{id}")).unwrap())
        {
            hueless_runtime::run(|| Command::new("true").status().unwrap());
        }
    }
}
