//! A web crawler: so many pages at once, so much time for each, and a clean stop by Ctrl-C.
//!
//! ```sh
//! cargo run --example crawler
//! ```
//!
//! Crawls a local site, of which some pages never answer and some are dead, and prints what became of
//! each page it found. Ctrl-C cancels the requests that are under way; what was found until then is
//! printed all the same.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write, read_to_string};
use std::net::SocketAddr;
use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::channel::{Receiver, unbounded};
use hueless::net::{Shutdown, TcpListener, TcpStream};
use hueless::{go, map_concurrent, signal, sleep, timeout};

/// Pages that are asked for at once.
const AT_ONCE: usize = 8;

/// What pages a page links to, or why it could not be had.
type Pages = BTreeMap<u32, io::Result<Vec<u32>>>;

fn fetch(site: SocketAddr, page: u32) -> io::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(site)?;
    writeln!(stream, "{page}")?;
    stream.shutdown(Shutdown::Write)?;
    let text = read_to_string(stream)?;
    if text.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.split_whitespace().flat_map(str::parse).collect())
}

/// Follows all links from page 1. Knows nothing of how it is stopped.
fn crawl(site: SocketAddr, patience: Duration, pages: &mut Pages) {
    let mut new = vec![1];
    while !new.is_empty() {
        let answers = map_concurrent(&new, AT_ONCE, |&page| {
            timeout(patience, || fetch(site, page))? // the time that is up is an io::Error, too
        });
        pages.extend(new.drain(..).zip(answers));
        new = pages.values().flatten().flatten().copied().collect();
        new.retain(|page| !pages.contains_key(page));
        new.sort();
        new.dedup();
    }
}

/// A site of 31 pages, and which of them are asked for. Page n links to 2n and 2n + 1.
fn serve() -> io::Result<(SocketAddr, Receiver<u32>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (address, (asked, visits)) = (listener.local_addr()?, unbounded());
    go!(move || {
        for client in listener.incoming().flatten() {
            let asked = asked.clone();
            go!(move || {
                let mut line = String::new();
                BufReader::new(&client).read_line(&mut line)?;
                let page: u32 = line.trim().parse().map_err(io::Error::other)?;
                let _ = asked.send(page);
                match page {
                    16.. => writeln!(&client, "no links"),
                    page if page % 7 == 0 => Ok(sleep(Duration::MAX)), // never answers
                    page if page % 5 == 0 => Ok(()),                   // hangs up without an answer
                    page => writeln!(&client, "{} {}", 2 * page, 2 * page + 1),
                }
            });
        }
    });
    Ok((address, visits))
}

fn main() -> io::Result<()> {
    let (site, _visits) = serve()?;
    let (stop, ctrl_c) = (CancelToken::new(), signal::ctrl_c()?);
    let stopper = stop.clone();
    go!(move || ctrl_c.recv().map(|()| stopper.cancel()));

    let mut pages = Pages::new();
    if let Err(cancelled) = stop.run(|| crawl(site, Duration::from_millis(300), &mut pages)) {
        println!("{cancelled}: this is not all");
    }
    for (page, links) in pages {
        match links {
            Ok(links) => println!("page {page:2} links to {links:?}"),
            Err(error) => println!("page {page:2} cannot be had: {error}"),
        }
    }
    Ok(())
}

#[test]
fn slow_and_dead_pages_end_nothing_and_a_stop_ends_all() {
    let (site, visits) = serve().unwrap();
    let mut pages = Pages::new();
    crawl(site, Duration::from_millis(500), &mut pages);
    let failed = |page| pages[&page].as_ref().unwrap_err().kind();
    assert_eq!(
        (failed(5), failed(7)),
        (io::ErrorKind::UnexpectedEof, io::ErrorKind::TimedOut)
    );
    assert_eq!(pages.values().filter(|page| page.is_ok()).count(), 15);

    let (stop, mut pages) = (CancelToken::new(), Pages::new());
    let stopper = stop.clone();
    let _ = visits.try_iter().count();
    go!(move || visits
        .iter()
        .find(|&page| page == 7)
        .map(|_| stopper.cancel()));
    let end = stop.run(|| crawl(site, Duration::MAX, &mut pages)); // page 7 never answers
    assert_eq!((end.is_err(), pages.len()), (true, 3));
}
