//! Handling of invocations: batches of messages from an SQS queue, and batches of changes from the
//! table's stream.

mod sqs;
mod stream;

pub use sqs::SqsHandler;
pub use stream::StreamHandler;
