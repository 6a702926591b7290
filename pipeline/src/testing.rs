//! Support for tests: every port in memory, and the contract of each port as a test.

pub mod contract;
pub mod memory;
