//! The adapters of AWS do what their ports promise, as two emulators know AWS.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::json;
use testamur_lambda::aws::{Bucket, EventBus, Table};
use testamur_pipeline::Error;
use testamur_pipeline::error::chain;
use testamur_pipeline::model::events::OutgoingEvent;
use testamur_pipeline::ports::{Directory, EventPublisher, Object, ObjectStore};
use testamur_pipeline::testing::contract;
use testamur_tests::aws_emulation::{Emulator, Moto, configuration};

fn emulator() -> SdkConfig {
    configuration(Emulator::shared().endpoint())
}

fn moto() -> SdkConfig {
    configuration(Moto::shared().endpoint())
}

async fn table(sdk: &SdkConfig, name: &str) -> (aws_sdk_dynamodb::Client, Table) {
    let client = aws_sdk_dynamodb::Client::new(sdk);
    let mut create =
        client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder().attribute_name(attribute);
        let definition = definition.attribute_type(ScalarAttributeType::S).build().unwrap();
        let key =
            KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build().unwrap();
        create = create.attribute_definitions(definition).key_schema(key);
    }
    create.send().await.unwrap();
    (client, Table::new(sdk, name.to_owned()))
}

async fn put(client: &aws_sdk_dynamodb::Client, table: &str, item: serde_json::Value) {
    let item = serde_dynamo::to_item(item).unwrap();
    client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn the_table_keeps_the_contracts_of_directory_records_deliveries_and_suppressions() {
    table_contracts(&emulator()).await;
}

#[tokio::test]
async fn the_table_keeps_the_contracts_of_directory_records_deliveries_and_suppressions_as_moto_sees_it()
 {
    table_contracts(&moto()).await;
}

async fn table_contracts(sdk: &SdkConfig) {
    let (client, table) = table(sdk, "contracts").await;
    let user = json!({
        "pk": "USER#u-1", "sk": "USER", "type": "User",
        "userId": "u-1", "name": "Ada Lovelace", "email": "ada@example.com", "locale": "en-GB",
    });
    let course = json!({
        "pk": "COURSE#c-1", "sk": "COURSE", "type": "Course",
        "courseId": "c-1", "name": "Analytical Engines", "author": "Charles Babbage",
    });
    put(&client, "contracts", user).await;
    put(&client, "contracts", course).await;
    contract::directory(&table).await;
    contract::certificate_store(&table, async |_| None).await;
    contract::delivery_log(&table, false).await;
    contract::suppression_list(&table).await;
}

#[tokio::test]
async fn an_entry_that_can_t_be_used_is_a_rejection_that_names_it_and_repeats_no_value() {
    unusable_entries(&emulator()).await;
}

#[tokio::test]
async fn an_entry_that_can_t_be_used_is_a_rejection_that_names_it_and_repeats_no_value_as_moto_sees_it()
 {
    unusable_entries(&moto()).await;
}

async fn unusable_entries(sdk: &SdkConfig) {
    let (client, table) = table(sdk, "entries").await;
    put(&client, "entries", json!({ "pk": "USER#u-1", "sk": "USER", "givenName": "Ada" })).await;
    put(&client, "entries", json!({ "pk": "COURSE#c-1", "sk": "COURSE", "name": ["Engines"] }))
        .await;
    let error = table.user("u-1").await.unwrap_err();
    let expected = "the directory's entry of user u-1: give either name, or givenName and familyName; correct it, then retry";
    assert!(matches!(error, Error::Rejected(_)) && error.to_string() == expected, "{error}");
    let blank = json!({ "pk": "USER#u-2", "sk": "USER", "name": "Ada", "givenName": "", "email": "", "locale": null });
    put(&client, "entries", blank).await;
    let user = table.user("u-2").await.unwrap().unwrap();
    assert_eq!((user.email, user.locale), (None, None), "an empty text is none");
    let error = table.course("c-1").await.unwrap_err();
    assert!(
        matches!(error, Error::Rejected(_)) && !error.to_string().contains("Engines"),
        "{error}"
    );
}

#[tokio::test]
async fn the_bucket_keeps_the_contract_of_objects_and_says_how_to_serve_them() {
    bucket_contract(&emulator()).await;
}

#[tokio::test]
async fn the_bucket_keeps_the_contract_of_objects_and_says_how_to_serve_them_as_moto_sees_it() {
    bucket_contract(&moto()).await;
}

async fn bucket_contract(sdk: &SdkConfig) {
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

#[tokio::test]
async fn a_missing_table_bucket_or_bus_is_a_retryable_error_that_says_what_was_attempted() {
    for sdk in [emulator(), moto()] {
        let error = Table::new(&sdk, "nowhere".to_owned()).user("u-1").await.unwrap_err();
        let text = chain(&error);
        assert!(matches!(error, Error::Retryable(_)), "{text}");
        assert!(text.starts_with("can't read USER#u-1 USER: ResourceNotFoundException"), "{text}");
    }
    for sdk in [emulator(), moto()] {
        let object = Object { key: "a".to_owned(), content_type: "text/plain", bytes: Vec::new() };
        let error = Bucket::new(&sdk, "nowhere".to_owned()).put(object).await.unwrap_err();
        assert!(chain(&error).starts_with("can't store a: NoSuchBucket"), "{error}");
    }
    // The emulator takes events for a bus that is not there.
    let bus = EventBus::new(&moto(), "nowhere".to_owned(), "tests".to_owned());
    let news =
        OutgoingEvent::CertificateGenerated(contract::record("e-1").certificate_generated_event());
    let outcomes = bus.publish(&[news]).await;
    assert!(matches!(&outcomes[..], [Err(Error::Retryable(_))]), "{outcomes:?}");
}

#[tokio::test]
async fn every_event_is_answered_for_and_one_that_is_too_large_harms_no_other() {
    many_events(&emulator()).await;
}

#[tokio::test]
async fn every_event_is_answered_for_and_one_that_is_too_large_harms_no_other_as_moto_sees_it() {
    many_events(&moto()).await;
}

async fn many_events(sdk: &SdkConfig) {
    let client = aws_sdk_eventbridge::Client::new(sdk);
    client.create_event_bus().name("contracts").send().await.unwrap();
    let bus = EventBus::new(sdk, "contracts".to_owned(), "tests".to_owned());
    let news = |number: usize, bytes: usize| {
        let mut event = contract::record(&format!("e-{number}")).certificate_generated_event();
        event.course_name = "x".repeat(bytes);
        OutgoingEvent::CertificateGenerated(event)
    };
    let mut events: Vec<_> = (0..25).map(|number| news(number, 40_000)).collect();
    events.insert(7, news(99, 300_000));
    let outcomes = bus.publish(&events).await;
    assert_eq!(outcomes.len(), 26);
    let rejected: Vec<_> =
        outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_err()).collect();
    let [(7, Err(error))] = &rejected[..] else { panic!("{rejected:?}") };
    let text = error.to_string();
    assert!(
        text.starts_with("can't publish this event: it has 300")
            && text.ends_with("more than 262144"),
        "{text}"
    );
    assert!(bus.publish(&[]).await.is_empty());
}
