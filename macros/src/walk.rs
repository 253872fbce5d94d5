//! The loops of a body.
//!
//! A body is read token by token. Groups are read in the same way, whatever they mean, because loops
//! lie in arguments, closures and arms too; but some are copied as they are: what is given to a macro,
//! items, and what is evaluated at compile time.

use std::iter::Peekable;

use proc_macro::{
    Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree, token_stream,
};

use crate::head;

/// The tokens that are still to be read, and those to be written.
pub(crate) struct Walk {
    input: Peekable<token_stream::IntoIter>,
    output: Vec<TokenTree>,
}

/// The function's body, whose loops get their checkpoints; `None` if the group is no block.
pub(crate) fn block(group: &Group) -> Option<Group> {
    match group.delimiter() {
        Delimiter::Brace => Some(rebuild(group, walked(group.stream()))),
        // A block that a macro has handed on as a fragment.
        Delimiter::None => {
            let inner = only_block(group)?;
            Some(rebuild(group, TokenTree::from(block(&inner)?).into()))
        }
        _ => None,
    }
}

/// The block that is all a group without delimiters holds.
pub(crate) fn only_block(group: &Group) -> Option<Group> {
    let mut tokens = group.stream().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(inner)), None) if inner.delimiter() == Delimiter::Brace => {
            Some(inner)
        }
        _ => None,
    }
}

fn walked(stream: TokenStream) -> TokenStream {
    let mut walk = Walk::new(stream);
    while let Some(token) = walk.next() {
        walk.step(token);
    }
    walk.output.into_iter().collect()
}

/// `group` with other contents.
fn rebuild(group: &Group, stream: TokenStream) -> Group {
    let mut rebuilt = Group::new(group.delimiter(), stream);
    rebuilt.set_span(group.span());
    rebuilt
}

pub(crate) fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident.to_string() == name)
}

pub(crate) fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

/// Words that no macro is called, and after which a `!` means "not".
fn is_keyword(ident: &Ident) -> bool {
    const BEFORE_NOT: [&str; 12] = [
        "if", "while", "match", "return", "in", "break", "else", "let", "move", "mut", "yield",
        "as",
    ];
    BEFORE_NOT.contains(&ident.to_string().as_str())
}

