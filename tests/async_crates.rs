//! Async crates called from tasks, with tokio beside us, and tasks called from async code.

use std::cell::Cell;
use std::future::{Future, IntoFuture, poll_fn};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hueless::channel::bounded;
use hueless::net::{TcpListener, TcpStream};
use hueless::{block_on, go, task, yield_now};
use hyper::body::Bytes;
use hyper::{Request, client};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Handle, Runtime};

mod modes;
use modes::modes;

static TOKIO: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a tokio runtime")
});

/// As the documentation of `hueless::task` has it.
fn on_tokio<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    block_on(poll_fn(|cx| {
        task::no_park(|| {
            let _context = TOKIO.enter();
            future.as_mut().poll(cx)
        })
    }))
}

/// Answers each request of each connection with its path.
fn serve(listener: TcpListener) {
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        go!(move || echo(&stream).unwrap());
    }
}

fn echo(stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next() {
        let request = request?;
        // The headers end with an empty line.
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let length = path.len();
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{path}"
        )?;
    }
    Ok(())
}

/// Two requests by hyper on one connection.
async fn fetch(
    address: SocketAddr,
    n: usize,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It needs the context that is entered for each poll.
    let connection = tokio::spawn(connection);
    let mut said = String::new();
    for round in 0..2 {
        sender.ready().await?;
        let request = Request::builder()
            .uri(format!("/{n}/{round}"))
            .header("host", "localhost")
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await?.to_bytes();
        said += std::str::from_utf8(&body)?;
    }
    drop(sender);
    connection.await??;
    Ok(said)
}

#[test]
fn a_thousand_tasks_call_an_async_http_client() {
    for new in modes() {
        let runtime = new().workers(2).build().unwrap();
        runtime.run(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            go!(move || serve(listener));
            let tasks: Vec<_> = (0..1000)
                .map(|n| go!(move || on_tokio(fetch(address, n)).unwrap()))
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join().unwrap(), format!("/{n}/0/{n}/1"));
            }
        });
    }
}

/// What tasks see of tokio's context while others wait for its futures.
#[test]
fn the_context_is_there_in_polls_and_nowhere_else() {
    let runtime = hueless::runtime::Builder::new().workers(1).build().unwrap();
    runtime.run(|| {
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let waits = go!(move || {
            let polls = Cell::new(0);
            let mut released = pin!(released);
            on_tokio(poll_fn(|cx| {
                polls.set(polls.get() + 1);
                assert!(Handle::try_current().is_ok());
                released.as_mut().poll(cx)
            }))
            .unwrap();
            assert!(Handle::try_current().is_err());
            polls.get()
        });
        // On the same worker, while that one waits.
        for _ in 0..10 {
            yield_now();
            assert!(Handle::try_current().is_err());
        }
        release.send(()).unwrap();
        assert_eq!(waits.join().unwrap(), 2);
    });
}

/// Contexts are left in the reverse order of their entry, or tokio panics: many tasks of one worker
/// wait in theirs at the same time, and end in another order.
#[test]
fn contexts_of_many_tasks_do_not_interleave() {
    for new in modes() {
        let runtime = new().workers(1).build().unwrap();
        runtime.run(|| {
            let tasks: Vec<_> = (0..100_u64)
                .map(|n| {
                    go!(move || on_tokio(async move {
                        for round in 0..3 {
                            let delay = (n * 7 + round * 3) % 10;
                            tokio::time::sleep(Duration::from_millis(delay)).await;
                        }
                        n
                    }))
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join().unwrap(), n as u64);
            }
        });
    }
}

#[test]
fn async_code_calls_tasks() {
    for new in modes() {
        let runtime = new().workers(2).build().unwrap();
        let sum: u64 = TOKIO.block_on(async {
            let (tx, rx) = bounded::<u64>(1);
            let producer = runtime.spawn(move || (0..100).for_each(|n| tx.send(n).unwrap()));
            let mut sum = 0;
            while let Ok(n) = rx.recv_async().await {
                sum += n;
            }
            producer.await.unwrap();
            // In tasks of its own, and with its time limits.
            let squares: Vec<_> = (0..100_u64)
                .map(|n| tokio::spawn(runtime.spawn(move || n * n).into_future()))
                .collect();
            for square in squares {
                sum += square.await.unwrap().unwrap();
            }
            let (stop, stopped) = bounded::<()>(0);
            let endless = runtime.spawn(move || stopped.recv().is_err());
            let mut endless = pin!(endless.into_future());
            let limit = Duration::from_millis(2);
            assert!(tokio::time::timeout(limit, endless.as_mut()).await.is_err());
            drop(stop);
            assert!(endless.await.unwrap());
            sum
        });
        assert_eq!(sum, 4950 + 328_350);
    }
}

#[test]
fn a_cancelled_task_drops_its_future() {
    let runtime = hueless::runtime::Builder::new().workers(1).build().unwrap();
    let (begins, begun) = bounded(1);
    let (held, gone) = tokio::sync::oneshot::channel::<()>();
    drop(runtime.spawn(move || {
        on_tokio(async move {
            let _held = held;
            begins.send(()).unwrap();
            std::future::pending::<()>().await
        })
    }));
    begun.recv().unwrap();
    drop(runtime);
    // Dropped, not sent.
    assert!(block_on(gone).is_err());
}
