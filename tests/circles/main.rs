//! No files import each other in a circle: types stand below their users.
//!
//! The check parses the sources of each package, and follows every path to the file that defines the item. It prints the
//! files of each circle, with the items that they take from each other. It does not see methods called on a value,
//! because their names do not say where they are defined.

mod graph;
mod resolve;
mod tests;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

use graph::Graph;
use tree::Sources;

/// Folders whose own files still import each other. The list only shrinks.
const KNOWN_CIRCLES: &[&str] = &[];

/// The root file of each library and program of the workspace.
fn roots() -> Vec<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("run cargo metadata");
    assert!(output.status.success(), "cargo metadata fails");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .flat_map(|package| package["targets"].as_array().expect("targets"))
        .filter(|target| {
            let kinds = target["kind"].as_array().expect("kinds");
            kinds
                .iter()
                .any(|kind| ["lib", "cdylib", "bin"].contains(&kind.as_str().unwrap_or_default()))
        })
        .map(|target| PathBuf::from(target["src_path"].as_str().expect("a path")))
        .collect()
}

/// What the files of a crate take from each other.
fn graph(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Graph {
    Graph::of(&Sources::load(root, read))
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let roots = roots();
    assert!(roots.len() >= 4, "packages were not found: {roots:?}");
    let mut found = String::new();
    let mut known = Vec::new();
    for root in &roots {
        let above = root
            .parent()
            .and_then(Path::parent)
            .expect("a package's folder");
        for circle in graph(root, &read).circles() {
            let lies_in = |folder: &&&str| circle.files().all(|file| is_below(file, folder));
            if let Some(folder) = KNOWN_CIRCLES.iter().find(lies_in) {
                known.push(*folder);
                continue;
            }
            found.push_str(&format!(
                "\n{}\n{}",
                above.display(),
                circle.describe(above)
            ));
        }
    }
    assert!(
        found.is_empty(),
        "these files import each other; move shared types to a file below both:{found}"
    );
    let clean: Vec<_> = KNOWN_CIRCLES
        .iter()
        .filter(|folder| !known.contains(folder))
        .collect();
    assert!(
        clean.is_empty(),
        "these have no circles now, take them off KNOWN_CIRCLES: {clean:?}"
    );
}

/// Whether a file lies in a folder with this end of its path.
fn is_below(file: &Path, folder: &str) -> bool {
    file.ancestors()
        .skip(1)
        .any(|above| above.ends_with(folder))
}
