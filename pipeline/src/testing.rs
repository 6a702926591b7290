//! Support for tests of the use cases and of adapters: every port in memory, and the contract of each port.

pub mod contract;
pub mod memory;
