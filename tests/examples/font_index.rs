//! Writes the index of a folder of fonts to its file `index.json`, with which the program starts
//! faster.
//!
//! Usage: cargo run -p testamur-tests --example font_index -- fonts

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    let folder = PathBuf::from(env::args_os().nth(1).expect("the first argument is a folder"));
    let index = testamur_engine::Fonts::index(&folder);
    fs::write(folder.join("index.json"), index).expect("the folder is writable");
}
