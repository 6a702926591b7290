//! What the tests and benchmarks share: the repository, the real program in a folder of its own, and independent witnesses.

pub mod aws_emulation;
pub mod cldr;
mod program;
mod validators;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testamur_engine::Data;

pub use program::{Outcome, Program, Server};
pub use validators::{environment, python, python_with, tool};

use program::{course, user};

/// The repository's folder.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the repository")
}

/// The folder of build results that the running program stands in.
#[must_use]
pub fn build_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program.ancestors().nth(2).expect("it stands in deps/ of the build folder").to_owned()
}

/// The data of a sample of the completion template.
#[must_use]
pub fn sample(name: &str) -> Value {
    let path = repository().join(format!("templates/completion/samples/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("samples are readable"))
        .expect("samples are JSON")
}

/// Data of a learner who differs from all others.
#[must_use]
pub fn learner(number: u32) -> Data {
    let id = format!("0d9c8f1e-5a7b-8c3d-9e2f-{number:012x}");
    let mut data = sample("ada");
    data["userName"] = json!(format!("Ada Lovelace the {number}th"));
    data["certificateUrl"] =
        json!(format!("https://certificates.example.com/certificates/{id}.pdf"));
    data["certificateId"] = json!(id);
    Data::new(data)
}
