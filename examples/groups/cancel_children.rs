//! Cancellation reaches children: through nested scopes, and through a tree of tokens.
//!
//! ```sh
//! cargo run --example cancel_children
//! ```
//!
//! Prints who ends when a task with children is cancelled, a branch of a tree of tokens, and its root. As
//! Go's contexts, but no function takes a `ctx`. What `go!` starts is nobody's child: give it a token.

use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::channel::{Receiver, Sender, unbounded};
use hueless::{go, scope, sleep};

/// Sends its name when it is dropped, by an unwinding too.
struct Ends<'a>(&'static str, &'a Sender<&'static str>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let _ = self.1.send(self.0);
    }
}

/// Works until it is cancelled. Sends its name when it begins, and again when it ends.
fn work(name: &'static str, names: &Sender<&'static str>) {
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
        s.spawn(|| scope(|s| drop(s.spawn(|| work("grandchild", &names)))));
        s.spawn(|| work("child", &names));
        work("parent", &names);
    }));
    next(3, &arrived); // all have begun
    parent.cancel();
    assert!(parent.join().unwrap_err().is_cancelled());
    next(3, &arrived)
}

/// Who ends when `left` is cancelled, and who when `root` is.
fn cancel_tokens() -> [Vec<&'static str>; 2] {
    let (names, arrived) = unbounded();
    let start = |name, token: &CancelToken| {
        let (names, token) = (names.clone(), token.clone());
        go!(move || token.run(|| work(name, &names)));
    };
    let root = CancelToken::new();
    let left = root.child();
    start("root", &root);
    start("left", &left);
    start("leaf", &left.child());
    start("right", &root.child());
    next(4, &arrived); // all have begun
    [left, root].map(|token| {
        token.cancel();
        next(2, &arrived)
    })
}

fn main() {
    let [by_left, by_root] = cancel_tokens();
    println!("a task with children is cancelled: {:?}", cancel_a_family());
    println!("the left branch of the tree is:    {by_left:?}");
    println!("its root is, too:                  {by_root:?}");
}

#[test]
fn children_end_with_their_parents() {
    assert_eq!(cancel_a_family(), ["child", "grandchild", "parent"]);
    assert_eq!(cancel_tokens(), [["leaf", "left"], ["right", "root"]]);
}
