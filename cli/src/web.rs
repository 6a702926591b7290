//! The local web pages of `preview` and `review`.

pub(crate) mod pages;
pub(crate) mod preview_api;
mod preview_json;
mod preview_mail;
pub(crate) mod preview_state;
pub(crate) mod review;
pub(crate) mod server;
pub(crate) mod watch;
