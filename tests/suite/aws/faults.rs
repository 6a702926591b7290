//! No function loses or duplicates anything, whichever request fails and whenever its process is
//! killed.
//!
//! Every request of every function fails with every fault, once and permanently, and the process is
//! killed before and after every request. Then the fault ends and the event is delivered once more,
//! as its queue or stream would do.

use std::time::Duration;

use serde_json::{Value, json};
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::testing::contract;
use testamur_tests::aws_emulation::{
    Fault, Function, HoldAt, InvocationOutcome, Proxy, Requests, Stack, StreamPoller,
};
use tokio::sync::Mutex;

use super::{batch, generated, paused_stack};
use crate::completed;

/// Shorter than the timeout of an attempt, so that the client waits for slow responses.
const SLOW: Duration = Duration::from_millis(600);

/// The id of the event that is delivered without an injection.
const WITHOUT_INJECTION: &str = "none";

/// What happens at a request.
#[derive(Debug, Clone)]
enum Injection {
    Fault(Fault),
    Kill(HoldAt),
}

/// An injection at a request of a function.
#[derive(Debug, Clone)]
struct Case {
    /// The number of the request, from 1 on.
    request: usize,
    injection: Injection,
    /// Whether all later requests are affected as well.
    permanent: bool,
    /// An id that is unique among the cases of a function. It identifies the case's event.
    id: String,
}

#[tokio::test]
async fn issue_creates_one_certificate_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("issue-faults", "issue").await;
    let event = |id: &str| batch(&[completed("u-ada", "c-1", id).to_string()]);
    let check = async |subject: &FunctionUnderTest, id: &str, case: &str| {
        let records = subject.stack.certificates("u-ada").await;
        let records: Vec<_> =
            records.iter().filter(|record| record["enrollmentId"] == id).collect();
        let [record] = records[..] else { panic!("{case}: {records:?}") };
        let name = format!("certificates/{}", record["certificateId"].as_str().unwrap());
        let objects = subject.stack.list_objects(&name).await;
        assert_eq!(objects.len(), 4, "{case}: {objects:?}");
        for object in objects {
            let bytes = subject.stack.object(&object.key).await.unwrap();
            assert!(is_complete(&object.key, &bytes), "{case}: {} is incomplete", object.key);
        }
    };
    subject.inject_all(event, redeliver, check).await;
    assert!(subject.stack.messages("CertificateDeadLetters").await.is_empty());
    assert_each_certificate_is_in_the_stream_once(&subject.stack).await;
}

fn is_complete(key: &str, bytes: &[u8]) -> bool {
    match key.rsplit('.').next() {
        Some("pdf") => bytes.trim_ascii_end().ends_with(b"%%EOF"),
        Some("jpg") => bytes.ends_with(&[0xff, 0xd9]),
        _ => bytes.ends_with(b"}"),
    }
}

async fn assert_each_certificate_is_in_the_stream_once(stack: &Stack) {
    let recorder = stack.record_events().await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.deliver_all(&mut detect, 100).await;
    let events = recorder.details("CertificateGenerated").await;
    let mut ids: Vec<_> = events.iter().map(|event| event["certificateId"].to_string()).collect();
    assert_eq!(ids.len(), stack.certificates("u-ada").await.len());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event was published twice");
}

#[tokio::test]
async fn detect_publishes_every_completion_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("detect-faults", "detect").await;
    let recorder = subject.stack.record_events().await;
    let stream = subject.stack.stream().await;
    let mut stream = StreamPoller::new(&subject.stack.endpoint, &stream).await;
    for (number, injection) in injections().iter().enumerate() {
        let enrollment = format!("e-{number}");
        subject.stack.enroll_and_complete("u-ada", &enrollment).await;
        subject.function.start().await.unwrap();
        match injection {
            Injection::Fault(fault) => {
                subject.proxy.inject(Requests::all(), fault.clone());
                stream.deliver(&mut subject.function).await.unwrap();
            }
            Injection::Kill(at) => {
                let mut held = subject.proxy.hold(Requests::nth(1), *at);
                let process = subject.function.kill_handle();
                let kill = async {
                    held.wait_until_held().await;
                    process.kill();
                };
                let (batch, ()) = tokio::join!(stream.deliver(&mut subject.function), kill);
                assert_eq!(batch.unwrap().outcome, InvocationOutcome::Crashed);
            }
        }
        assert!(subject.proxy.clear() > 0, "{injection:?} affected no request");
        stream.deliver_all(&mut subject.function, 5).await;
        let events = recorder.details("CourseCompleted").await;
        let is_published = events.iter().any(|event| event["enrollmentId"] == enrollment);
        assert!(is_published, "{injection:?}: no event for {enrollment}");
    }
    assert!(subject.stack.messages("DetectDeadLetters").await.is_empty());
}

