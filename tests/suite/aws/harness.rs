//! The harness of the cloud tests itself: the emulators start and end, the template deploys, the proxy's faults are real.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use testamur_tests::aws_emulation::{
    Cloud, Emulator, Fault, Moment, Moto, Proxy, Seen, Stack, When, configuration, until,
};

/// A table of its own in the emulator, and a client that reaches it through a proxy and never tries again.
struct Through {
    proxy: Proxy,
    table: String,
    struck: aws_sdk_dynamodb::Client,
    direct: aws_sdk_dynamodb::Client,
}

impl Through {
    async fn new(table: &str) -> Self {
        let emulator = Emulator::shared().endpoint();
        let proxy = Proxy::before(emulator).await;
        let direct = aws_sdk_dynamodb::Client::new(&configuration(emulator));
        let attribute = AttributeDefinition::builder()
            .attribute_name("pk")
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        let create =
            direct.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
        let create = create
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap());
        create.send().await.unwrap();
        let once = configuration(proxy.endpoint())
            .into_builder()
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .build();
        Self {
            proxy,
            table: table.to_owned(),
            struck: aws_sdk_dynamodb::Client::new(&once),
            direct,
        }
    }

    async fn put(&self, pk: &str) -> Result<(), SdkError<PutItemError>> {
        let put = self
            .struck
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(pk.to_owned()));
        put.send().await.map(drop)
    }

    async fn holds(&self, pk: &str) -> bool {
        let get = self
            .direct
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk.to_owned()));
        get.send().await.unwrap().item.is_some()
    }
}

#[tokio::test]
async fn both_emulators_answer_and_the_first_enforces_roles() {
    let health = Cloud::at(Emulator::shared().endpoint()).get("", "/_ministack/health").await;
    assert_eq!(health["auth"], "enabled");
    let queues = aws_sdk_sqs::Client::new(&configuration(Moto::shared().endpoint()));
    assert!(queues.list_queues().send().await.unwrap().queue_urls.is_none());
}

#[test]
fn an_emulator_ends_with_whoever_started_it() {
    let emulator = Emulator::start();
    let process = format!("/proc/{}", emulator.process());
    assert!(Path::new(&process).exists());
    drop(emulator);
    assert!(!Path::new(&process).exists());
}

#[tokio::test]
async fn the_template_deploys_and_takes_learners() {
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
    assert!(stack.objects_below("").await.is_empty());
    assert_eq!(stack.environment("detect").await["TESTAMUR_BUS"], stack.resource("Bus"));
}

#[tokio::test]
async fn an_internal_error_is_seen_and_nothing_is_done() {
    let through = Through::new("broken").await;
    through.proxy.inject(When::at(2).of("dynamodb"), Fault::Broken);
    through.put("first").await.unwrap();
    let error = through.put("second").await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    through.put("third").await.unwrap();
    assert!(
        through.holds("first").await
            && !through.holds("second").await
            && through.holds("third").await
    );
    let put = Seen { service: "dynamodb".into(), action: "PutItem".into() };
    assert_eq!(through.proxy.requests(), [put.clone(), put.clone(), put]);
}

#[tokio::test]
async fn throttling_lasts_until_it_is_healed_and_meets_its_service_only() {
    let through = Through::new("throttled").await;
    through.proxy.inject(When::always().of("s3"), Fault::Throttled);
    through.put("other").await.unwrap();
    through.proxy.inject(When::always().action("Put"), Fault::Throttled);
    for _ in 0..2 {
        let error = through.put("throttled").await.unwrap_err().into_service_error();
        assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    }
    through.proxy.clear();
    through.put("healed").await.unwrap();
    assert!(!through.holds("throttled").await && through.holds("healed").await);
}

#[tokio::test]
async fn a_slow_answer_comes_after_the_work() {
    let through = Through::new("slow").await;
    through.proxy.inject(When::always(), Fault::Slow(Duration::from_secs(3)));
    tokio::select! {
        biased;
        _ = through.put("slow") => panic!("it was answered before it was seen to be done"),
        () = until("the work", async || through.holds("slow").await.then_some(())) => {}
    }
}

#[tokio::test]
async fn a_cut_connection_is_no_answer_whether_or_not_the_work_was_done() {
    let through = Through::new("cut").await;
    for (fault, done) in [(Fault::CutBefore, false), (Fault::CutAfter, true)] {
        let pk = format!("{fault:?}");
        through.proxy.inject(When::at(1), fault);
        let error = through.put(&pk).await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(through.holds(&pk).await, done, "{pk}");
    }
}

#[tokio::test]
async fn a_held_request_goes_on_when_it_is_released_and_is_lost_when_its_client_is() {
    let through = Through::new("held").await;
    for (moment, done) in [(Moment::Before, false), (Moment::After, true)] {
        let pk = format!("{moment:?}");
        let mut held = through.proxy.hold(When::at(1), moment);
        tokio::select! {
            _ = through.put(&pk) => panic!("it is held"),
            () = held.reached() => {}
        }
        // The client is gone now, as if it had been killed.
        drop(held);
        assert_eq!(through.holds(&pk).await, done, "{pk}");
    }
    let mut held = through.proxy.hold(When::at(1), Moment::Before);
    let (put, ()) = tokio::join!(through.put("released"), async {
        held.reached().await;
        assert!(!through.holds("released").await);
        drop(held);
    });
    put.unwrap();
}

#[tokio::test]
async fn another_answer_can_be_put_into_a_service_s_mouth() {
    let emulator = Emulator::shared().endpoint();
    let proxy = Proxy::before(emulator).await;
    let bus = aws_sdk_eventbridge::Client::new(&configuration(proxy.endpoint()));
    let answer = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalException","ErrorMessage":"no"}]}"#;
    proxy.inject(
        When::at(1).of("events").action("PutEvents"),
        Fault::Answered(200, answer.to_owned()),
    );
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
    let entry = entry.source("tests").detail_type("Test").detail("{}").build();
    assert_eq!(bus.put_events().entries(entry.clone()).send().await.unwrap().failed_entry_count, 1);
    assert_eq!(bus.put_events().entries(entry).send().await.unwrap().failed_entry_count, 0);
}
