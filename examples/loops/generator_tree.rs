//! Generators: two trees are walked side by side, by plain recursive code. Have they the same leaves?
//!
//! ```sh
//! cargo run --example generator_tree
//! ```
//!
//! Prints the answers, and how many leaves were looked at. The *same-fringe problem*, the classic
//! use of coroutines: Python's `yield from`, Lua's `coroutine.wrap`, C#'s `yield return`, Go's
//! `iter.Pull`. A generator has a stack of its own, so it yields from any depth, and is an `Iterator`.

use std::cell::Cell;
use std::rc::Rc;

use hueless::{Generator, Yielder, generator};

enum Tree {
    Leaf(u32),
    Node(Box<Tree>, Box<Tree>),
}
use Tree::{Leaf, Node};

fn node(left: Tree, right: Tree) -> Tree {
    Node(Box::new(left), Box::new(right))
}

fn walk(tree: &Tree, y: &mut Yielder<u32>) {
    match tree {
        Leaf(value) => y.yield_(*value),
        Node(left, right) => {
            walk(left, y);
            walk(right, y);
        }
    }
}

/// The leaves, from left to right, each when it is asked for. A generator owns what it works on.
fn leaves(tree: &Rc<Tree>) -> Generator<u32> {
    let tree = tree.clone();
    generator(move |y| walk(&tree, y))
}

/// Whether the leaves are the same, and how many of the first tree's were looked at: no more than it takes.
fn same_fringe(one: &Rc<Tree>, other: &Rc<Tree>) -> (bool, u32) {
    let looked_at = Cell::new(0);
    let counted = leaves(one).inspect(|_| looked_at.set(looked_at.get() + 1));
    let same = counted.eq(leaves(other));
    (same, looked_at.get())
}

/// The leaves `from..to`, as a list that leans to the left or to the right.
fn list(from: u32, to: u32, leans_left: bool) -> Rc<Tree> {
    let leaves = (from..to).map(Leaf);
    Rc::new(match leans_left {
        true => leaves.reduce(node).unwrap(),
        false => leaves.rev().reduce(|rest, leaf| node(leaf, rest)).unwrap(),
    })
}

fn main() {
    let (left, right) = (list(0, 500, true), list(0, 500, false));
    let (same, count) = same_fringe(&left, &right);
    println!("the same leaves in another shape: {same:5}, {count:3} looked at");
    let (same, count) = same_fringe(&left, &list(3, 500, false));
    println!("other leaves:                     {same:5}, {count:3} looked at");
}

#[test]
fn looks_at_no_more_than_it_takes() {
    let (left, right) = (list(0, 100, true), list(0, 100, false));
    assert_eq!(same_fringe(&left, &right), (true, 100));
    assert_eq!(same_fringe(&left, &list(1, 100, true)), (false, 1));
    main();
}
