//! ObjectStore in a bucket. Nobody reads them there: the CDN serves them.

mod assets;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
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
    /// Takes the name of the bucket.
    #[must_use]
    pub fn new(sdk: &SdkConfig, name: String) -> Self {
        Self { client: client(sdk), name }
    }
}

/// A client. An endpoint of one's own has no host name for each bucket.
pub(super) fn client(sdk: &SdkConfig) -> Client {
    let is_elsewhere =
        sdk.endpoint_url().is_some() || config::optional("AWS_ENDPOINT_URL").is_some();
    Client::from_conf(Builder::from(sdk).force_path_style(is_elsewhere).build())
}

impl ObjectStore for Bucket {
    /// Keys hold a hash of what is printed, so caches may keep an object for ever.
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        let request = self.client.put_object().bucket(&self.name).key(&object.key);
        let put = request
            .body(ByteStream::from(object.bytes))
            .content_type(object.content_type)
            .cache_control("public, max-age=31536000, immutable")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await;
        put.map(drop).map_err(|e| transient(format!("can't store {}", object.key), &e))
    }
}
