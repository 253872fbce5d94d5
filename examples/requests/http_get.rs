//! A small HTTP client: `get(url)` on a blocking `TcpStream` and httparse.
//!
//! ```sh
//! cargo run --example http_get                        # from a local server
//! cargo run --example http_get http://example.com/
//! ```
//!
//! Prints the status, the headers and the length of the body. It is the code that one writes with std;
//! but a thousand of these calls at once take no threads.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use httparse::Status;
use hueless::net::{TcpListener, TcpStream};
use hueless::{go, timeout};

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Fetches a page. Asks by HTTP 1.0, so the body ends where the connection does.
fn get(url: &str) -> io::Result<Response> {
    let rest = url.strip_prefix("http://");
    let rest = rest.ok_or_else(|| io::Error::other("a URL has to begin with http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let port = if host.contains(':') { "" } else { ":80" };
    let mut stream = TcpStream::connect(format!("{host}{port}"))?;
    stream.write_all(format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let Status::Complete(length) = head.parse(&bytes).map_err(io::Error::other)? else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    let owned = |h: &httparse::Header| (h.name.into(), String::from_utf8_lossy(h.value).into());
    Ok(Response {
        status: head.code.expect("the head is complete"),
        headers: head.headers.iter().map(owned).collect(),
        body: bytes.split_off(length),
    })
}

/// A server with one page, and its URL.
fn serve() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    go!(move || {
        for mut client in listener.incoming().flatten() {
            go!(move || {
                let _request = client.read(&mut [0; 512])?;
                client.write_all(b"HTTP/1.0 200 OK\r\nServer: ours\r\n\r\nhello")
            });
        }
    });
    Ok(url)
}

fn main() -> io::Result<()> {
    let url = std::env::args().nth(1).map_or_else(serve, Ok)?;
    let response = timeout(Duration::from_secs(10), || get(&url))??; // limits all of it
    println!("{url}: status {}", response.status);
    for (name, value) in response.headers {
        println!("  {name}: {value}");
    }
    println!("{} bytes", response.body.len());
    Ok(())
}

#[test]
fn a_page_comes_with_its_status_and_headers() {
    let page = get(&serve().unwrap()).unwrap();
    assert_eq!((page.status, &page.body[..]), (200, &b"hello"[..]));
    assert_eq!(page.headers, [("Server".into(), "ours".into())]);
    assert!(get("ftp://host/").is_err());
}
