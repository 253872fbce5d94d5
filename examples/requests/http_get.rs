//! A small HTTP client: `get(url)` on a blocking `TcpStream` and httparse.
//!
//! ```sh
//! cargo run --example http_get                        # from a local server
//! cargo run --example http_get http://example.com/
//! ```
//!
//! Prints the status, the headers and the length of the body. It is the code that one writes with std,
//! with `hueless::net` in place of `std::net`; so a thousand of these calls at once cost no thread each.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use hueless::net::{TcpListener, TcpStream};
use hueless::{go, timeout};

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn invalid(why: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_string())
}

/// Fetches a page. Asks by HTTP 1.0, so the body ends where the connection does.
fn get(url: &str) -> io::Result<Response> {
    let url = url.strip_prefix("http://");
    let url = url.ok_or_else(|| invalid("a URL has to begin with http://"))?;
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let mut stream = match host.contains(':') {
        true => TcpStream::connect(host)?,
        false => TcpStream::connect((host, 80))?,
    };
    stream.write_all(format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;

    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(&bytes).map_err(invalid)? else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    let text = |header: &httparse::Header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_owned(), value)
    };
    Ok(Response {
        status: head.code.expect("the head is complete"),
        headers: head.headers.iter().map(|header| text(header)).collect(),
        body: bytes.split_off(length),
    })
}

/// A server with one page, and its URL.
fn serve() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    go!(move || {
        for mut client in listener.incoming().flatten() {
            go!(move || {
                let mut request = [0; 512];
                let length = client.read(&mut request)?;
                client.write_all(match &request[..length] {
                    [b'G', b'E', b'T', b' ', b'/', b' ', ..] => {
                        b"HTTP/1.0 200 OK\r\nServer: ours\r\n\r\nhello".as_slice()
                    }
                    _ => b"HTTP/1.0 404 Not Found\r\n\r\n",
                })
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
fn pages_come_with_status_and_headers() {
    let url = serve().unwrap();
    let page = get(&url).unwrap();
    assert_eq!(
        (page.status, page.body.as_slice()),
        (200, b"hello".as_slice())
    );
    assert_eq!(page.headers, [("Server".into(), "ours".into())]);
    assert_eq!(get(&format!("{url}/other")).unwrap().status, 404);
    assert_eq!(
        get("ftp://host/").err().unwrap().kind(),
        ErrorKind::InvalidData
    );
}
