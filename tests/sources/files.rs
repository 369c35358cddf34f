//! The Rust files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the workspace that have Rust files.
const FOLDERS: [&str; 6] = ["src", "crates", "tests", "benches", "examples", "fuzz"];

/// A Rust file.
pub struct Source {
    /// The path below the workspace's root, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The number of lines.
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Whether only tests compile the file, by its path.
    pub fn is_test(&self) -> bool {
        let names = Path::new(&self.path).with_extension("");
        names.iter().any(|name| name == "tests")
    }
}

/// All Rust files of the workspace, sorted by path.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace's root");
    let mut paths = vec![root.join("build.rs")];
    for folder in FOLDERS {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let sources: Vec<_> = paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("a source file"),
            path: below(root, &path),
        })
        .collect();
    assert!(sources.len() > 100, "the sources were not found");
    sources
}

/// Adds the Rust files below a folder, except what cargo builds.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn below(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).expect("a path below the root");
    path.to_str().expect("UTF-8").replace('\\', "/")
}
