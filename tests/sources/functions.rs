//! The length of each function outside tests.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn};

use crate::files::Source;

/// Each function of a file, as `file: function`, with the number of its lines.
pub fn lengths(source: &Source) -> Vec<(String, usize)> {
    let file = syn::parse_file(&source.text).unwrap_or_else(|e| panic!("{}: {e}", source.path));
    let mut lengths = Lengths {
        path: &source.path,
        found: Vec::new(),
    };
    lengths.visit_file(&file);
    lengths.found
}

struct Lengths<'a> {
    path: &'a str,
    found: Vec<(String, usize)>,
}

impl Lengths<'_> {
    fn add(&mut self, signature: &Signature, block: &Block) {
        let line = |span: Span| span.start().line;
        let first = line(signature.span());
        let last = block.span().end().line;
        self.found.push((
            format!("{}: {}", self.path, signature.ident),
            last - first + 1,
        ));
    }
}

impl<'ast> Visit<'ast> for Lengths<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_test(&function.attrs) {
            self.add(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            self.add(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
}

/// Whether an item has `#[test]` or `#[cfg(test)]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg_test = || {
            attribute.path().is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.to_string().contains("test"))
        };
        attribute.path().is_ident("test") || is_cfg_test()
    })
}
