//! Tests of the check itself, on made-up crates.

use std::path::Path;

use crate::graph::Graph;

/// The graph of a crate with these files, each a name and a text.
fn crate_of(files: &[(&str, &str)]) -> Graph {
    let read = |path: &Path| {
        let file = files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    crate::graph(Path::new("lib.rs"), &read)
}

#[test]
fn a_reexport_leads_to_the_file_that_defines_the_item() {
    let graph = crate_of(&[
        ("lib.rs", "mod store;"),
        ("store/mod.rs", "mod token; mod user; pub use token::Token;"),
        ("store/token.rs", "pub struct Token;"),
        ("store/user.rs", "use super::Token;"),
    ]);
    assert_eq!(graph.items("store/user.rs", "store/token.rs"), ["Token"]);
    assert!(graph.items("store/user.rs", "store/mod.rs").is_empty());
    assert!(graph.circles().is_empty());
}

#[test]
fn a_type_beside_the_declaration_of_its_user_makes_a_circle() {
    let graph = crate_of(&[
        (
            "lib.rs",
            "mod user; pub struct Token; fn start() { user::run(Token) }",
        ),
        ("user.rs", "use super::Token; pub fn run(_: Token) {}"),
    ]);
    let circles = graph.circles();
    assert_eq!(circles.len(), 1);
    let text = circles[0].describe(Path::new(""));
    assert!(text.contains("lib.rs takes run from user.rs"), "{text}");
    assert!(text.contains("user.rs takes Token from lib.rs"), "{text}");
}

#[test]
fn a_declaration_of_a_module_takes_nothing_from_it() {
    let graph = crate_of(&[
        ("lib.rs", "pub mod user; pub struct Token;"),
        ("user.rs", "use crate::Token;"),
    ]);
    assert!(graph.items("lib.rs", "user.rs").is_empty());
    assert!(graph.circles().is_empty());
}

#[test]
fn a_circle_over_three_files_is_one_circle() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::a::A; pub struct D;"),
    ]);
    let circles = graph.circles();
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].files().count(), 3);
}

#[test]
fn a_glob_takes_what_is_used_through_it() {
    let graph = crate_of(&[
        ("lib.rs", "mod one; mod two; mod user;"),
        (
            "one.rs",
            "pub use crate::two::*; pub struct One; pub struct Unused;",
        ),
        ("two.rs", "pub struct Two;"),
        ("user.rs", "use crate::one::*; fn f(_: One) { Two::new(); }"),
    ]);
    assert_eq!(graph.items("user.rs", "one.rs"), ["One"]);
    assert_eq!(graph.items("user.rs", "two.rs"), ["Two"]);
}

#[test]
fn a_glob_of_variants_takes_the_type() {
    let graph = crate_of(&[
        ("lib.rs", "mod kind; mod user;"),
        ("kind.rs", "pub enum Kind { One }"),
        ("user.rs", "use crate::kind::Kind::*;"),
    ]);
    assert_eq!(graph.items("user.rs", "kind.rs"), ["Kind"]);
}

#[test]
fn a_module_inside_of_a_file_counts_as_the_file() {
    let graph = crate_of(&[
        ("lib.rs", "mod outer; mod user;"),
        (
            "outer.rs",
            "pub mod inner { pub mod deeper { pub struct Item; } use crate::user::User; } pub struct Beside; \
             use self::inner::deeper::Item;",
        ),
        (
            "user.rs",
            "use crate::outer::inner::deeper; fn f() -> deeper::Item {} pub struct User;",
        ),
    ]);
    assert_eq!(graph.items("user.rs", "outer.rs"), ["Item"]);
    assert_eq!(graph.items("outer.rs", "user.rs"), ["User"]);
    assert_eq!(graph.circles().len(), 1);
}

#[test]
fn a_path_through_a_type_leads_to_the_type() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub struct Type; impl Type { pub fn new() {} }"),
        ("b.rs", "fn f() { crate::a::Type::new(); }"),
        ("c.rs", "use super::a; fn f() { let x = a::Type::new; }"),
    ]);
    assert_eq!(graph.items("b.rs", "a.rs"), ["Type"]);
    assert_eq!(graph.items("c.rs", "a.rs"), ["Type"]);
}

#[test]
fn a_renamed_import_and_a_module_of_the_same_name_as_an_item_are_followed() {
    let graph = crate_of(&[
        (
            "lib.rs",
            "mod claim; mod user; pub use claim::{claim, Claim as Act};",
        ),
        ("claim.rs", "pub fn claim() {} pub struct Claim;"),
        ("user.rs", "use crate::{Act, claim};"),
    ]);
    assert_eq!(graph.items("user.rs", "claim.rs"), ["Claim", "claim"]);
    assert!(graph.items("user.rs", "lib.rs").is_empty());
}

#[test]
fn paths_inside_of_macros_and_attributes_are_seen() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub const X: u8 = 1; pub fn parse() {}"),
        (
            "b.rs",
            "fn f(x: T) { println!(\"{}\", crate::a::X); x.parse() } #[arg(value_parser = crate::a::parse)] struct S;",
        ),
    ]);
    assert_eq!(graph.items("b.rs", "a.rs"), ["X", "parse"]);
}

#[test]
fn macros_found_by_their_order_are_seen() {
    let graph = crate_of(&[
        ("lib.rs", "#[macro_use] mod a; mod b;"),
        ("a.rs", "macro_rules! twice { ($x:expr) => { $x } }"),
        ("b.rs", "fn f() { twice!(1); }"),
    ]);
    assert_eq!(graph.items("b.rs", "a.rs"), ["twice"]);
}

#[test]
fn tests_may_reach_upwards() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "pub struct A; #[cfg(test)] mod tests { use crate::b::B; } #[cfg(all(test, unix))] mod more;",
        ),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert!(graph.items("a.rs", "b.rs").is_empty());
    assert!(graph.circles().is_empty());
}
