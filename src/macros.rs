//! The `go!` macro.

/// Starts a task that runs a closure, as Go's `go` statement does, and returns its
/// [`JoinHandle`](crate::task::JoinHandle). Dropping the handle detaches the task.
///
/// `go!(f)` is [`spawn(f)`](crate::spawn). Keys before the closure, in any order, set what
/// [`task::Builder`](crate::task::Builder) sets:
///
/// - `name`, anything that is `Into<String>`: the task's name in reports;
/// - `stack`, a `usize`: the usable bytes of its stack, rounded up to the next size there is, 64 KiB
///   at least. It is address space; memory is taken page by page as the task touches it.
///
/// Never blocks.
///
/// # Panics
/// When `stack` is more than the largest stack there is (somewhat less than 128 MiB), and when the
/// global runtime is needed and cannot be started. `task::Builder::spawn` returns an error instead.
///
/// # Examples
///
/// ```
/// use hueless::go;
///
/// let sum = go!(|| 1 + 1);
/// assert_eq!(sum.join().unwrap(), 2);
///
/// let n = 3;
/// let deep = go!(stack = 1 << 20, name = format!("w{n}"), move || {
///     hueless::task::current().name().map(str::to_owned)
/// });
/// assert_eq!(deep.join().unwrap().as_deref(), Some("w3"));
/// ```
///
/// What the task captures must be `Send` and `'static`, as with [`std::thread::spawn`]:
///
/// ```compile_fail,E0373
/// let text = String::from("borrowed");
/// hueless::go!(|| println!("{text}")); // rustc suggests `move`
/// ```
///
/// Other keys are refused:
///
/// ```compile_fail
/// hueless::go!(priority = 3, || ()); // unknown key `priority`: `go!` knows `name` and `stack`
/// ```
#[doc(alias = "goroutine")]
#[macro_export]
macro_rules! go {
    ($key:ident = $($rest:tt)*) => {
        $crate::__go_keys!($crate::task::Builder::new(); $key = $($rest)*)
    };
    ($f:expr $(,)?) => {
        $crate::spawn($f)
    };
    () => {
        ::core::compile_error!("`go!` needs a closure: go!(|| …)")
    };
}

/// Takes one key after the other off `go!`'s arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! __go_keys {
    ($builder:expr; name = $value:expr, $($rest:tt)+) => {
        $crate::__go_keys!($builder.name($value); $($rest)+)
    };
    ($builder:expr; stack = $value:expr, $($rest:tt)+) => {
        $crate::__go_keys!($builder.stack_size($value); $($rest)+)
    };
    ($builder:expr; name = $value:expr $(,)?) => {
        ::core::compile_error!("`go!` needs a closure after its keys: go!(name = …, || …)")
    };
    ($builder:expr; stack = $value:expr $(,)?) => {
        ::core::compile_error!("`go!` needs a closure after its keys: go!(stack = …, || …)")
    };
    ($builder:expr; $key:ident = $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "unknown key `",
            ::core::stringify!($key),
            "`: `go!` knows `name` and `stack`"
        ))
    };
    ($builder:expr; $f:expr $(,)?) => {
        match $builder.spawn($f) {
            ::core::result::Result::Ok(handle) => handle,
            ::core::result::Result::Err(error) => {
                ::core::panic!("`go!` cannot start the task: {error}")
            }
        }
    };
}
