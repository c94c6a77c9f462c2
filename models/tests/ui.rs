//! Wrong declarations do not compile, and say what to write instead.
//!
//! `TRYBUILD=overwrite cargo test -p patr-models --test ui` writes what the compiler says now; read it before you
//! commit it.

#[test]
fn a_wrong_declaration_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
