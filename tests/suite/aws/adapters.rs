//! The AWS adapters fulfill the contracts of their ports, in two independent emulators.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};
use testamur_lambda::aws::{Bucket, EventBus, Table};
use testamur_pipeline::Error;
use testamur_pipeline::error::chain;
use testamur_pipeline::model::events::OutgoingEvent;
use testamur_pipeline::ports::{Directory, EventPublisher, Object, ObjectStore};
use testamur_pipeline::testing::contract;
use testamur_tests::aws_emulation::{Emulator, Moto, configuration};

/// Defines two tests for each check, which is a function of this module: `<check>::ministack` and
/// `<check>::moto`. They run in parallel.
macro_rules! test_in_both_emulators {
    ($($check:ident,)+) => {
        $(mod $check {
            #[tokio::test]
            async fn ministack() {
                super::$check(&super::ministack_config()).await;
            }

            #[tokio::test]
            async fn moto() {
                super::$check(&super::moto_config()).await;
            }
        })+
    };
}

test_in_both_emulators! {
    table_fulfills_the_contracts_of_its_ports,
    malformed_directory_entries_are_rejected,
    bucket_fulfills_the_contract_of_the_object_store,
    missing_table_or_bucket_is_a_retryable_error,
    every_event_has_a_result_even_if_one_is_too_large,
}

async fn table_fulfills_the_contracts_of_its_ports(sdk: &SdkConfig) {
    let table = TestTable::create(sdk, "contracts").await;
    table
        .put(json!({
            "pk": "USER#u-1", "sk": "USER", "type": "User",
            "userId": "u-1", "name": "Ada Lovelace", "email": "ada@example.com", "locale": "en-GB",
        }))
        .await;
    table
        .put(json!({
            "pk": "COURSE#c-1", "sk": "COURSE", "type": "Course",
            "courseId": "c-1", "name": "Analytical Engines", "author": "Charles Babbage",
        }))
        .await;
    contract::directory(&table.adapter).await;
    contract::certificate_store(&table.adapter, async |_| None).await;
    contract::delivery_log(&table.adapter, false).await;
    contract::suppression_list(&table.adapter).await;
}

async fn malformed_directory_entries_are_rejected(sdk: &SdkConfig) {
    let table = TestTable::create(sdk, "entries").await;
    table.put(json!({ "pk": "USER#u-1", "sk": "USER", "email": "ada@example.com" })).await;
    table.put(json!({ "pk": "COURSE#c-1", "sk": "COURSE", "name": ["Engines"] })).await;
    let error = table.adapter.user("u-1").await.unwrap_err();
    let expected = "the directory's entry of user u-1: give either name, or givenName and familyName; correct it, then retry";
    assert!(matches!(error, Error::Rejected(_)) && error.to_string() == expected, "{error}");
    let error = table.adapter.course("c-1").await.unwrap_err();
    let repeats_the_value = error.to_string().contains("Engines");
    assert!(matches!(error, Error::Rejected(_)) && !repeats_the_value, "{error}");

    table
        .put(json!({
            "pk": "USER#u-2", "sk": "USER",
            "name": "Ada", "givenName": "", "email": "", "locale": null,
        }))
        .await;
    let user = table.adapter.user("u-2").await.unwrap().unwrap();
    assert_eq!((user.email, user.locale), (None, None), "an empty string means no value");
}

async fn bucket_fulfills_the_contract_of_the_object_store(sdk: &SdkConfig) {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    client.create_bucket().bucket("contracts").send().await.unwrap();
    let read = async |key: &str| {
        let object = client.get_object().bucket("contracts").key(key).send().await.ok()?;
        let content_type = object.content_type().map(str::to_owned);
        Some((object.body.collect().await.unwrap().to_vec(), content_type))
    };
    contract::object_store(&Bucket::new(sdk, "contracts".to_owned()), read).await;
    let head = client
        .head_object()
        .bucket("contracts")
        .key("certificates/contract.pdf")
        .send()
        .await
        .unwrap();
    assert_eq!(head.cache_control(), Some("public, max-age=31536000, immutable"));
}

async fn missing_table_or_bucket_is_a_retryable_error(sdk: &SdkConfig) {
    let error = Table::new(sdk, "missing".to_owned()).user("u-1").await.unwrap_err();
    let text = chain(&error);
    assert!(matches!(error, Error::Retryable(_)), "{text}");
    assert!(text.starts_with("can't read USER#u-1 USER: ResourceNotFoundException"), "{text}");
    let object = Object { key: "a".to_owned(), content_type: "text/plain", bytes: Vec::new() };
    let error = Bucket::new(sdk, "missing".to_owned()).put(object).await.unwrap_err();
    assert!(chain(&error).starts_with("can't store a: NoSuchBucket"), "{error}");
}

#[tokio::test]
async fn missing_bus_is_a_retryable_error() {
    // Only Moto: MiniStack accepts events for a bus that does not exist.
    let bus = EventBus::new(&moto_config(), "missing".to_owned(), "tests".to_owned());
    let results = bus.publish(&[event(1, 10)]).await;
    assert!(matches!(&results[..], [Err(Error::Retryable(_))]), "{results:?}");
}

async fn every_event_has_a_result_even_if_one_is_too_large(sdk: &SdkConfig) {
    let client = aws_sdk_eventbridge::Client::new(sdk);
    client.create_event_bus().name("contracts").send().await.unwrap();
    let bus = EventBus::new(sdk, "contracts".to_owned(), "tests".to_owned());
    let mut events: Vec<_> = (0..25).map(|number| event(number, 40_000)).collect();
    events.insert(7, event(99, 300_000));
    let results = bus.publish(&events).await;
    assert_eq!(results.len(), 26);
    let failed: Vec<_> = results.iter().enumerate().filter(|(_, result)| result.is_err()).collect();
    let [(7, Err(error))] = &failed[..] else { panic!("{failed:?}") };
    let text = error.to_string();
    assert!(text.starts_with("can't publish this event: it has 300"), "{text}");
    assert!(text.ends_with("more than 262144"), "{text}");
    assert!(bus.publish(&[]).await.is_empty());
}

fn ministack_config() -> SdkConfig {
    configuration(Emulator::shared().endpoint())
}

fn moto_config() -> SdkConfig {
    configuration(Moto::shared().endpoint())
}

/// A table in an emulator, with a client that writes items and the adapter under test.
struct TestTable {
    client: aws_sdk_dynamodb::Client,
    name: String,
    adapter: Table,
}

impl TestTable {
    async fn create(sdk: &SdkConfig, name: &str) -> Self {
        let client = aws_sdk_dynamodb::Client::new(sdk);
        client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(string_attribute("pk"))
            .attribute_definitions(string_attribute("sk"))
            .key_schema(key_element("pk", KeyType::Hash))
            .key_schema(key_element("sk", KeyType::Range))
            .send()
            .await
            .unwrap();
        Self { client, name: name.to_owned(), adapter: Table::new(sdk, name.to_owned()) }
    }

    async fn put(&self, item: Value) {
        let item = serde_dynamo::to_item(item).unwrap();
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.unwrap();
    }
}

fn string_attribute(name: &str) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap()
}

fn key_element(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

/// Returns an event with a course name of this many bytes.
fn event(number: usize, bytes: usize) -> OutgoingEvent {
    let mut event = contract::record(&format!("e-{number}")).certificate_generated_event();
    event.course_name = "x".repeat(bytes);
    OutgoingEvent::CertificateGenerated(event)
}
