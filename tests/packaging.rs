//! What users install rsso with, as far as it is not the README's way, which `scripts/readme-check` tries.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rsso_testkit::{Php, WorkDir};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Runs a command in `dir`, and fails with what it has said.
fn run(dir: &Path, program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:#?}"
    );
    output
}

/// The program of this name of the same PHP.
fn beside(php_config: &str, name: &str) -> String {
    php_config.replace("php-config", name)
}

/// As PIE builds from source, with the folder that composer.json names.
#[test]
fn phpize_configure_and_make_install_an_extension_that_loads() {
    let composer = fs::read_to_string(root().join("composer.json")).unwrap();
    let composer: serde_json::Value = serde_json::from_str(&composer).unwrap();
    assert_eq!(composer["type"], "php-ext");
    let name = composer["php-ext"]["extension-name"].as_str().unwrap();
    let folder = root().join(composer["php-ext"]["build-path"].as_str().unwrap());

    let dir = WorkDir::new();
    for file in fs::read_dir(folder).unwrap().flatten() {
        fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let here = dir.path();
    let php_config = env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".to_owned());
    run(here, &beside(&php_config, "phpize"), &[]);
    let with_config = format!("--with-php-config={php_config}");
    run(here, "sh", &["./configure", &with_config]);
    let cargo_root = format!("RSSO_ROOT={}", root().display());
    // `make build` has run cargo: another build would take the place of the extension that other tests have loaded.
    run(here, "make", &[&cargo_root, "CARGO=true"]);
    let install_root = format!("INSTALL_ROOT={}", here.join("installed").display());
    run(here, "make", &["install", &cargo_root, &install_root]);

    let extensions = run(here, &php_config, &["--extension-dir"]).stdout;
    let extensions = String::from_utf8(extensions).unwrap();
    let installed = here
        .join("installed")
        .join(extensions.trim().trim_start_matches('/'))
        .join(format!("{name}.so"));
    let loaded = Php::plain()
        .ini("extension", &installed.display().to_string())
        .ini("session.save_path", &here.display().to_string())
        .run_code("<?php session_start(); echo phpversion('rsso'), ' ', session_module_name();")
        .ok();
    assert_eq!(loaded, format!("{} files", env!("CARGO_PKG_VERSION")));
}
