//! A web crawler: so many pages at once, so much time for each, and a clean stop by Ctrl-C.
//!
//! ```sh
//! cargo run --example crawler
//! ```
//!
//! Crawls a site that is part of the program; some of its pages never answer, some are dead. Prints
//! what became of each page. Ctrl-C cancels what is under way; what was found until then is printed all
//! the same. (`http_get` is a `fetch` for the real web.)

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::{go, map_concurrent, signal, sleep, timeout};

/// Pages that are asked for at once.
const AT_ONCE: usize = 8;

/// What each page links to, or why that is not known.
type Pages = BTreeMap<u32, io::Result<Vec<u32>>>;

/// The site: page n links to 2n and 2n + 1. Some pages never answer, some are dead.
fn fetch(page: u32) -> io::Result<Vec<u32>> {
    match page {
        5 | 10 => return Err(ErrorKind::ConnectionReset.into()),
        7 => sleep(Duration::MAX),
        16.. => return Ok(vec![]),
        _ => sleep(Duration::from_millis(5)),
    }
    Ok(vec![2 * page, 2 * page + 1])
}

/// Follows all links from page 1. Knows nothing of how it is stopped.
fn crawl<F>(fetch: F, patience: Duration, pages: &mut Pages)
where
    F: Fn(u32) -> io::Result<Vec<u32>> + Sync,
{
    let mut new = vec![1];
    while !new.is_empty() {
        let answers = map_concurrent(&new, AT_ONCE, |&page| {
            timeout(patience, || fetch(page))? // to be late is an io::Error as well
        });
        let links: Vec<_> = answers.iter().flatten().flatten().copied().collect();
        pages.extend(new.drain(..).zip(answers));
        new.extend(links.iter().filter(|page| !pages.contains_key(page)));
        new.dedup();
    }
}

fn main() -> io::Result<()> {
    let (stop, ctrl_c) = (CancelToken::new(), signal::ctrl_c()?);
    let stopper = stop.clone();
    go!(move || ctrl_c.recv().map(|()| stopper.cancel()));

    let mut pages = Pages::new();
    if let Err(cancelled) = stop.run(|| crawl(fetch, Duration::from_millis(300), &mut pages)) {
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
    let mut pages = Pages::new();
    crawl(fetch, Duration::from_millis(500), &mut pages);
    let failed = |page| pages[&page].as_ref().unwrap_err().kind();
    assert_eq!(failed(5), ErrorKind::ConnectionReset);
    assert_eq!(failed(7), ErrorKind::TimedOut);
    assert_eq!((pages.len(), pages.values().flatten().count()), (19, 17));

    let (stop, mut pages) = (CancelToken::new(), Pages::new());
    let stops = |page| {
        if page == 7 {
            stop.cancel();
        }
        fetch(page)
    };
    let end = stop.run(|| crawl(stops, Duration::MAX, &mut pages));
    assert_eq!((end.is_err(), pages.len()), (true, 3));
}
