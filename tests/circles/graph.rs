//! The graph of imports: which file takes which items from which, and its circles.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::resolve::{Resolver, Target};
use crate::tree::Sources;

/// For each file, the files that it takes items from, with the items' names.
#[derive(Default)]
pub struct Graph {
    edges: BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>,
}

impl Graph {
    /// The graph of a crate.
    pub fn of(sources: &Sources) -> Self {
        let mut graph = Self::default();
        for (id, module) in sources.modules.iter().enumerate() {
            let imports = module.imports.iter().map(|(_, path)| path);
            for path in imports.chain(&module.globs).chain(&module.mentions) {
                let mut resolver = Resolver::new(sources);
                let targets = resolver.resolve(id, path);
                for target in &targets {
                    if let (Some(file), Target::Item(_, name)) = (resolver.file(target), target) {
                        graph.add(&module.file, file, name);
                    }
                }
            }
            for name in &module.macro_calls {
                if let Some(file) = sources.macros.get(name) {
                    graph.add(&module.file, file, name);
                }
            }
        }
        graph
    }

    fn add(&mut self, from: &Path, to: &Path, item: &str) {
        if from != to {
            let edges = self.edges.entry(from.to_owned()).or_default();
            edges
                .entry(to.to_owned())
                .or_default()
                .insert(item.to_owned());
        }
    }

    /// The items that one file takes from another.
    #[cfg(test)]
    pub fn items(&self, from: &str, to: &str) -> Vec<&str> {
        let items = self
            .edges
            .get(Path::new(from))
            .and_then(|to_files| to_files.get(Path::new(to)));
        items.into_iter().flatten().map(String::as_str).collect()
    }

    /// The files that can be reached from a file.
    fn reach(&self, from: &Path) -> BTreeSet<PathBuf> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(file) = open.pop() {
            for next in self.edges.get(&file).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    }

    /// The groups of files that all reach each other.
    pub fn circles(&self) -> Vec<Circle> {
        let reach: BTreeMap<&PathBuf, _> = self
            .edges
            .keys()
            .map(|file| (file, self.reach(file)))
            .collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for (file, reached) in &reach {
            if !reached.contains(*file) || !seen.insert(*file) {
                continue;
            }
            let members: BTreeSet<&PathBuf> = reached
                .iter()
                .filter(|other| reach.get(other).is_some_and(|back| back.contains(*file)))
                .collect();
            let mut edges = BTreeMap::new();
            for member in &members {
                let mut inside = self.edges[*member].clone();
                inside.retain(|to, _| members.contains(to));
                edges.insert((*member).clone(), inside);
            }
            seen.extend(reach.keys().filter(|other| members.contains(**other)));
            circles.push(Circle { edges });
        }
        circles
    }
}

/// Files that all reach each other, and what they take from each other.
pub struct Circle {
    edges: BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>,
}

impl Circle {
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.edges.keys()
    }

    /// A line for each pair of files, with paths below `above`.
    pub fn describe(&self, above: &Path) -> String {
        let short = |file: &Path| {
            file.strip_prefix(above)
                .unwrap_or(file)
                .display()
                .to_string()
        };
        let mut text = format!("  circle of {} files:\n", self.edges.len());
        for (from, files) in &self.edges {
            for (to, items) in files {
                let items: Vec<_> = items.iter().map(String::as_str).collect();
                let _ = writeln!(
                    text,
                    "    {} takes {} from {}",
                    short(from),
                    items.join(", "),
                    short(to)
                );
            }
        }
        text
    }
}
