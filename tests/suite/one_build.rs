//! `cargo build` and `cargo test --workspace` share one compilation of Typst:
//! docs/decisions/0007-one-build.md.

use std::collections::BTreeSet;
use std::process::Command;

use testamur_tests::repository;

const TYPST: [&str; 10] = [
    "-p",
    "typst-kit",
    "-p",
    "typst-layout",
    "-p",
    "typst-pdf",
    "-p",
    "typst-render",
    "-p",
    "typst-svg",
];

#[test]
fn typst_is_compiled_with_one_choice_of_features() {
    let typst = tree("{p}", &[&["-e", "no-dev"], &TYPST[..]].concat());
    let program = tree("{p}|{f}", &["-e", "no-dev"]);
    let workspace = tree("{p}|{f}", &["--workspace"]);
    let differ: Vec<_> = program
        .difference(&workspace)
        .filter(|line| line.split_once('|').is_some_and(|(package, _)| typst.contains(package)))
        .collect();
    assert!(
        differ.is_empty(),
        "`cargo build` chooses {differ:#?}, but `cargo test --workspace` chooses other features: \
         enable those in cli/Cargo.toml, too"
    );
}

#[test]
fn the_program_needs_no_crate_of_the_functions_or_the_tests() {
    let packages = tree("{p}", &["-e", "no-dev"]);
    let unwanted: Vec<_> = packages
        .iter()
        .filter(|package| {
            ["aws-", "lambda_", "testamur-tests", "testamur-lambda"]
                .iter()
                .any(|name| package.starts_with(name))
        })
        .collect();
    assert!(unwanted.is_empty(), "{unwanted:?}");
}

/// The packages that a selection compiles, one per line of `cargo tree`.
fn tree(format: &str, arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", format])
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}
