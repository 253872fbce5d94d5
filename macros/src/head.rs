//! The head of a loop: the expression between `while` or `in` and the body.
//!
//! A struct literal cannot stand there, so braces are one of two things: an operand, where one is
//! expected (`while { ready() } && if a { b } else { c } { body }`), or else the body. Hence it is
//! enough to know after each token whether an operand is expected next, or one is there:
//!
//! | token | next |
//! | --- | --- |
//! | name, literal, parentheses, block, `?` | an operand is there |
//! | operator, `=`, `let` pattern, closure parameters | an operand is expected |
//! | `..`, `break` | one may come, but not a block |
//!
//! Angle brackets are arguments of types after `::` and in a type after `as`, and where an operand is
//! expected (`<T as Trait>::f()`); elsewhere they compare.

use proc_macro::{Delimiter, Group, Ident, Punct, Spacing, TokenTree};

use crate::walk::{Walk, is_group, is_punct, only_block};

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// An operand; braces are one.
    Operand,
    /// An operand; braces are the body.
    OperandButBlock,
    /// An operator, or the body.
    Operator,
}

/// Writes an expression up to the block behind it.
pub(crate) fn expression(walk: &mut Walk) {
    let mut head = Head {
        next: Next::Operand,
        in_type: false,
    };
    while let Some(token) = walk.peek() {
        if head.ends_before(token) {
            return;
        }
        let Some(token) = walk.next() else { return };
        match token {
            TokenTree::Ident(ident) => head.ident(walk, ident),
            TokenTree::Punct(punct) => head.punct(walk, punct),
            other => {
                walk.step(other);
                head.next = Next::Operator;
            }
        }
    }
}

struct Head {
    next: Next,
    /// After `as`.
    in_type: bool,
}

impl Head {
    fn ends_before(&self, token: &TokenTree) -> bool {
        match token {
            TokenTree::Group(group) => self.next != Next::Operand && is_block(group),
            // No expression goes beyond it: the program is wrong, and the compiler says how.
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        }
    }

    fn ident(&mut self, walk: &mut Walk, ident: Ident) {
        let name = ident.to_string();
        match name.as_str() {
            "let" => {
                walk.put(ident);
                // Not the `=` of `..=`.
                walk.copy_to(|before, token| is_punct(Some(token), '=') && !is_punct(before, '.'));
                self.next = Next::Operand;
            }
            "match" => {
                walk.put(ident);
                expression(walk);
                step(walk);
                self.next = Next::Operator;
            }
            "if" => {
                walk.put(ident);
                self.branches(walk);
                self.next = Next::Operator;
            }
            // With its body.
            "loop" | "while" | "for" => {
                walk.step(ident.into());
                self.next = Next::Operator;
            }
            "const" if is_group(walk.peek(), Delimiter::Brace) => {
                walk.step(ident.into());
                self.next = Next::Operator;
            }
            "as" => {
                walk.put(ident);
                self.in_type = true;
                self.next = Next::Operand;
            }
            "unsafe" | "async" | "move" | "mut" | "const" | "dyn" | "return" | "yield" => {
                walk.put(ident);
                self.next = Next::Operand;
            }
            "break" => {
                walk.put(ident);
                self.next = Next::OperandButBlock;
            }
            // With its arguments, if it is a macro's name.
            _ => {
                walk.step(ident.into());
                self.next = Next::Operator;
            }
        }
    }

    /// After `if`: condition, block, and all that `else` brings.
    fn branches(&mut self, walk: &mut Walk) {
        loop {
            expression(walk);
            step(walk);
            if !is_word(walk.peek(), "else") {
                return;
            }
            walk.copy();
            if is_word(walk.peek(), "if") {
                walk.copy();
            } else {
                step(walk);
                return;
            }
        }
    }

    fn punct(&mut self, walk: &mut Walk, punct: Punct) {
        let char = punct.as_char();
        let joint = punct.spacing() == Spacing::Joint;
        let doubled = joint && is_punct(walk.peek(), char);
        let expected = self.next != Next::Operator;
        match char {
            '\'' => {
                walk.step(punct.into());
                // A label; `break 'a` still expects something.
                return;
            }
            '#' => return walk.step(punct.into()),
            '?' => return walk.put(punct),
            '<' if expected || self.in_type => {
                walk.put(punct);
                type_arguments(walk);
                self.in_type = false;
                self.next = Next::Operator;
                return;
            }
            '|' if expected => {
                walk.put(punct);
                self.closure(walk, doubled);
                return;
            }
            '.' if doubled => {
                walk.put(punct);
                walk.copy();
                if is_punct(walk.peek(), '=') || is_punct(walk.peek(), '.') {
                    walk.copy();
                }
                self.next = Next::OperandButBlock;
                self.in_type = false;
                return;
            }
            _ => {}
        }
        walk.put(punct);
        // `||`, `<<`, `<=`: one operator, whose second half begins no operand.
        if joint && matches!(char, '|' | '<') {
            while is_punct(walk.peek(), char) || is_punct(walk.peek(), '=') {
                walk.copy();
            }
        }
        // A path goes on with a name or with arguments, whatever it is part of.
        if char != ':' {
            self.in_type = self.in_type && matches!(char, '&' | '*');
        }
        self.next = Next::Operand;
    }

    /// After the first `|` of a closure: its parameters and, if it says so, what it returns.
    fn closure(&mut self, walk: &mut Walk, empty: bool) {
        if empty {
            walk.copy();
        } else {
            walk.copy_to(|_, token| is_punct(Some(token), '|'));
        }
        if is_punct(walk.peek(), '-') {
            while !is_group(walk.peek(), Delimiter::Brace) && walk.peek().is_some() {
                walk.copy();
            }
        }
        self.next = Next::Operand;
    }
}

/// Arguments of a type after their `<`, with the `>` that closes them.
fn type_arguments(walk: &mut Walk) {
    let mut open = 1;
    walk.copy_to(|before, token| {
        if is_punct(Some(token), '<') {
            open += 1;
        } else if is_punct(Some(token), '>') && !is_punct(before, '-') {
            open -= 1;
        }
        open == 0
    });
}

/// The next token with what belongs to it.
fn step(walk: &mut Walk) {
    if let Some(token) = walk.next() {
        walk.step(token);
    }
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident.to_string() == word)
}

/// Braces, or a block that a macro has handed on as a fragment.
fn is_block(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => only_block(group).is_some(),
        _ => false,
    }
}
