//! How a function handles an invocation: batches from SQS, and batches from the table's stream.

mod sqs;
mod stream;

pub use sqs::SqsHandler;
pub use stream::StreamHandler;
