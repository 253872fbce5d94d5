//! Runtimes that are dropped while their tasks use sockets and channels.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hueless::channel::{Sender, bounded};
use hueless::net::{TcpListener, TcpStream};
use hueless::{select, spawn};

mod modes;

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// Counts itself.
struct Local(Arc<Counts>);

impl Local {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.made.fetch_add(1, Ordering::SeqCst);
        Self(counts.clone())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// One connection after the other, each served by a task of its own, which tells of each round.
fn serve(listener: &TcpListener, counts: &Arc<Counts>, done: &Sender<Local>) {
    for stream in listener.incoming() {
        let (Ok(mut stream), local, done) = (stream, Local::new(counts), done.clone()) else {
            return;
        };
        spawn(move || {
            let mut text = [0; 8];
            while stream.read_exact(&mut text).is_ok() && stream.write_all(&text).is_ok() {
                let _ = done.send(Local::new(&local.0));
            }
        });
    }
}

/// The runtime goes at another moment each time: it ends, and everything that was
/// made, on stacks, in closures or in channels, has been dropped once.
#[test]
fn a_shutdown_that_races_sockets_and_channels_drops_each_local_once() {
    for round in 0..20 {
        let new = modes::modes()[round % 2];
        let runtime = new().workers(2).build().unwrap();
        let counts = Arc::new(Counts::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (done, all_done) = bounded(4);
        let (_silent, never) = bounded::<()>(0);
        let server = {
            let counts = counts.clone();
            runtime.spawn(move || {
                let local = Local::new(&counts);
                serve(&listener, &local.0, &done);
            })
        };
        let reader = {
            let local = Local::new(&counts);
            runtime.spawn(move || {
                let _local = local;
                loop {
                    select! {
                        recv(all_done) -> done => drop(done),
                        recv(never) -> _ => unreachable!("nobody sends"),
                    }
                }
            })
        };
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let local = Local::new(&counts);
                runtime.spawn(move || {
                    let _local = local;
                    loop {
                        let mut stream = TcpStream::connect(address).unwrap();
                        let mut text = [1; 8];
                        for _ in 0..5 {
                            stream.write_all(&text).unwrap();
                            stream.read_exact(&mut text).unwrap();
                        }
                    }
                })
            })
            .collect();
        while counts.made.load(Ordering::SeqCst) < round * 20 {
            std::thread::yield_now();
        }
        drop(runtime);
        assert!(server.join().is_err_and(|error| error.is_cancelled()));
        assert!(reader.join().is_err());
        for client in clients {
            // Cancelled, or told by the other end's socket that it has gone.
            assert!(client.join().map(|_: ()| ()).is_err());
        }
        let made = counts.made.load(Ordering::SeqCst);
        assert_eq!(counts.dropped.load(Ordering::SeqCst), made);
    }
}
