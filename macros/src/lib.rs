//! The attribute macros of hueless. Programs use them through the `hueless` crate.
//!
//! There is one, so it is written by hand on the compiler's tokens: a parser for the whole of Rust
//! would take many times as long to build as this crate.
//!
//! - `item` finds the function's body, or says why there is none to work on;
//! - `walk` finds the loops in a body;
//! - `head` finds where the head of a loop ends and its body begins.

mod head;
mod item;
mod walk;

use proc_macro::TokenStream;

/// Inserts a `checkpoint()` at the start of each iteration of each loop of a function, so that a long
/// computation lets its neighbours run.
///
/// It stands before a function or a method that has a body. It sees `loop`, `while`, `while let` and
/// `for`, also in closures and async blocks of the function. Left alone are:
/// - items inside the function (`fn`, `impl`, `const`, …): functions among them may have an attribute
///   of their own;
/// - loops in what is given to a macro, such as `println!`, or comes out of one: what they mean is the
///   macro's business;
/// - iterations without a loop, such as `for_each` and recursion.
///
/// A checkpoint costs about a nanosecond and is a point of cancellation when it yields. A program that
/// has given the `hueless` crate another name cannot use the attribute.
///
/// # Errors
/// It does not compile on anything but a function, on a function without a body, on a `const fn`, which
/// cannot yield, and with arguments.
#[proc_macro_attribute]
pub fn preemptible(arguments: TokenStream, item: TokenStream) -> TokenStream {
    item::instrument(arguments, item).unwrap_or_else(|refusal| refusal.into_compile_error())
}
