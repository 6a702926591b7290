//! The use cases of the pipeline over ports in memory, and the data contract of templates.

mod certificate_data;
mod exactly_once;
mod pictures;
mod reasons;
mod templates;
mod use_cases;
