//! Lists the files that the program carries, and finds out whether its JPEG encoder uses SIMD.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The files and folders of the repository that the program carries, and their paths in a new
/// project.
const CARRIED: [(&str, &str); 11] = [
    ("templates/completion", "templates/completion"),
    ("templates/mail", "templates/mail"),
    ("templates/shared", "templates/shared"),
    ("fonts/noto-sans", "fonts/noto-sans"),
    ("fonts/noto-serif", "fonts/noto-serif"),
    ("fonts/source-sans-3", "fonts/source-sans-3"),
    ("fonts/source-serif-4", "fonts/source-serif-4"),
    ("cli/starter/demo", ""),
    ("cli/starter/README.md", "README.md"),
    ("cli/starter/gitignore", ".gitignore"),
    ("cli/starter/templates.yml", ".github/workflows/templates.yml"),
];

/// The files that are not carried: `testamur init` makes the snapshots, and the others need fonts
/// that are not carried.
const EXCLUDED: [&str; 12] = [
    "templates/completion/snapshots",
    "templates/mail/snapshots",
    "templates/completion/samples/arabic.json",
    "templates/completion/samples/burmese.json",
    "templates/completion/samples/han.json",
    "templates/completion/locales/ar.toml",
    "templates/completion/locales/he.toml",
    "templates/completion/locales/hi.toml",
    "templates/completion/locales/ja.toml",
    "templates/completion/locales/ko.toml",
    "templates/completion/locales/zh-Hans.toml",
    "templates/completion/locales/zh-Hant.toml",
];

fn main() {
    list_carried_files();
    detect_simd();
}

/// Writes `carried.rs`: a slice of paths and contents, sorted by path.
fn list_carried_files() {
    let repository = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for (source, target) in CARRIED {
        let source = repository.join(source);
        println!("cargo::rerun-if-changed={}", source.display());
        collect(&source, target, &mut files);
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (target, source) in files {
        writeln!(list, "    ({target:?}, include_bytes!({source:?})),").expect("strings grow");
    }
    list.push(']');
    let path = Path::new(&variable("OUT_DIR")).join("carried.rs");
    fs::write(&path, list).unwrap_or_else(|e| panic!("can't write {}: {e}", path.display()));
}

fn collect(source: &Path, target: &str, files: &mut Vec<(String, PathBuf)>) {
    if EXCLUDED.contains(&target) {
        return;
    }
    if !source.is_dir() {
        let path = source.canonicalize();
        let path = path.unwrap_or_else(|e| panic!("can't read {}: {e}", source.display()));
        return files.push((target.to_owned(), path));
    }
    let entries = fs::read_dir(source);
    for entry in entries.unwrap_or_else(|e| panic!("can't read {}: {e}", source.display())) {
        let name = entry.expect("the folder is readable").file_name();
        let name = name.to_str().expect("names of carried files are UTF-8");
        let target = if target.is_empty() { name.to_owned() } else { format!("{target}/{name}") };
        // Editors leave hidden files beside those that they edit.
        if !name.starts_with('.') {
            collect(&source.join(name), &target, files);
        }
    }
}

/// Reads the configuration that the build script of mozjpeg-sys wrote. Searching for nasm here
/// would be wrong after nasm was installed: Cargo does not compile mozjpeg-sys again.
fn detect_simd() {
    println!("cargo::rustc-check-cfg=cfg(jpeg_simd)");
    let include = variable("DEP_JPEG_INCLUDE");
    let configurations =
        env::split_paths(&include).map(|folder| folder.join("jconfig.h")).filter(|p| p.is_file());
    let mut simd = false;
    for path in configurations {
        println!("cargo::rerun-if-changed={}", path.display());
        simd |= fs::read_to_string(&path).is_ok_and(|text| text.contains("#define WITH_SIMD 1"));
    }
    if simd {
        println!("cargo::rustc-cfg=jpeg_simd");
    } else {
        println!(
            "cargo::warning=JPEG without SIMD: encoding takes about four times as long. Install nasm, then run: \
             cargo clean -p mozjpeg-sys"
        );
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}