#[tokio::test]
async fn schedule_mail_creates_one_schedule_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("schedule-faults", "schedule-mail").await;
    subject.function = subject.function.with_variable("TESTAMUR_MAIL_DELAY", "86400");
    let event = |id: &str| batch(&[generated(&certificate_id(id))]);
    let check = async |subject: &FunctionUnderTest, id: &str, case: &str| {
        let names = subject.stack.schedule_names().await;
        let expected = certificate_id(id);
        assert_eq!(names.iter().filter(|name| **name == expected).count(), 1, "{case}");
    };
    subject.inject_all(event, redeliver, check).await;
    assert!(subject.stack.messages("ScheduleDeadLetters").await.is_empty());
}

#[tokio::test]
async fn send_mail_sends_one_email_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("mail-faults", "send-mail").await;
    subject.function = subject.function.with_variable("TESTAMUR_MAIL_CONFIRMATION", "1");
    let mut bounce = subject.stack.function("bounce", &subject.stack.endpoint).await;
    bounce.start().await.unwrap();
    let bounce = Mutex::new(bounce);
    // Each case has a user of its own, whose address identifies the e-mails of the case.
    let address = |id: &str| format!("{id}@faults.example.com");
    let event =
        |id: &str| batch(&[generated(&certificate_id(id)).replace("u-ada", &format!("u-{id}"))]);
    // The number of requests is not known yet; eight are enough.
    let ids = cases(8).into_iter().map(|case| case.id).chain([WITHOUT_INJECTION.to_owned()]);
    for id in ids {
        subject.stack.put_user(&format!("u-{id}"), &address(&id)).await;
    }
    let redeliver = async |subject: &mut FunctionUnderTest, id: &str, event: &Value| {
        if subject.stack.emails_to(&address(id)).await.is_empty() {
            // The lease of the failed attempt has to expire.
            tokio::time::sleep(Duration::from_millis(1050)).await;
        } else {
            // SES confirms what it has accepted.
            let tags = json!({ "certificate": [certificate_id(id)] });
            let mail = json!({ "messageId": "from-ses", "tags": tags });
            let sent = json!({ "detail": { "eventType": "Send", "mail": mail } }).to_string();
            assert!(bounce.lock().await.invoke(&batch(&[sent])).await.failures().is_empty());
        }
        subject.deliver(event).await;
    };
    let check = async |subject: &FunctionUnderTest, id: &str, case: &str| {
        let emails = subject.stack.emails_to(&address(id)).await;
        assert_eq!(emails.len(), 1, "{case}: {emails:?}");
        let key = format!("CERTIFICATE#{}", certificate_id(id));
        let delivery = subject.stack.item(&key, "MAIL").await.unwrap();
        assert_eq!(delivery["state"], "sent", "{case}");
    };
    subject.inject_all(event, redeliver, check).await;
    assert!(subject.stack.messages("MailDeadLetters").await.is_empty());
}

#[tokio::test]
async fn bounce_suppresses_an_address_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("bounce-faults", "bounce").await;
    let address = |id: &str| format!("{id}@bounce.example.com");
    let event = |id: &str| {
        let recipients = json!([{ "emailAddress": address(id) }]);
        let bounce = json!({ "bounceType": "Permanent", "bouncedRecipients": recipients });
        let detail =
            json!({ "eventType": "Bounce", "mail": { "messageId": "1" }, "bounce": bounce });
        batch(&[json!({ "detail": detail }).to_string()])
    };
    let check = async |subject: &FunctionUnderTest, id: &str, case: &str| {
        let key = format!("SUPPRESSION#{}", AddressHash::of(&address(id)).as_str());
        let item = subject.stack.item(&key, "SUPPRESSION").await.unwrap_or_default();
        assert_eq!(item["reason"], "bounce", "{case}");
    };
    subject.inject_all(event, redeliver, check).await;
    assert!(subject.stack.messages("BounceDeadLetters").await.is_empty());
}

