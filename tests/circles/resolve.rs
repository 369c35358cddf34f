//! Follows a path to the file that defines what it names, through `use`, `pub use` and globs.

use std::collections::HashSet;
use std::path::Path;

use crate::tree::{Id, Sources};

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Module(Id),
    /// An item, by the module that defines it and its name.
    Item(Id, String),
}

/// Follows paths. One value for each path, for it remembers where it has been.
pub struct Resolver<'a> {
    sources: &'a Sources,
    on_the_way: HashSet<(Id, String)>,
}

impl<'a> Resolver<'a> {
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            on_the_way: HashSet::new(),
        }
    }

    /// What a path stands for when it is written in this module; nothing for what another crate defines.
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

    /// A name behind a module's. If it is not seen there, a macro has made it: the module's file is what is meant.
    fn member(&mut self, of: Id, name: &str) -> Vec<Target> {
        if name == "super" {
            return self.parent(of);
        }
        let found = self.look_up(of, name);
        if found.is_empty()
            && !self.on_the_way.contains(&(of, name.to_owned()))
            && !self.imports(of, name)
        {
            return vec![Target::Item(of, name.to_owned())];
        }
        found
    }

    /// Whether the name is imported, from another crate where it was not found.
    fn imports(&self, of: Id, name: &str) -> bool {
        let module = &self.sources.modules[of];
        module.imports.iter().any(|(imported, _)| imported == name)
    }

    /// What a name stands for inside of a module.
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
        if !self.on_the_way.insert((of, name.to_owned())) {
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
        self.on_the_way.remove(&(of, name.to_owned()));
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
