//! Cancellation reaches children: through nested scopes, and through a tree of tokens.
//!
//! ```sh
//! cargo run --example cancel_children
//! ```
//!
//! Prints who ends when a task with children is cancelled; when one branch of a tree of tokens is;
//! and when its root is. As Go's tree of contexts, but no function takes a `ctx`. What `go!` starts is
//! nobody's child: give it a token.

use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::channel::{Receiver, Sender, unbounded};
use hueless::{go, scope, sleep};

/// Works until it is cancelled. Sends its name when it begins, and again when it ends.
fn work(name: &'static str, names: &Sender<&'static str>) {
    struct Ends<'a>(&'static str, &'a Sender<&'static str>);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            let _ = self.1.send(self.0); // while the task unwinds
        }
    }
    let _ends = Ends(name, names);
    let _ = names.send(name);
    sleep(Duration::MAX);
}

fn next(count: usize, names: &Receiver<&'static str>) -> Vec<&'static str> {
    let mut next: Vec<_> = names.iter().take(count).collect();
    next.sort();
    next
}

fn cancel_a_family() -> Vec<&'static str> {
    let (names, arrived) = unbounded();
    let parent = go!(move || scope(|s| {
        s.spawn(|| {
            scope(|s| {
                s.spawn(|| work("grandchild", &names));
                work("child", &names);
            });
        });
        work("parent", &names);
    }));
    next(3, &arrived); // all have begun
    parent.cancel();
    assert!(parent.join().unwrap_err().is_cancelled());
    next(3, &arrived)
}

/// Who ends when `left` is cancelled, and who when `root` is.
fn cancel_tokens() -> [Vec<&'static str>; 2] {
    let root = CancelToken::new();
    let (left, right) = (root.child(), root.child());
    let leaf = left.child();
    let (names, arrived) = unbounded();
    for (name, token) in [
        ("root", &root),
        ("left", &left),
        ("leaf", &leaf),
        ("right", &right),
    ] {
        let (token, names) = (token.clone(), names.clone());
        go!(move || token.run(|| work(name, &names)));
    }
    next(4, &arrived); // all have begun
    [left, root].map(|token| {
        token.cancel();
        next(2, &arrived)
    })
}

fn main() {
    println!(
        "a task is cancelled:      {} end",
        cancel_a_family().join(", ")
    );
    let [by_left, by_root] = cancel_tokens();
    println!("the left token is:        {} end", by_left.join(", "));
    println!("and then the root's:      {} end", by_root.join(", "));
}

#[test]
fn children_end_with_their_parents() {
    assert_eq!(cancel_a_family(), ["child", "grandchild", "parent"]);
    assert_eq!(cancel_tokens(), [["leaf", "left"], ["right", "root"]]);
}
