//! What `select!` says of common mistakes: each message says what to do instead.
//!
//! The texts lie beside the programs in `ui/`. After a change, `TRYBUILD=overwrite` writes them anew.

#[test]
fn mistakes_are_explained() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/*.rs");
}
