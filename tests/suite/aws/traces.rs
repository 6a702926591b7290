//! One trace leads from the completion to the e-mail, in events and records, and in a collector's eyes.

use serde_json::{Value, json};
use testamur_lambda::telemetry::xray;
use testamur_pipeline::TraceParent;
use testamur_tests::aws_emulation::{
    Collector, EventRecorder, Function, Stack, StreamPoller, queue_event, until,
};

use super::{batch, pause_triggers};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn a_trace_is_the_same_in_the_words_of_x_ray() {
    let trace = TraceParent::parse(&format!("00-{TRACE}-b7ad6b7169203331-01")).unwrap();
    let header = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
    assert_eq!(xray::header(trace), header);
    assert_eq!(xray::parse(header), Some(trace));
    assert_eq!(xray::parse(&format!("Self=1-2-3; {header};Lineage=1:2:3")), Some(trace));
    let unsampled = TraceParent { sampled: false, ..trace };
    assert_eq!(xray::parse(&xray::header(unsampled)), Some(unsampled));
    for none in
        ["", "Root=1-0af76519-16cd43dd8448eb211c80319c", "Root=;Parent=;Sampled=1", "nonsense"]
    {
        assert_eq!(xray::parse(none), None, "{none}");
    }
}

/// Enrols Ada in a trace, and takes her completion through every function, as bus and queues would.
async fn complete(stack: &Stack, functions: &mut [Function; 4]) -> (EventRecorder, Value) {
    let [detect, issue, schedule, send] = functions;
    let recorder = stack.recorder().await;
    stack
        .put(json!({
            "pk": "USER#u-ada", "sk": "ENROLLMENT#e-1", "type": "Enrollment",
            "userId": "u-ada", "courseId": "c-1", "enrollmentId": "e-1",
            "completionDate": "2026-11-20T14:03:21Z", "traceparent": format!("00-{TRACE}-b7ad6b7169203331-01"),
        }))
        .await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.drain(detect, 5).await;
    let completed = recorder.details("CourseCompleted").await.pop().unwrap();
    assert!(issue.invoke(&batch(&[completed.to_string()])).await.failures().is_empty());
    stream.drain(detect, 5).await;
    let generated =
        until("the news", async || recorder.details("CertificateGenerated").await.pop()).await;
    assert!(schedule.invoke(&batch(&[generated.to_string()])).await.failures().is_empty());
    let id = generated["certificateId"].as_str().unwrap();
    let group = stack.resource("Schedules");
    let scheduled = stack.schedules.get_schedule().name(id).group_name(group).send().await.unwrap();
    let input = scheduled.target.unwrap().input.unwrap();
    assert!(
        send.invoke(&queue_event("queue", [("m-1", 1, input.clone())])).await.failures().is_empty()
    );
    (recorder, serde_json::from_str(&input).unwrap())
}

async fn functions(stack: &Stack, collector: Option<&Collector>) -> [Function; 4] {
    let mut functions = Vec::new();
    for name in ["detect", "issue", "schedule-mail", "send-mail"] {
        let function =
            stack.function(name, &stack.endpoint).await.with("TESTAMUR_MAIL_DELAY", "86400");
        functions.push(match collector {
            Some(collector) => function.with("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
            None => function,
        });
    }
    functions.try_into().ok().unwrap()
}

#[tokio::test]
async fn without_a_collector_the_trace_travels_unchanged_and_is_in_every_log() {
    let stack = pause_triggers("trace").await;
    let mut functions = functions(&stack, None).await;
    let (recorder, input) = complete(&stack, &mut functions).await;
    let trace = format!("00-{TRACE}-b7ad6b7169203331-01");
    assert_eq!(recorder.details("CourseCompleted").await[0]["traceparent"], trace);
    assert_eq!(stack.certificates("u-ada").await[0]["traceparent"], trace);
    assert_eq!(input["traceparent"], trace);
    for function in &mut functions {
        function.kill();
        let told = function.log();
        let done =
            told.iter().any(|line| line.contains("\"done\"") || line.contains("\"published\""));
        assert!(done && told.iter().any(|line| line.contains(TRACE)), "{told:#?}");
    }
}

#[tokio::test]
async fn a_collector_sees_one_trace_from_the_completion_to_the_e_mail() {
    let stack = pause_triggers("spans").await;
    let collector = Collector::start().await;
    let mut functions = functions(&stack, Some(&collector)).await;
    complete(&stack, &mut functions).await;
    let spans = collector.spans();
    let messages: Vec<_> = spans.iter().filter(|span| span["name"] == "message").collect();
    let services: Vec<_> = messages.iter().map(|span| span["service"].as_str().unwrap()).collect();
    assert_eq!(services, ["detect", "issue", "detect", "schedule-mail", "send-mail"], "{spans:#?}");
    assert!(messages.iter().all(|span| span["traceId"] == TRACE), "{messages:#?}");
    // Each is caused by the one before.
    let mut parent = "b7ad6b7169203331".to_owned();
    for span in &messages {
        assert_eq!(span["parentSpanId"], parent, "{messages:#?}");
        parent = span["spanId"].as_str().unwrap().to_owned();
    }
    let render = spans
        .iter()
        .find(|span| span["name"] == "render")
        .expect("the layout has a span of its own");
    assert_eq!(
        (&render["traceId"], &render["parentSpanId"]),
        (&json!(TRACE), &messages[1]["spanId"])
    );
    let told = json!(spans).to_string();
    assert!(!told.contains("Lovelace") && !told.contains("@example.com"), "personal data in spans");
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_certificate() {
    let stack = pause_triggers("no-collector").await;
    let issue = stack.function("issue", &stack.endpoint).await;
    // Nobody listens there.
    let mut issue = issue.with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let event = crate::completed("u-ada", "c-1", "e-1");
    assert!(issue.invoke(&batch(&[event.to_string()])).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 1);
}
