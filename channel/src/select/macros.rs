//! The grammar of `select!`, and the code it becomes.
//!
//! Three macros, each a list of rules that call themselves with a tag first:
//!
//! - `select!` and `select_biased!`: the entrances.
//! - `__select_parse!`: `@cases` takes the input apart case by case and makes each body a block;
//!   `@case` checks a case and files it as `[recv (receiver) (pattern) {body}]`, `[send (sender)
//!   (message) (pattern) {body}]` or, apart from those, the default; `@wrong` finds words for what
//!   neither could read.
//! - `__select_expand!`: `@choose` takes the short way for a single receive; `@bind` evaluates the
//!   senders and receivers and makes the engine's cases; `@run` selects; `@body` finishes the
//!   selected case and runs its body.
//!
//! Bodies, patterns and messages appear once in the expansion, outside any closure, so `break`,
//! `return`, `continue` and `?` mean in them what they mean around the macro.

/// Waits for several channel operations and carries out exactly one of them.
///
/// | case | selected when | then |
/// | --- | --- | --- |
/// | `recv(receiver) -> pattern => body` | there is a message, or the channel is disconnected | `pattern` is bound to a `Result<T, RecvError>` |
/// | `send(sender, message) -> pattern => body` | there is room, or the channel is disconnected | `message` is evaluated and sent, `pattern` is bound to a `Result<(), SendError<T>>` |
/// | … with a receiver of [`broadcast`](mod@crate::broadcast) or [`watch`](mod@crate::watch) | its `recv` would return | `pattern` is bound to what that returns |
/// | `default => body` | no other case can be selected | |
/// | `default(duration) => body` | no other case could be selected for so long | |
///
/// Cases are separated by commas, which may be left out after a body in braces. If several can be
/// selected, one of them is chosen at random; [`select_biased!`](crate::select_biased!) chooses
/// the first. There may be one `default`, or none. The macro is an expression, with the value of
/// the body that was run.
///
/// Senders and receivers are evaluated once each, in their order; references to them will do, any
/// number of them. `message` is evaluated only in the case that was selected, after that: a
/// receiver that was met waits for it. If the evaluation panics or leaves the macro by `break`,
/// `return` or `?`, nothing is sent, and that receiver goes on waiting.
///
/// Blocks the current task, or thread, until a case is selected, unless there is a `default`. The
/// same channel may occur in several cases; a `send` and a `recv` of one select never meet.
///
/// # Examples
///
/// ```
/// use hueless_channel::{select, unbounded};
///
/// let (numbers, next_number) = unbounded();
/// let (quit, stop) = unbounded::<()>();
/// for i in 0..3 {
///     numbers.send(i).unwrap();
/// }
///
/// let mut sum = 0;
/// let last = loop {
///     select! {
///         recv(next_number) -> number => sum += number.unwrap(),
///         recv(stop) -> _ => break "stopped",
///         default => break "nothing to do",
///     }
/// };
/// assert_eq!((sum, last), (3, "nothing to do"));
/// # drop(quit);
/// ```
///
/// Whatever comes first, with a time limit:
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use hueless_channel::{bounded, select};
///
/// let (s1, r1) = bounded::<&str>(0);
/// let (s2, r2) = bounded::<&str>(0);
/// let other = thread::spawn(move || r2.recv());
///
/// let what = select! {
///     recv(r1) -> message => message.unwrap(),
///     send(s2, "hello") -> result => {
///         result.unwrap();
///         "said hello"
///     }
///     default(Duration::from_secs(60)) => "gave up",
/// };
/// assert_eq!(what, "said hello");
/// assert_eq!(other.join().unwrap(), Ok("hello"));
/// # drop(s1);
/// ```
///
/// Mistakes that are found when it is compiled:
///
/// ```compile_fail
/// // A `select!` needs a case.
/// hueless_channel::select! {}
/// ```
///
/// ```compile_fail
/// // A receive gives a result: `recv(r) -> message => ..`.
/// let (s, r) = hueless_channel::unbounded::<i32>();
/// hueless_channel::select! { recv(r) => {} }
/// ```
///
/// ```compile_fail
/// // A send needs a message: `send(s, message) -> result => ..`.
/// let (s, r) = hueless_channel::unbounded::<i32>();
/// hueless_channel::select! { send(s) -> _ => {} }
/// ```
///
/// ```compile_fail
/// // Only one `default`.
/// hueless_channel::select! { default => {} default => {} }
/// ```
///
/// ```compile_fail
/// // Commas between cases, not semicolons.
/// let (s, r) = hueless_channel::unbounded::<i32>();
/// hueless_channel::select! { recv(r) -> _ => {}; default => {} }
/// ```
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => {
        $crate::__select_parse!(@start false ($($tokens)*))
    };
}

