//! One trace connects the completion with the e-mail: in events, in records and in an OpenTelemetry
//! collector.

use serde_json::{Value, json};
use testamur_lambda::telemetry::xray;
use testamur_pipeline::TraceParent;
use testamur_tests::aws_emulation::{
    Collector, EventRecorder, Function, Stack, StreamPoller, wait_for,
};

use super::{batch, paused_stack};
use crate::completed;

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID: &str = "b7ad6b7169203331";

#[test]
fn a_trace_context_survives_the_format_of_x_ray() {
    let trace = TraceParent::parse(&trace_parent()).unwrap();
    let header = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
    assert_eq!(xray::header(trace), header);
    assert_eq!(xray::parse(header), Some(trace));
    assert_eq!(xray::parse(&format!("Self=1-2-3; {header};Lineage=1:2:3")), Some(trace));
    let unsampled = TraceParent { sampled: false, ..trace };
    assert_eq!(xray::parse(&xray::header(unsampled)), Some(unsampled));
    for malformed in
        ["", "Root=1-0af76519-16cd43dd8448eb211c80319c", "Root=;Parent=;Sampled=1", "nonsense"]
    {
        assert_eq!(xray::parse(malformed), None, "{malformed}");
    }
}

#[tokio::test]
async fn without_a_collector_the_trace_is_passed_on_unchanged() {
    let stack = paused_stack("trace").await;
    let mut functions = functions(&stack, None).await;
    let flow = complete(&stack, &mut functions).await;
    assert_eq!(flow.recorder.details("CourseCompleted").await[0]["traceparent"], trace_parent());
    assert_eq!(stack.certificates("u-ada").await[0]["traceparent"], trace_parent());
    assert_eq!(flow.scheduled_event["traceparent"], trace_parent());
    for function in &mut functions {
        function.kill();
        let log = function.log();
        let is_outcome = |line: &str| line.contains("\"done\"") || line.contains("\"published\"");
        let has_trace = log.iter().any(|line| is_outcome(line) && line.contains(TRACE_ID));
        assert!(has_trace, "no outcome with the trace id in {log:#?}");
    }
}

#[tokio::test]
async fn a_collector_receives_one_trace_of_the_whole_flow() {
    let stack = paused_stack("spans").await;
    let collector = Collector::start().await;
    let mut functions = functions(&stack, Some(&collector)).await;
    complete(&stack, &mut functions).await;
    let spans = collector.spans();
    let messages: Vec<_> = spans.iter().filter(|span| span["name"] == "message").collect();
    let services: Vec<_> = messages.iter().map(|span| span["service"].as_str().unwrap()).collect();
    assert_eq!(services, ["detect", "issue", "detect", "schedule-mail", "send-mail"], "{spans:#?}");
    // Each span is a child of the previous one.
    let mut parent = PARENT_ID.to_owned();
    for span in &messages {
        assert_eq!(span["traceId"], TRACE_ID, "{messages:#?}");
        assert_eq!(span["parentSpanId"], parent, "{messages:#?}");
        parent = span["spanId"].as_str().unwrap().to_owned();
    }
    let typeset =
        spans.iter().find(|span| span["name"] == "typeset").expect("a span of the layout");
    assert_eq!(typeset["traceId"], TRACE_ID);
    assert_eq!(typeset["parentSpanId"], messages[1]["spanId"]);
    let text = json!(spans).to_string();
    assert!(!text.contains("Lovelace") && !text.contains("@example.com"), "personal data in spans");
}

#[tokio::test]
async fn an_unreachable_collector_fails_no_certificate() {
    let stack = paused_stack("no-collector").await;
    let issue = stack.function("issue", &stack.endpoint).await;
    // No server listens on port 9.
    let mut issue = issue.with_variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let event = completed("u-ada", "c-1", "e-1").to_string();
    assert!(issue.invoke(&batch(&[event])).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 1);
}

/// What remains of a completion that all functions have processed.
struct Flow {
    recorder: EventRecorder,
    /// The event in the schedule of the e-mail.
    scheduled_event: Value,
}

/// Completes an enrollment that has a trace context and passes the events from function to
/// function, as the event bus and the queues do.
async fn complete(stack: &Stack, functions: &mut [Function; 4]) -> Flow {
    let [detect, issue, schedule_mail, send_mail] = functions;
    let recorder = stack.record_events().await;
    let enrollment = json!({
        "pk": "USER#u-ada", "sk": "ENROLLMENT#e-1", "type": "Enrollment",
        "userId": "u-ada", "courseId": "c-1", "enrollmentId": "e-1",
        "completionDate": "2026-11-20T14:03:21Z", "traceparent": trace_parent(),
    });
    stack.put_item(enrollment).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.deliver_all(detect, 5).await;
    let completed = recorder.details("CourseCompleted").await.pop().unwrap();
    assert!(issue.invoke(&batch(&[completed.to_string()])).await.failures().is_empty());
    stream.deliver_all(detect, 5).await;
    let generated = wait_for("CertificateGenerated event", async || {
        recorder.details("CertificateGenerated").await.pop()
    })
    .await;
    assert!(schedule_mail.invoke(&batch(&[generated.to_string()])).await.failures().is_empty());
    let schedule = stack
        .scheduler
        .get_schedule()
        .name(generated["certificateId"].as_str().unwrap())
        .group_name(stack.resource("Schedules"))
        .send()
        .await
        .unwrap();
    let input = schedule.target.unwrap().input.unwrap();
    let scheduled_event = serde_json::from_str(&input).unwrap();
    assert!(send_mail.invoke(&batch(&[input])).await.failures().is_empty());
    Flow { recorder, scheduled_event }
}

async fn functions(stack: &Stack, collector: Option<&Collector>) -> [Function; 4] {
    let mut functions = Vec::new();
    for name in ["detect", "issue", "schedule-mail", "send-mail"] {
        let function = stack.function(name, &stack.endpoint).await;
        let function = function.with_variable("TESTAMUR_MAIL_DELAY", "86400");
        functions.push(match collector {
            Some(collector) => {
                function.with_variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
            }
            None => function,
        });
    }
    functions.try_into().ok().unwrap()
}

fn trace_parent() -> String {
    format!("00-{TRACE_ID}-{PARENT_ID}-01")
}
