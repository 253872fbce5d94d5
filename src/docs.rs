#![doc = include_str!("docs/links.txt")]
#![doc = include_str!("../docs/README.md")]
// The pages of `docs/`, for rustdoc and as doctests.
//
// Their links lead to files of the repository. In rustdoc there are none, so `links.txt` comes before each
// page: the first definition of a link counts, and these lead to the pages and examples as rustdoc has them.
// Pictures go along as data, `img/*.b64`. The lane `ci/links` keeps all that together.

/// A page: its module, its file in `docs/`, and what is said of it in the list of modules.
macro_rules! pages {
    ($($module:ident, $file:literal, $summary:literal;)+) => {$(
        #[doc = $summary]
        ///
        #[doc = include_str!("docs/links.txt")]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $module {}
    )+};
}

pages! {
    examples, "examples.md", "Which examples there are.";
    javascript, "coming-from/javascript.md", "For those who come from JavaScript.";
    python, "coming-from/python.md", "For those who come from Python.";
    java, "coming-from/java.md", "For those who come from Java.";
    go, "coming-from/go.md", "For those who come from Go.";
    csharp, "coming-from/csharp.md", "For those who come from C#.";
    kotlin, "coming-from/kotlin.md", "For those who come from Kotlin.";
    swift, "coming-from/swift.md", "For those who come from Swift.";
    async_rust, "coming-from/async-rust.md", "For those who come from async Rust.";
    when, "guide/when.md", "When to use hueless, and when not.";
    tuning, "guide/tuning.md", "Stack sizes, workers, hints, metrics.";
    porting, "guide/porting.md", "How a program of threads moves over.";
    debugging, "guide/debugging.md", "What messages mean.";
}

/// The link of a picture, which holds the picture itself.
macro_rules! picture {
    ($name:literal) => {
        concat!(
            "[",
            $name,
            "-picture]: data:image/svg+xml;base64,",
            include_str!(concat!("../docs/guide/img/", $name, ".b64"))
        )
    };
}

/// Stacks, workers, park and ready, in pictures.
///
#[doc = picture!("stack")]
#[doc = picture!("workers")]
#[doc = picture!("park")]
#[doc = picture!("life")]
#[doc = include_str!("docs/links.txt")]
#[doc = include_str!("../docs/guide/model.md")]
pub mod model {}
