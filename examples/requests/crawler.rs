//! A web crawler: so many pages at once, so much time for each, and a clean stop by Ctrl-C.
//!
//! ```sh
//! cargo run --example crawler
//! ```
//!
//! Crawls a site that is part of the program (`http_get` is a `fetch` for the real web), and prints what
//! became of each page. Ctrl-C cancels what is under way; what was found until then is printed.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::{go, map_concurrent, signal, sleep, timeout};

/// The pages that a page links to, or why they are not known.
type Links = io::Result<Vec<u32>>;
type Pages = BTreeMap<u32, Links>;

/// The site: page n links to 2n and 2n + 1. Some pages never answer, some are dead.
fn fetch(page: u32) -> Links {
    match page {
        5 | 10 => return Err(ErrorKind::ConnectionReset.into()),
        7 => sleep(Duration::MAX),
        16.. => return Ok(vec![]),
        _ => sleep(Duration::from_millis(5)),
    }
    Ok(vec![2 * page, 2 * page + 1])
}

/// Follows all links from page 1. Knows nothing of how it is stopped.
fn crawl(fetch: impl Fn(u32) -> Links + Sync, patience: Duration, pages: &mut Pages) {
    let mut new = vec![1];
    while !new.is_empty() {
        // Eight at once. To be late is an io::Error as well.
        let answers = map_concurrent(&new, 8, |&page| timeout(patience, || fetch(page))?);
        let links: Vec<_> = answers.iter().flatten().flatten().copied().collect();
        pages.extend(new.drain(..).zip(answers));
        new.extend(links.iter().filter(|page| !pages.contains_key(page)));
        new.sort_unstable();
        new.dedup(); // what two pages link to is fetched once
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
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    let mut pages = Pages::new();
    crawl(fetch, Duration::from_secs(2), &mut pages);
    let errors = pages.values().filter_map(|links| links.as_ref().err());
    let kinds: Vec<_> = errors.map(io::Error::kind).collect();
    assert_eq!(kinds, [ErrorKind::ConnectionReset, ErrorKind::TimedOut]);
    assert_eq!(pages.len(), 19);

    // Two pages that link to the same one.
    let (fetched, mut pages) = (AtomicUsize::new(0), Pages::new());
    let diamond = |page| {
        fetched.fetch_add(1, Relaxed);
        Ok([&[2, 3][..], &[4, 5], &[4]]
            .get(page as usize - 1)
            .map_or(vec![], |links| links.to_vec()))
    };
    crawl(diamond, Duration::MAX, &mut pages);
    assert_eq!((fetched.into_inner(), pages.len()), (5, 5));

    let (stop, mut pages) = (CancelToken::new(), Pages::new());
    let stops = |page| {
        (page == 7).then(|| stop.cancel());
        fetch(page)
    };
    let end = stop.run(|| crawl(stops, Duration::MAX, &mut pages));
    assert_eq!((end.is_err(), pages.len()), (true, 3));
}
