//! The modules of a crate: what each defines and imports, and which paths its code has.
//!
//! Code that only tests compile is left out.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Meta, UseTree};

/// The segments of a path such as `crate::store::Token`.
pub type Segments = Vec<String>;

/// The index of a module in [`Sources::modules`].
pub type Id = usize;

/// A module, which is a file or a part of one.
pub struct Module {
    pub file: PathBuf,
    pub parent: Option<Id>,
    pub children: Vec<(String, Id)>,
    pub items: HashSet<String>,
    /// The names of `use` declarations, with their paths.
    pub imports: Vec<(String, Segments)>,
    /// The paths before `::*`.
    pub globs: Vec<Segments>,
    /// The paths in its code.
    pub mentions: Vec<Segments>,
    /// The macros that are called by a name without a path.
    pub macro_calls: Vec<String>,
    /// The folder of its submodules' files.
    folder: PathBuf,
}

/// The modules of a crate; the first is its root.
pub struct Sources {
    pub modules: Vec<Module>,
    /// The files of macros that are in scope because they are declared earlier.
    pub macros: HashMap<String, PathBuf>,
}

impl Sources {
    /// Reads a crate, starting at its root file.
    pub fn load(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut sources = Self {
            modules: Vec::new(),
            macros: HashMap::new(),
        };
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        sources.load_file(root, None, folder, read);
        sources
    }

    fn load_file(
        &mut self,
        file: &Path,
        parent: Option<Id>,
        folder: PathBuf,
        read: &dyn Fn(&Path) -> Option<String>,
    ) -> Id {
        let text = read(file).unwrap_or_else(|| panic!("{} is not there", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let id = self.add(file.to_owned(), parent, folder);
        Reader {
            sources: self,
            current: id,
            read,
        }
        .visit_file(&parsed);
        id
    }

    fn add(&mut self, file: PathBuf, parent: Option<Id>, folder: PathBuf) -> Id {
        self.modules.push(Module {
            file,
            parent,
            children: Vec::new(),
            items: HashSet::new(),
            imports: Vec::new(),
            globs: Vec::new(),
            mentions: Vec::new(),
            macro_calls: Vec::new(),
            folder,
        });
        self.modules.len() - 1
    }
}

/// Reads the syntax of one module.
struct Reader<'a> {
    sources: &'a mut Sources,
    current: Id,
    read: &'a dyn Fn(&Path) -> Option<String>,
}

impl Reader<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.sources.modules[self.current]
    }

    fn submodule(&mut self, module: &ItemMod) {
        let name = module.ident.to_string();
        let current = self.current;
        let Module { file, folder, .. } = &self.sources.modules[current];
        let child = if let Some((_, items)) = &module.content {
            let (file, folder) = (file.clone(), folder.join(&name));
            let child = self.sources.add(file, Some(current), folder);
            self.current = child;
            for item in items {
                self.visit_item(item);
            }
            self.current = current;
            child
        } else if let Some(path) = named_path(&module.attrs) {
            let file = file.parent().unwrap_or(Path::new("")).join(path);
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            self.sources
                .load_file(&file, Some(current), folder, self.read)
        } else {
            let folder = folder.join(&name);
            let beside = folder.with_extension("rs");
            let inside = folder.join("mod.rs");
            let file = if (self.read)(&beside).is_some() {
                beside
            } else {
                inside
            };
            self.sources
                .load_file(&file, Some(current), folder, self.read)
        };
        self.module().children.push((name, child));
    }

    fn import(&mut self, tree: &UseTree, mut before: Segments) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.import(&path.tree, before);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().cloned().unwrap_or_default();
                self.module().imports.push((last, before));
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                before.push(name.clone());
                self.module().imports.push((name, before));
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    before.push(rename.ident.to_string());
                }
                self.module()
                    .imports
                    .push((rename.rename.to_string(), before));
            }
            UseTree::Glob(_) => self.module().globs.push(before),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before.clone());
                }
            }
        }
    }

    /// Adds the paths in the tokens of a macro call, which are not parsed.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let mut colons = 0;
        let mut after_dot = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.mention(&mut path);
                    }
                    if !after_dot {
                        path.push(ident.to_string());
                    }
                    (colons, after_dot) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) => {
                    self.mention(&mut path);
                    (colons, after_dot) = (0, punct.as_char() == '.');
                }
                TokenTree::Group(group) => {
                    self.mention(&mut path);
                    (colons, after_dot) = (0, false);
                    self.scan(group.stream());
                }
                TokenTree::Literal(_) => {
                    self.mention(&mut path);
                    (colons, after_dot) = (0, false);
                }
            }
        }
        self.mention(&mut path);
    }

    fn mention(&mut self, path: &mut Segments) {
        if !path.is_empty() {
            let path = std::mem::take(path);
            self.module().mentions.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if only_for_tests(attributes(item)) {
            return;
        }
        if let Some(name) = name(item) {
            self.module().items.insert(name);
        }
        match item {
            Item::Mod(module) => self.submodule(module),
            Item::Macro(definition) => {
                if let Some(name) = &definition.ident {
                    let file = self.module().file.clone();
                    self.sources.macros.insert(name.to_string(), file);
                }
                visit::visit_item(self, item);
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(function) => &function.attrs,
            syn::ImplItem::Const(constant) => &constant.attrs,
            _ => &Vec::new(),
        };
        if !only_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, Segments::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments: Segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.mention(&mut segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        if let Some(name) = call.path.get_ident() {
            self.module().macro_calls.push(name.to_string());
        }
        self.scan(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The path in `#[path = "…"]`.
fn named_path(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("path"))?;
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Whether an item has `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn only_for_tests(attributes: &[Attribute]) -> bool {
    let says_test = |tokens: &TokenStream| {
        let words: Vec<String> = tokens
            .clone()
            .into_iter()
            .map(|token| token.to_string())
            .collect();
        match words.as_slice() {
            [only] => only == "test",
            [all, rest] => {
                all == "all"
                    && rest
                        .trim_start_matches('(')
                        .trim_start()
                        .starts_with("test")
            }
            _ => false,
        }
    };
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && says_test(&list.tokens),
        Meta::Path(path) => path.is_ident("test"),
        Meta::NameValue(_) => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