impl Walk {
    fn new(stream: TokenStream) -> Self {
        Self {
            input: stream.into_iter().peekable(),
            output: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Option<TokenTree> {
        self.input.next()
    }

    pub(crate) fn peek(&mut self) -> Option<&TokenTree> {
        self.input.peek()
    }

    pub(crate) fn put(&mut self, token: impl Into<TokenTree>) {
        self.output.push(token.into());
    }

    /// Copies the next token as it is.
    pub(crate) fn copy(&mut self) {
        let next = self.next();
        self.output.extend(next);
    }

    /// Copies tokens as they are, up to and including the first that `last` recognises.
    pub(crate) fn copy_to(&mut self, mut last: impl FnMut(Option<&TokenTree>, &TokenTree) -> bool) {
        while let Some(token) = self.next() {
            let found = last(self.output.last(), &token);
            self.put(token);
            if found {
                return;
            }
        }
    }

    /// Writes `token`, which has just been read, and what belongs to it.
    pub(crate) fn step(&mut self, token: TokenTree) {
        match token {
            TokenTree::Ident(ident) => self.ident(ident),
            TokenTree::Punct(punct) => self.punct(punct),
            TokenTree::Group(group) => {
                let group = self.group(&group);
                self.put(group);
            }
            TokenTree::Literal(_) => self.put(token),
        }
    }

    fn ident(&mut self, ident: Ident) {
        let name = ident.to_string();
        self.put(ident.clone());
        match name.as_str() {
            "loop" => self.body(),
            "while" => {
                head::expression(self);
                self.body();
            }
            // Else it binds lifetimes: `for<'a> Fn(&'a str)`.
            "for" if !is_punct(self.peek(), '<') => {
                self.copy_to(|_, token| is_ident(Some(token), "in"));
                head::expression(self);
                self.body();
            }
            "impl" | "trait" | "mod" | "struct" | "enum" => self.rest_of_item(),
            // Else it is the type of a pointer: `fn(u32)`.
            "fn" if matches!(self.peek(), Some(TokenTree::Ident(_))) => self.rest_of_item(),
            "const" if is_group(self.peek(), Delimiter::Brace) => self.copy(),
            "const" | "static" => self.rest_of_constant(),
            _ if is_punct(self.peek(), '!') && !is_keyword(&ident) => self.macro_call(),
            _ => {}
        }
    }

    fn punct(&mut self, punct: Punct) {
        let char = punct.as_char();
        self.put(punct);
        match char {
            // A lifetime or a label: its name is no keyword.
            '\'' => self.copy(),
            // An attribute.
            '#' => {
                if is_punct(self.peek(), '!') {
                    self.copy();
                }
                if is_group(self.peek(), Delimiter::Bracket) {
                    self.copy();
                }
            }
            _ => {}
        }
    }

    /// A group with checkpoints in its loops.
    fn group(&self, group: &Group) -> Group {
        if group.delimiter() != Delimiter::Bracket {
            return rebuild(group, walked(group.stream()));
        }
        // The length of an array is evaluated at compile time.
        let mut walk = Walk::new(group.stream());
        while let Some(token) = walk.next() {
            if is_punct(Some(&token), ';') {
                walk.put(token);
                walk.copy_to(|_, _| false);
            } else {
                walk.step(token);
            }
        }
        rebuild(group, walk.output.into_iter().collect())
    }

    /// The body of a loop, which comes next, with a checkpoint at its start.
    fn body(&mut self) {
        let Some(TokenTree::Group(group)) = self.peek() else {
            return;
        };
        let (group, inner) = match group.delimiter() {
            Delimiter::Brace => (None, group.clone()),
            Delimiter::None => match only_block(group) {
                Some(inner) => (Some(group.clone()), inner),
                None => return,
            },
            _ => return,
        };
        self.next();
        let inner = rebuild(&inner, with_checkpoint(inner.stream()));
        match group {
            None => self.put(inner),
            Some(outer) => self.put(rebuild(&outer, TokenTree::from(inner).into())),
        }
    }

    /// What is given to a macro, after its name.
    pub(crate) fn macro_call(&mut self) {
        self.copy();
        // `macro_rules! name { … }`
        if matches!(self.peek(), Some(TokenTree::Ident(_))) {
            self.copy();
        }
        if matches!(self.peek(), Some(TokenTree::Group(_))) {
            self.copy();
        }
    }

    /// An item to its braces or semicolon. Braces between angle brackets are arguments of types.
    fn rest_of_item(&mut self) {
        let mut angles = 0;
        self.copy_to(|before, token| match token {
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' => angles += 1,
                    '>' if !is_punct(before, '-') => angles -= 1,
                    ';' => return true,
                    _ => {}
                }
                false
            }
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && angles == 0,
            _ => false,
        });
    }

    /// `const NAME: … = …;` and `static`, if it is one: not `*const T`, `const fn`.
    fn rest_of_constant(&mut self) {
        if is_ident(self.peek(), "mut") {
            self.copy();
        }
        let Some(TokenTree::Ident(name)) = self.peek() else {
            return;
        };
        if matches!(
            name.to_string().as_str(),
            "fn" | "unsafe" | "async" | "extern" | "move"
        ) {
            return;
        }
        self.copy();
        if is_punct(self.peek(), ':') {
            self.copy_to(|_, token| is_punct(Some(token), ';'));
        }
    }
}

/// The contents of a loop's body, after inner attributes `::hueless::checkpoint();` first.
fn with_checkpoint(stream: TokenStream) -> TokenStream {
    let mut walk = Walk::new(stream);
    while is_punct(walk.peek(), '#') {
        let mut rest = walk.input.clone();
        rest.next();
        if !is_punct(rest.next().as_ref(), '!') {
            break;
        }
        for _ in 0..3 {
            walk.copy();
        }
    }
    walk.output.extend(checkpoint());
    while let Some(token) = walk.next() {
        walk.step(token);
    }
    walk.output.into_iter().collect()
}

fn checkpoint() -> [TokenTree; 8] {
    let span = Span::mixed_site();
    let punct = |char, spacing| {
        let mut punct = Punct::new(char, spacing);
        punct.set_span(span);
        TokenTree::from(punct)
    };
    [
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        Ident::new("hueless", span).into(),
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        Ident::new("checkpoint", span).into(),
        Group::new(Delimiter::Parenthesis, TokenStream::new()).into(),
        punct(';', Spacing::Alone),
    ]
}
