//! Everything that the commands for designers share: the folder of templates, the cases of each
//! template, their snapshots, decisions on changes, and reports.

pub(crate) mod cases;
pub(crate) mod compare;
pub(crate) mod decision;
pub(crate) mod fonts;
pub(crate) mod mail;
pub(crate) mod near_misses;
pub(crate) mod problem;
pub(crate) mod report;
pub(crate) mod snapshots;
pub(crate) mod summary;
pub(crate) mod template_dir;
pub(crate) mod text_diff;
pub(crate) mod translations;
