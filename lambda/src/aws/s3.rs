//! The object store in an S3 bucket. Readers do not access the bucket; CloudFront serves it.

mod assets;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use testamur_pipeline::TransientError;
use testamur_pipeline::ports::{Object, ObjectStore};

use super::client::transient;
use crate::config;

pub use assets::Assets;

/// The bucket of a deployment.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// Returns the bucket called `name`. Does not check that it exists.
    #[must_use]
    pub fn new(sdk: &SdkConfig, name: String) -> Self {
        Self { client: client(sdk), name }
    }
}

impl ObjectStore for Bucket {
    /// Stores an object. Its key contains a hash of the printed data, so caches may keep the object
    /// without asking again.
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(&object.key)
            .body(ByteStream::from(object.bytes))
            .content_type(object.content_type)
            .cache_control("public, max-age=31536000, immutable")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map(drop)
            .map_err(|e| transient(format!("can't store {}", object.key), &e))
    }

    async fn get(&self, key: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, TransientError> {
        let failed = || format!("can't read {key}");
        let response = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(response) => response,
            Err(e) if e.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(e) => return Err(transient(failed(), &e)),
        };
        // S3 sends the length of every object, so the content of a large one is not read.
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        if length.is_none_or(|length| length > max_bytes) {
            return Ok(None);
        }
        let content = response.body.collect().await;
        content
            .map(|content| Some(content.into_bytes().into()))
            .map_err(|e| TransientError::new(failed(), e))
    }
}

/// Returns an S3 client. With a custom endpoint, such as an emulator's, bucket names are part of
/// the path, because the endpoint has no host name for each bucket.
fn client(sdk: &SdkConfig) -> Client {
    let has_custom_endpoint =
        sdk.endpoint_url().is_some() || config::optional("AWS_ENDPOINT_URL").is_some();
    Client::from_conf(Builder::from(sdk).force_path_style(has_custom_endpoint).build())
}
