//! The use cases of the pipeline over ports in memory.

mod exactly_once;
mod use_cases;
