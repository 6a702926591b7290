//! The types that the use cases exchange, and how they are read from JSON.

pub mod address;
pub mod certificate;
pub mod certificate_data;
pub mod directory;
pub mod events;
pub mod fields;
pub mod name;
pub mod time;
pub mod trace;