/// Waits for several channel operations and carries out the first one that can go on.
///
/// As [`select!`](crate::select!), except that of several cases that can be selected it chooses
/// the one that comes first in the source.
///
/// # Examples
///
/// ```
/// use hueless_channel::{select_biased, unbounded};
///
/// let (urgent, r1) = unbounded();
/// let (usual, r2) = unbounded();
/// usual.send("later").unwrap();
/// urgent.send("at once").unwrap();
/// let first = select_biased! {
///     recv(r1) -> message => message,
///     recv(r2) -> message => message,
/// };
/// assert_eq!(first, Ok("at once"));
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($tokens:tt)*) => {
        $crate::__select_parse!(@start true ($($tokens)*))
    };
}

/// For programs that use crossbeam-channel's internal macro (its own test-suite does).
#[doc(hidden)]
#[macro_export]
macro_rules! crossbeam_channel_internal {
    ($($tokens:tt)*) => {
        $crate::__select_parse!(@start _IS_BIASED ($($tokens)*))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select_parse {
    (@start $biased:tt ()) => {
        ::core::compile_error!("`select!` needs at least one case")
    };
    (@start $biased:tt $input:tt) => {
        $crate::__select_parse!(@cases $input $biased () ())
    };

    // ---- @cases (input) biased (filed cases) (filed default)
    (@cases () $biased:tt $cases:tt $default:tt) => {
        $crate::__select_expand!(@choose $biased $cases $default)
    };
    (@cases (default => $($rest:tt)*) $($filed:tt)*) => {
        $crate::__select_parse!(@cases (default() => $($rest)*) $($filed)*)
    };
    (@cases
        ($kind:ident ($($args:tt)*) $(-> $res:pat)? => { $($body:tt)* }, $($rest:tt)*)
        $($filed:tt)*
    ) => {
        $crate::__select_parse!(
            @case [$kind ($($args)*) ($($res)?) { $($body)* }] ($($rest)*) $($filed)*
        )
    };
    (@cases
        ($kind:ident ($($args:tt)*) $(-> $res:pat)? => $body:expr, $($rest:tt)*)
        $($filed:tt)*
    ) => {
        $crate::__select_parse!(
            @case [$kind ($($args)*) ($($res)?) { $body }] ($($rest)*) $($filed)*
        )
    };
    (@cases
        ($kind:ident ($($args:tt)*) $(-> $res:pat)? => { $($body:tt)* } $($rest:tt)*)
        $($filed:tt)*
    ) => {
        $crate::__select_parse!(
            @case [$kind ($($args)*) ($($res)?) { $($body)* }] ($($rest)*) $($filed)*
        )
    };
    (@cases ($kind:ident ($($args:tt)*) $(-> $res:pat)? => $body:expr) $($filed:tt)*) => {
        $crate::__select_parse!(@case [$kind ($($args)*) ($($res)?) { $body }] () $($filed)*)
    };
    (@cases ($($input:tt)*) $($filed:tt)*) => {
        $crate::__select_parse!(@begin $($input)*)
    };

    // ---- @case [kind (arguments) (pattern) {body}] (rest of the input) biased (cases) (default)
    (@case
        [recv ($r:expr $(,)?) ($res:pat) $body:tt]
        $rest:tt $biased:tt ($($cases:tt)*) $default:tt
    ) => {
        $crate::__select_parse!(
            @cases $rest $biased ($($cases)* [recv ($r) ($res) $body]) $default
        )
    };
    (@case
        [send ($s:expr, $msg:expr $(,)?) ($res:pat) $body:tt]
        $rest:tt $biased:tt ($($cases:tt)*) $default:tt
    ) => {
        $crate::__select_parse!(
            @cases $rest $biased ($($cases)* [send ($s) ($msg) ($res) $body]) $default
        )
    };
    (@case [default () () $body:tt] $rest:tt $biased:tt $cases:tt ()) => {
        $crate::__select_parse!(@cases $rest $biased $cases (now $body))
    };
    (@case [default ($timeout:expr $(,)?) () $body:tt] $rest:tt $biased:tt $cases:tt ()) => {
        $crate::__select_parse!(@cases $rest $biased $cases (after ($timeout) $body))
    };
    (@case [default $args:tt () $body:tt] $rest:tt $biased:tt $cases:tt ()) => {
        ::core::compile_error!(
            "`default` takes a duration, `default(duration) => ..`, or nothing, `default => ..`"
        )
    };
    (@case [default $args:tt () $body:tt] $rest:tt $biased:tt $cases:tt $default:tt) => {
        ::core::compile_error!("`select!` can have only one `default`")
    };
    (@case [default $args:tt $res:tt $body:tt] $($state:tt)*) => {
        ::core::compile_error!("`default` has no result: write `default => ..`, without `->`")
    };
    (@case [recv $args:tt () $body:tt] $($state:tt)*) => {
        ::core::compile_error!("`recv` has a result: write `recv(receiver) -> message => ..`")
    };
    (@case [recv $args:tt $res:tt $body:tt] $($state:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`recv` takes a receiver, `recv(receiver) -> message => ..`, but this one has `",
            ::core::stringify!($args),
            "`",
        ))
    };
    (@case [send $args:tt () $body:tt] $($state:tt)*) => {
        ::core::compile_error!("`send` has a result: write `send(sender, message) -> result => ..`")
    };
    (@case [send $args:tt $res:tt $body:tt] $($state:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`send` takes a sender and a message, `send(sender, message) -> result => ..`, ",
            "but this one has `",
            ::core::stringify!($args),
            "`",
        ))
    };
    (@case [$kind:ident $($case:tt)*] $($state:tt)*) => {
        $crate::__select_parse!(@begin $kind)
    };

    // ---- @begin input, from the case that cannot be read
    (@begin recv $($rest:tt)*) => { $crate::__select_parse!(@wrong recv $($rest)*) };
    (@begin send $($rest:tt)*) => { $crate::__select_parse!(@wrong send $($rest)*) };
    (@begin default $($rest:tt)*) => { $crate::__select_parse!(@wrong default $($rest)*) };
    (@begin ; $($rest:tt)*) => { $crate::__select_parse!(@wrong ;) };
    (@begin , $($rest:tt)*) => {
        ::core::compile_error!("there is no case before this comma in `select!`")
    };
    (@begin $other:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "a case of `select!` begins with `recv`, `send` or `default`, not with `",
            ::core::stringify!($other),
            "`",
        ))
    };

    // ---- @wrong input, which begins with the name of a case, or is a semicolon
    (@wrong recv) => {
        ::core::compile_error!("`recv` needs a receiver: `recv(receiver) -> message => ..`")
    };
    (@wrong send) => {
        ::core::compile_error!(
            "`send` needs a sender and a message: `send(sender, message) -> result => ..`"
        )
    };
    (@wrong default) => {
        ::core::compile_error!("`default` needs a body: `default => ..`")
    };
    (@wrong recv => $($rest:tt)*) => { $crate::__select_parse!(@wrong recv) };
    (@wrong recv -> $($rest:tt)*) => { $crate::__select_parse!(@wrong recv) };
    (@wrong send => $($rest:tt)*) => { $crate::__select_parse!(@wrong send) };
    (@wrong send -> $($rest:tt)*) => { $crate::__select_parse!(@wrong send) };
    (@wrong default $(($($args:tt)*))? -> $($rest:tt)*) => {
        ::core::compile_error!("`default` has no result: write `default => ..`, without `->`")
    };
    (@wrong ;) => {
        ::core::compile_error!("the cases of `select!` are separated by commas, not by semicolons")
    };
    (@wrong $kind:ident ($($args:tt)*) $(-> $res:pat)? => $body:expr; $($rest:tt)*) => {
        $crate::__select_parse!(@wrong ;)
    };
    (@wrong $kind:ident ($($args:tt)*)) => {
        ::core::compile_error!(::core::concat!(
            "the case `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            "` ends before its `=>` and its body",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) -> => $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            " ->` a pattern for the result is missing",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) $(-> $res:pat)?) => {
        ::core::compile_error!(::core::concat!(
            "the case `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            "` ends before its `=>` and its body",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) $(-> $res:pat)? =>) => {
        ::core::compile_error!(::core::concat!(
            "after `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            " .. =>` a body is missing",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) $(-> $res:pat)? => , $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            " .. =>` a body is missing",
        ))
    };
    (@wrong $kind:ident $args:tt $(-> $res:pat)? => recv $more:tt -> $($rest:tt)*) => {
        $crate::__select_parse!(@wrong $kind $args =>)
    };
    (@wrong $kind:ident $args:tt $(-> $res:pat)? => send $more:tt -> $($rest:tt)*) => {
        $crate::__select_parse!(@wrong $kind $args =>)
    };
    (@wrong $kind:ident $args:tt $(-> $res:pat)? => default => $($rest:tt)*) => {
        $crate::__select_parse!(@wrong $kind $args =>)
    };
    (@wrong $kind:ident $args:tt $(-> $res:pat)? => default $more:tt => $($rest:tt)*) => {
        $crate::__select_parse!(@wrong $kind $args =>)
    };
    (@wrong $kind:ident ($($args:tt)*) $(-> $res:pat)? => $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "a comma is missing after the body of `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            "`: it may be left out only after a body in braces",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) -> $res:tt if $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "a case of `select!` has no `if`: write a `match` into the body of `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")`",
        ))
    };
    (@wrong $kind:ident ($($args:tt)*) ->) => {
        $crate::__select_parse!(@wrong $kind ($($args)*) -> => )
    };
    (@wrong $kind:ident ($($args:tt)*) -> $res:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `",
            ::core::stringify!($kind), "(", ::core::stringify!($($args)*), ")",
            " ->` there should be a pattern and `=>`, not `",
            ::core::stringify!($res $($rest)*),
            "`",
        ))
    };
    (@wrong recv ($($args:tt)*) $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `recv(", ::core::stringify!($($args)*), ")` there should be `-> message => ..`",
        ))
    };
    (@wrong send ($($args:tt)*) $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `send(", ::core::stringify!($($args)*), ")` there should be `-> result => ..`",
        ))
    };
    (@wrong default ($($args:tt)*) $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "after `default(", ::core::stringify!($($args)*), ")` there should be `=> ..`",
        ))
    };
    (@wrong recv $($rest:tt)*) => { $crate::__select_parse!(@wrong recv) };
    (@wrong send $($rest:tt)*) => { $crate::__select_parse!(@wrong send) };
    (@wrong default $($rest:tt)*) => {
        ::core::compile_error!(
            "after `default` there should be `=> ..`, or a duration as in `default(duration) => ..`"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select_expand {
    // ---- @choose biased (cases) (default)
    (@choose $biased:tt ([recv ($r:expr) ($res:pat) $body:tt]) ()) => {
        match $r {
            ref _r => {
                let _res = _r.receive_in_select().alone();
                let $res = _res;
                $body
            }
        }
    };
    (@choose $biased:tt ([recv ($r:expr) ($res:pat) $body:tt]) (now $default:tt)) => {
        match $r {
            ref _r => match _r.receive_in_select().alone_now() {
                ::core::option::Option::Some(_res) => {
                    let $res = _res;
                    $body
                }
                ::core::option::Option::None => $default,
            },
        }
    };
    (@choose $biased:tt ([recv ($r:expr) ($res:pat) $body:tt]) (after ($time:expr) $default:tt)) => {
        match $r {
            ref _r => match _r.receive_in_select().alone_within($time) {
                ::core::option::Option::Some(_res) => {
                    let $res = _res;
                    $body
                }
                ::core::option::Option::None => $default,
            },
        }
    };
    (@choose $biased:tt ($($cases:tt)*) $default:tt) => {
        $crate::__select_expand!(
            @bind ($($cases)*) $biased $default ()
            (0 _case0) (1 _case1) (2 _case2) (3 _case3) (4 _case4) (5 _case5) (6 _case6)
            (7 _case7) (8 _case8) (9 _case9) (10 _case10) (11 _case11) (12 _case12) (13 _case13)
            (14 _case14) (15 _case15) (16 _case16) (17 _case17) (18 _case18) (19 _case19)
            (20 _case20) (21 _case21) (22 _case22) (23 _case23) (24 _case24) (25 _case25)
            (26 _case26) (27 _case27) (28 _case28) (29 _case29) (30 _case30) (31 _case31)
        )
    };

    // ---- @bind (cases) biased (default) (bound cases) labels..
    (@bind () $biased:tt $default:tt $bound:tt $($labels:tt)*) => {
        $crate::__select_expand!(@run $biased $default $bound)
    };
    (@bind
        ([recv ($r:expr) $res:tt $body:tt] $($cases:tt)*)
        $biased:tt $default:tt ($($bound:tt)*) ($index:tt $case:ident) $($labels:tt)*
    ) => {
        match $r {
            ref _r => {
                let mut $case = _r.receive_in_select();
                $crate::__select_expand!(
                    @bind ($($cases)*) $biased $default
                    ($($bound)* [$index $case recv $res $body]) $($labels)*
                )
            }
        }
    };
    (@bind
        ([send ($s:expr) $msg:tt $res:tt $body:tt] $($cases:tt)*)
        $biased:tt $default:tt ($($bound:tt)*) ($index:tt $case:ident) $($labels:tt)*
    ) => {
        match $s {
            ref _s => {
                let mut $case = _s.send_in_select();
                $crate::__select_expand!(
                    @bind ($($cases)*) $biased $default
                    ($($bound)* [$index $case send $msg $res $body]) $($labels)*
                )
            }
        }
    };
    (@bind $cases:tt $biased:tt $default:tt $bound:tt) => {
        ::core::compile_error!("`select!` can have at most 32 cases")
    };

    // ---- @run biased (default) (bound cases)
    (@run $biased:tt () ($([$index:tt $case:ident $($rest:tt)*])*)) => {{
        let _selected = $crate::internal::select(&mut [$($case.entry()),*], $biased);
        $crate::__select_expand!(@body _selected $([$index $case $($rest)*])*)
    }};
    (@run $biased:tt (now $default:tt) ($([$index:tt $case:ident $($rest:tt)*])*)) => {{
        let _selected = $crate::internal::try_select(&mut [$($case.entry()),*], $biased);
        match _selected {
            ::core::option::Option::Some(_selected) => {
                $crate::__select_expand!(@body _selected $([$index $case $($rest)*])*)
            }
            ::core::option::Option::None => $default,
        }
    }};
    (@run
        $biased:tt (after ($time:expr) $default:tt) ($([$index:tt $case:ident $($rest:tt)*])*)
    ) => {{
        let _time: ::core::time::Duration = $time;
        let _selected =
            $crate::internal::select_timeout(&mut [$($case.entry()),*], _time, $biased);
        match _selected {
            ::core::option::Option::Some(_selected) => {
                $crate::__select_expand!(@body _selected $([$index $case $($rest)*])*)
            }
            ::core::option::Option::None => $default,
        }
    }};

    // ---- @body selected bound cases..
    (@body $selected:ident) => {{
        let _: usize = $selected;
        ::core::unreachable!("a select ends with one of its cases")
    }};
    (@body $selected:ident [$index:tt $case:ident recv ($res:pat) $body:tt] $($cases:tt)*) => {
        if $selected == $index {
            let _res = $case.finish();
            let $res = _res;
            $body
        } else {
            $crate::__select_expand!(@body $selected $($cases)*)
        }
    };
    (@body
        $selected:ident [$index:tt $case:ident send ($msg:expr) ($res:pat) $body:tt] $($cases:tt)*
    ) => {
        if $selected == $index {
            let _committed = $case.finish();
            // A message that is never made is not worth a warning.
            #[allow(unreachable_code)]
            let _res = _committed.send($msg);
            let $res = _res;
            $body
        } else {
            $crate::__select_expand!(@body $selected $($cases)*)
        }
    };
}