#[tokio::test]
async fn bounce_confirms_an_email_despite_any_fault() {
    let mut subject = FunctionUnderTest::new("confirmation-faults", "bounce").await;
    let event = |id: &str| {
        let tags = json!({ "certificate": [certificate_id(id)] });
        let detail = json!({ "eventType": "Send", "mail": { "messageId": "1", "tags": tags } });
        batch(&[json!({ "detail": detail }).to_string()])
    };
    let check = async |subject: &FunctionUnderTest, id: &str, case: &str| {
        let key = format!("CERTIFICATE#{}", certificate_id(id));
        let delivery = subject.stack.item(&key, "MAIL").await.unwrap_or_default();
        assert_eq!(delivery["state"], "sent", "{case}");
    };
    subject.inject_all(event, redeliver, check).await;
    assert!(subject.stack.messages("BounceDeadLetters").await.is_empty());
}

fn injections() -> Vec<Injection> {
    let faults = [
        Fault::InternalError,
        Fault::Throttled,
        Fault::DisconnectBefore,
        Fault::DisconnectAfter,
        Fault::SlowResponse(SLOW),
    ];
    let kills = [HoldAt::Request, HoldAt::Response];
    faults.map(Injection::Fault).into_iter().chain(kills.map(Injection::Kill)).collect()
}

/// Returns all cases for a function that makes this many requests.
fn cases(requests: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for request in 1..=requests {
        for (number, injection) in injections().into_iter().enumerate() {
            for permanent in [false, true] {
                // A process can be killed once only, and slow responses do not fail.
                let is_pointless = matches!(
                    injection,
                    Injection::Kill(_) | Injection::Fault(Fault::SlowResponse(_))
                );
                if permanent && is_pointless {
                    continue;
                }
                let id = format!("{request}-{number}-{permanent}");
                cases.push(Case { request, injection: injection.clone(), permanent, id });
            }
        }
    }
    cases
}

fn certificate_id(id: &str) -> String {
    contract::record(id).certificate_id.to_string()
}

/// A function behind a proxy, in a stack in which nothing else runs.
struct FunctionUnderTest {
    stack: Stack,
    proxy: Proxy,
    function: Function,
}

impl FunctionUnderTest {
    async fn new(stack: &str, function: &str) -> Self {
        let stack = paused_stack(stack).await;
        let proxy = Proxy::start(&stack.endpoint).await;
        let function = stack.function(function, proxy.endpoint()).await;
        Self { stack, proxy, function }
    }

    /// Runs all cases. `event` returns the event of a case, `redeliver` delivers it after the fault
    /// has ended, and `check` asserts the result.
    async fn inject_all(
        &mut self,
        event: impl Fn(&str) -> Value,
        redeliver: impl AsyncFn(&mut FunctionUnderTest, &str, &Value),
        check: impl AsyncFn(&FunctionUnderTest, &str, &str),
    ) {
        let requests = self.count_requests(&event(WITHOUT_INJECTION)).await;
        check(self, WITHOUT_INJECTION, "without an injection").await;
        for case in cases(requests) {
            let event = event(&case.id);
            self.inject(&event, &case).await;
            redeliver(self, &case.id, &event).await;
            check(self, &case.id, &format!("{case:?} of {requests} requests")).await;
        }
    }

    /// Returns how many requests the function makes for an event if none fails.
    async fn count_requests(&mut self, event: &Value) -> usize {
        self.function.start().await.unwrap();
        self.proxy.clear_requests();
        assert!(self.function.invoke(event).await.failures().is_empty());
        self.proxy.requests().len()
    }

    /// Delivers an event during a fault, then ends the fault.
    async fn inject(&mut self, event: &Value, case: &Case) {
        self.function.start().await.unwrap();
        let requests = Requests::nth(case.request);
        let requests = if case.permanent { requests.and_later() } else { requests };
        match &case.injection {
            Injection::Fault(fault) => {
                self.proxy.inject(requests, fault.clone());
                self.function.invoke(event).await;
            }
            Injection::Kill(at) => {
                let mut held = self.proxy.hold(requests, *at);
                let timeout = Duration::from_secs(30);
                let invocation = self.function.start_invocation(event, timeout).await.unwrap();
                held.wait_until_held().await;
                self.function.kill();
                assert_eq!(invocation.outcome().await, InvocationOutcome::Crashed, "{case:?}");
            }
        }
        assert!(self.proxy.clear() > 0, "{case:?} affected no request");
    }

    /// Delivers an event until it is done.
    async fn deliver(&mut self, event: &Value) {
        for _ in 0..4 {
            if self.function.invoke(event).await.failures().is_empty() {
                return;
            }
        }
        panic!("the event fails without a fault: {:#?}", self.function.log());
    }
}

/// Delivers the event of a case again.
async fn redeliver(subject: &mut FunctionUnderTest, _id: &str, event: &Value) {
    subject.deliver(event).await;
}
