//! What the commands for designers share: the folder of templates, the cases of each template, snapshots and reports.

pub(crate) mod cases;
pub(crate) mod compare;
pub(crate) mod report;
pub(crate) mod snapshots;
pub(crate) mod template_dir;
pub(crate) mod translations;
