//! The types that the use cases exchange: certificates, events, names, addresses and traces.

pub mod address;
pub mod certificate;
pub mod certificate_data;
pub mod events;
pub mod name;
pub mod trace;
