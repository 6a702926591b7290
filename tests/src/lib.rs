//! Support for the tests and benchmarks: the program in an empty folder, cases as data files, AWS
//! in an emulator, and external validators.

pub mod aws_emulation;
mod cases;
pub mod cldr;
mod program;
mod validators;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testamur_engine::Data;

pub use cases::{TestCase, test_cases};
pub use program::{Outcome, Program, Server};
pub use validators::{cldr_packages, environment, node, python, python_with, tool};

use program::{course, user};

/// Returns the root folder of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the repository")
}

/// Returns the folder of build results that contains the running program, such as `target/debug`.
#[must_use]
pub fn build_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program.ancestors().nth(2).expect("the program is in deps/ of the build folder").to_owned()
}

/// Returns the data of a sample of the template `completion`, such as `ada`.
#[must_use]
pub fn sample(name: &str) -> Value {
    let path = repository().join(format!("templates/completion/samples/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("samples are readable"))
        .expect("samples are JSON")
}

/// Returns the data of a learner who differs from those of all other numbers.
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
