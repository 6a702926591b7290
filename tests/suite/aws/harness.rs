//! The emulation itself: emulators start and end, the template deploys, and injected faults take
//! effect.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use testamur_tests::aws_emulation::{
    Emulator, EmulatorApi, Fault, HoldAt, Moto, Proxy, RecordedRequest, Requests, Stack,
    configuration, wait_for,
};

#[tokio::test]
async fn both_emulators_respond_and_ministack_enforces_roles() {
    let api = EmulatorApi::new(Emulator::shared().endpoint());
    assert_eq!(api.get("", "/_ministack/health").await["auth"], "enabled");
    let sqs = aws_sdk_sqs::Client::new(&configuration(Moto::shared().endpoint()));
    assert!(sqs.list_queues().send().await.unwrap().queue_urls.is_none());
}

#[test]
fn an_emulator_ends_when_it_is_dropped() {
    let emulator = Emulator::start();
    let process = format!("/proc/{}", emulator.process_id());
    assert!(Path::new(&process).exists());
    drop(emulator);
    assert!(!Path::new(&process).exists());
}

#[tokio::test]
async fn the_template_deploys_and_enrollments_can_be_completed() {
    let stack = Stack::deploy(Emulator::shared(), "deploys", &[]).await;
    stack.pause_triggers().await;
    stack.seed().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    let enrollment = stack.item("USER#u-ada", "ENROLLMENT#e-1").await.unwrap();
    assert_eq!(enrollment["completionDate"], "2026-11-20T14:03:21Z");
    for queue in
        ["CertificateQueue", "ScheduleQueue", "MailQueue", "BounceQueue", "DetectDeadLetters"]
    {
        assert!(stack.messages(queue).await.is_empty(), "{queue}");
    }
    assert!(stack.list_objects("").await.is_empty());
    assert_eq!(stack.environment("detect").await["TESTAMUR_BUS"], stack.resource("Bus"));
}

#[tokio::test]
async fn an_internal_error_prevents_the_write() {
    let table = ProxiedTable::create("broken").await;
    table.proxy.inject(Requests::nth(2).to("dynamodb"), Fault::InternalError);
    table.put("first").await.unwrap();
    let error = table.put("second").await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    table.put("third").await.unwrap();
    assert!(table.contains("first").await);
    assert!(!table.contains("second").await);
    assert!(table.contains("third").await);
    let put = RecordedRequest { service: "dynamodb".into(), action: "PutItem".into() };
    assert_eq!(table.proxy.requests(), [put.clone(), put.clone(), put]);
}

#[tokio::test]
async fn throttling_affects_one_service_until_it_is_cleared() {
    let table = ProxiedTable::create("throttled").await;
    table.proxy.inject(Requests::all().to("s3"), Fault::Throttled);
    table.put("other-service").await.unwrap();
    table.proxy.inject(Requests::all().action("Put"), Fault::Throttled);
    for _ in 0..2 {
        let error = table.put("throttled").await.unwrap_err().into_service_error();
        assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    }
    assert_eq!(table.proxy.clear(), 2);
    table.put("cleared").await.unwrap();
    assert!(!table.contains("throttled").await);
    assert!(table.contains("cleared").await);
}

#[tokio::test]
async fn a_slow_response_arrives_after_the_write() {
    let table = ProxiedTable::create("slow").await;
    table.proxy.inject(Requests::all(), Fault::SlowResponse(Duration::from_secs(3)));
    tokio::select! {
        biased;
        _ = table.put("slow") => panic!("the response arrived before the item was visible"),
        () = wait_for("item", async || table.contains("slow").await.then_some(())) => {}
    }
}

#[tokio::test]
async fn a_disconnect_happens_before_or_after_the_write() {
    let table = ProxiedTable::create("disconnected").await;
    for (fault, is_written) in [(Fault::DisconnectBefore, false), (Fault::DisconnectAfter, true)] {
        let pk = format!("{fault:?}");
        table.proxy.inject(Requests::nth(1), fault);
        let error = table.put(&pk).await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(table.contains(&pk).await, is_written, "{pk}");
    }
}

#[tokio::test]
async fn a_held_request_continues_when_it_is_released() {
    let table = ProxiedTable::create("released").await;
    let mut held = table.proxy.hold(Requests::nth(1), HoldAt::Request);
    let (put, ()) = tokio::join!(table.put("item"), async {
        held.wait_until_held().await;
        assert!(!table.contains("item").await);
        drop(held);
    });
    put.unwrap();
    assert!(table.contains("item").await);
}

#[tokio::test]
async fn a_held_request_is_dropped_with_its_client() {
    let table = ProxiedTable::create("held").await;
    for (at, is_written) in [(HoldAt::Request, false), (HoldAt::Response, true)] {
        let pk = format!("{at:?}");
        let mut held = table.proxy.hold(Requests::nth(1), at);
        tokio::select! {
            _ = table.put(&pk) => panic!("the request was not held"),
            () = held.wait_until_held() => {}
        }
        // The client's future is dropped here, as if its process had been killed.
        drop(held);
        assert_eq!(table.contains(&pk).await, is_written, "{pk}");
    }
}

#[tokio::test]
async fn a_custom_response_replaces_one_of_the_service() {
    let proxy = Proxy::start(Emulator::shared().endpoint()).await;
    let bus = aws_sdk_eventbridge::Client::new(&configuration(proxy.endpoint()));
    let response = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalException","ErrorMessage":"no"}]}"#;
    proxy.inject(
        Requests::nth(1).to("events").action("PutEvents"),
        Fault::CustomResponse(200, response.to_owned()),
    );
    let entry =
        PutEventsRequestEntry::builder().source("tests").detail_type("Test").detail("{}").build();
    assert_eq!(bus.put_events().entries(entry.clone()).send().await.unwrap().failed_entry_count, 1);
    assert_eq!(bus.put_events().entries(entry).send().await.unwrap().failed_entry_count, 0);
}

/// A table in the emulator, with a client without retries that writes through a proxy.
struct ProxiedTable {
    proxy: Proxy,
    name: String,
    proxied: aws_sdk_dynamodb::Client,
    direct: aws_sdk_dynamodb::Client,
}

impl ProxiedTable {
    async fn create(name: &str) -> Self {
        let emulator = Emulator::shared().endpoint();
        let proxy = Proxy::start(emulator).await;
        let direct = aws_sdk_dynamodb::Client::new(&configuration(emulator));
        let attribute = AttributeDefinition::builder()
            .attribute_name("pk")
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        direct
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap())
            .send()
            .await
            .unwrap();
        let without_retries = configuration(proxy.endpoint())
            .into_builder()
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .build();
        let proxied = aws_sdk_dynamodb::Client::new(&without_retries);
        Self { proxy, name: name.to_owned(), proxied, direct }
    }

    async fn put(&self, pk: &str) -> Result<(), SdkError<PutItemError>> {
        self.proxied
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(pk.to_owned()))
            .send()
            .await
            .map(drop)
    }

    async fn contains(&self, pk: &str) -> bool {
        self.direct
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .send()
            .await
            .unwrap()
            .item
            .is_some()
    }
}
