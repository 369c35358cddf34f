//! Resolves a path to the file that defines the item, through `use`, `pub use` and globs.

use std::collections::HashSet;
use std::path::Path;

use crate::tree::{Id, Sources};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Module(Id),
    /// The module that defines an item, and the item's name.
    Item(Id, String),
}

/// Resolves one path; it remembers the names it is resolving, so that it ends.
pub struct Resolver<'a> {
    sources: &'a Sources,
    resolving: HashSet<(Id, String)>,
}

impl<'a> Resolver<'a> {
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            resolving: HashSet::new(),
        }
    }

    /// What a path in this module names; nothing for an item of another crate.
    pub fn resolve(&mut self, from: Id, path: &[String]) -> Vec<Target> {
        let Some((first, mut rest)) = path.split_first() else {
            return Vec::new();
        };
        let mut found = match first.as_str() {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(from)],
            "super" => self.parent(from),
            name => self.look_up(from, name),
        };
        while let Some((next, after)) = rest.split_first() {
            let modules: Vec<Id> = found.iter().filter_map(module).collect();
            if modules.is_empty() {
                break;
            }
            found = modules
                .into_iter()
                .flat_map(|id| self.member(id, next))
                .collect();
            rest = after;
        }
        found
    }

    fn parent(&self, of: Id) -> Vec<Target> {
        self.sources.modules[of]
            .parent
            .map(Target::Module)
            .into_iter()
            .collect()
    }

    /// What a name in a module names. If the module does not have it, a macro has made it there.
    fn member(&mut self, of: Id, name: &str) -> Vec<Target> {
        if name == "super" {
            return self.parent(of);
        }
        let found = self.look_up(of, name);
        if found.is_empty()
            && !self.resolving.contains(&(of, name.to_owned()))
            && !self.imports(of, name)
        {
            return vec![Target::Item(of, name.to_owned())];
        }
        found
    }

    /// Whether the module imports the name, from another crate if it was not found.
    fn imports(&self, of: Id, name: &str) -> bool {
        let module = &self.sources.modules[of];
        module.imports.iter().any(|(imported, _)| imported == name)
    }

    /// What a name means inside a module.
    fn look_up(&mut self, of: Id, name: &str) -> Vec<Target> {
        let sources = self.sources;
        let module = &sources.modules[of];
        let mut found = Vec::new();
        for (child, id) in &module.children {
            if child == name {
                found.push(Target::Module(*id));
            }
        }
        if module.items.contains(name) {
            found.push(Target::Item(of, name.to_owned()));
        }
        if !self.resolving.insert((of, name.to_owned())) {
            return found;
        }
        for (imported, path) in &module.imports {
            if imported == name {
                found.extend(self.resolve(of, path));
            }
        }
        if found.is_empty() {
            for glob in &module.globs {
                for id in self.resolve(of, glob).iter().filter_map(self::module) {
                    found.extend(self.look_up(id, name));
                }
            }
        }
        self.resolving.remove(&(of, name.to_owned()));
        found
    }

    /// The file that defines an item.
    pub fn file(&self, target: &Target) -> Option<&'a Path> {
        match target {
            Target::Item(id, _) => Some(&self.sources.modules[*id].file),
            Target::Module(_) => None,
        }
    }
}

fn module(target: &Target) -> Option<Id> {
    match target {
        Target::Module(id) => Some(*id),
        Target::Item(..) => None,
    }
}
