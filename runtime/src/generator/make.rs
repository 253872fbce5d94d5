//! How a generator is made.

use crate::generator::handle::Generator;
use crate::generator::yielder::Yielder;
use crate::stack::GeneratorStack;

/// Makes an iterator of a closure that yields values, on a small stack of its own.
///
/// The closure runs inside [`next`](Iterator::next), as far as the next
/// [`yield_`](Yielder::yield_), and may do there what its caller may do: block, which parks the whole task,
/// recurse and yield from any depth, panic, which goes on in the caller of `next` with the same payload,
/// use other generators. To make one takes a stack; a `next` allocates nothing.
///
/// Its stack has 192 KiB, of which memory is taken page by page;
/// [`stack::grow`](crate::stack::grow()) gives more.
///
/// # Panics
/// When there is no address space, memory map or memory left for a stack; the message says what to
/// change.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{Yielder, generator};
///
/// enum Tree {
///     Leaf,
///     Node(Box<Tree>, u32, Box<Tree>),
/// }
///
/// fn walk(tree: &Tree, y: &mut Yielder<u32>) {
///     if let Tree::Node(left, value, right) = tree {
///         walk(left, y);
///         y.yield_(*value);
///         walk(right, y);
///     }
/// }
///
/// let node = |left, value, right| Tree::Node(Box::new(left), value, Box::new(right));
/// let tree = node(node(Tree::Leaf, 1, Tree::Leaf), 2, node(Tree::Leaf, 3, Tree::Leaf));
/// let values = generator(move |y| walk(&tree, y));
/// assert_eq!(values.collect::<Vec<_>>(), [1, 2, 3]);
/// ```
///
/// A generator can be leaked, so it borrows nothing:
///
/// ```compile_fail,E0597
/// let numbers = vec![1, 2, 3];
/// let borrowed = &numbers;
/// let mut squares = hueless_runtime::generator(move |y| {
///     for n in borrowed {
///         y.yield_(n * n);
///     }
/// });
/// squares.next();
/// ```
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let numbers = hueless_runtime::generator(|y| y.yield_(1));
/// hueless_runtime::spawn(move || numbers.count());
/// ```
///
/// ```compile_fail,E0277
/// fn is_sync<T: Sync>(_: T) {}
/// is_sync(hueless_runtime::generator(|y| y.yield_(1)));
/// ```
///
/// Only the generator's own code yields, not a task that it starts:
///
/// ```compile_fail,E0277
/// hueless_runtime::generator(|y| hueless_runtime::run(|| y.yield_(1))).count();
/// ```
pub fn generator<T, F>(f: F) -> Generator<T>
where
    T: 'static,
    F: FnOnce(&mut Yielder<T>) + 'static,
{
    let stack = GeneratorStack::take();
    let stack = stack.unwrap_or_else(|error| panic!("hueless: a generator has no stack: {error}"));
    // It is written to the top of the stack by who calls, whom no guard stops. What is too large is to
    // overflow the stack when it runs there, to be reported as any overflow.
    match size_of::<F>() {
        0..=LARGE => Generator::new(stack, f),
        _ => {
            let f = Box::new(f);
            Generator::new(stack, move |yielder| f(yielder))
        }
    }
}

/// Closures beyond this size are boxed.
const LARGE: usize = 16 << 10;
