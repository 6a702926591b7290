//! One module for each command. Its function `run` returns the exit code.

pub(crate) mod check;
pub(crate) mod dead_letters;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod preview;
pub(crate) mod render;
pub(crate) mod review;
pub(crate) mod show;
pub(crate) mod suppress;
pub(crate) mod test;
