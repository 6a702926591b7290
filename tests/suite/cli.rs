//! The program `testamur`, run as a process in an empty folder.

mod bad_input;
mod browser;
mod command_line;
mod init;
mod input;
mod issuing;
mod kills;
mod mail;
mod mail_design;
mod near_misses;
mod outputs;
mod snapshots;
