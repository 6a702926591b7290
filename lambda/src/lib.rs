//! The AWS side: adapters for S3, DynamoDB, EventBridge and SES over the pipeline's ports, and one thin binary for each function.
//!
//! Nothing is here yet but the place. It will be the only crate that knows an AWS SDK, and never depend on the command line.
