//! The item that the attribute stands before.
//!
//! ```text
//! #[attribute]* visibility? qualifier* fn name … { body }
//!                           ^ const is refused      ^ the last token: what comes before may hold
//!                                                     braces too, as in `-> Array<{ N }>`
//! ```

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::walk;

/// Why the attribute does not go there.
pub(crate) struct Refusal {
    reason: &'static str,
    at: Span,
    /// What the attribute stands before, so that the names it defines are not missed as well.
    item: TokenStream,
}

impl Refusal {
    /// `::core::compile_error! { "reason" }` at the place that is to blame, before the item.
    pub(crate) fn into_compile_error(self) -> TokenStream {
        let punct = |char, spacing| TokenTree::from(Punct::new(char, spacing));
        let name = |name| TokenTree::from(Ident::new(name, self.at));
        let reason = TokenStream::from(TokenTree::from(Literal::string(self.reason)));
        let tokens = [
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            name("core"),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            name("compile_error"),
            punct('!', Spacing::Alone),
            Group::new(Delimiter::Brace, reason).into(),
        ];
        let error = tokens.into_iter().map(|mut token| {
            token.set_span(self.at);
            token
        });
        error.chain(self.item).collect()
    }
}

/// The item with checkpoints in its loops.
pub(crate) fn instrument(
    arguments: TokenStream,
    item: TokenStream,
) -> Result<TokenStream, Refusal> {
    let refuse = |reason, at| Refusal {
        reason,
        at,
        item: item.clone(),
    };
    if let Some(first) = arguments.into_iter().next() {
        return Err(refuse("`preemptible` takes no arguments", first.span()));
    }
    let mut tokens: Vec<TokenTree> = without_wrapping(item.clone()).into_iter().collect();
    match kind(&tokens) {
        Kind::Function => {}
        Kind::ConstFunction(at) => {
            return Err(refuse(
                "`preemptible` cannot be put on a `const fn`: one that is evaluated at compile time \
                 cannot yield",
                at,
            ));
        }
        Kind::Other(at) => {
            return Err(refuse(
                "`preemptible` goes before a function or a method: `#[preemptible] fn …`",
                at,
            ));
        }
    }
    let body = match tokens.pop() {
        Some(TokenTree::Group(group)) => walk::block(&group),
        _ => None,
    };
    let Some(body) = body else {
        return Err(refuse(
            "`preemptible` needs a function with a body, whose loops it can change",
            Span::call_site(),
        ));
    };
    tokens.push(body.into());
    Ok(tokens.into_iter().collect())
}

/// The item itself, if a macro has handed it on as a fragment.
fn without_wrapping(item: TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            without_wrapping(group.stream())
        }
        _ => item,
    }
}

enum Kind {
    Function,
    ConstFunction(Span),
    Other(Span),
}

/// What the tokens begin.
fn kind(tokens: &[TokenTree]) -> Kind {
    let mut constant = None;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => match ident.to_string().as_str() {
                "fn" => return constant.map_or(Kind::Function, Kind::ConstFunction),
                "const" => constant = Some(ident.span()),
                "pub" | "crate" | "default" | "async" | "unsafe" | "safe" | "extern" => {}
                _ => return Kind::Other(ident.span()),
            },
            // Attributes, `pub(crate)`, and a visibility that a macro has handed on; no braces yet.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {}
            TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => {}
            // The ABI.
            TokenTree::Literal(_) => {}
            other => return Kind::Other(other.span()),
        }
    }
    Kind::Other(Span::call_site())
}
