//! Whatever answers wrongly, late or not at all, at whatever step, and whatever process is killed: nothing lost, nothing doubled.
//!
//! Each step of each function is struck by each fault, once and for good, and by a kill before and after it is carried out.
//! Then everything is well again and the event is delivered once more, as its queue or stream would.

use std::time::Duration;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{
    Answer, Fault, Function, Moment, Proxy, Stack, StreamPoller, When, queue_event,
};

use super::{generated, pause_triggers};
use crate::completed;

/// Below the time in which a client gives up an answer, so that slow answers are waited for.
const SLOW: Duration = Duration::from_millis(600);

/// What strikes a step.
#[derive(Debug, Clone)]
enum Injection {
    Fault(Fault),
    Kill(Moment),
}

fn injections() -> Vec<Injection> {
    let faults =
        [Fault::Broken, Fault::Throttled, Fault::CutBefore, Fault::CutAfter, Fault::Slow(SLOW)];
    faults
        .map(Injection::Fault)
        .into_iter()
        .chain([Moment::Before, Moment::After].map(Injection::Kill))
        .collect()
}

/// A function behind a proxy, in a stack where nothing else works.
struct FunctionUnderTest {
    stack: Stack,
    proxy: Proxy,
    function: Function,
}

impl FunctionUnderTest {
    async fn new(stack: &str, function: &str) -> Self {
        let stack = pause_triggers(stack).await;
        let proxy = Proxy::before(&stack.endpoint).await;
        let function = stack.function(function, proxy.endpoint()).await;
        Self { stack, proxy, function }
    }

    /// How many requests an event takes when nothing is wrong.
    async fn steps(&mut self, event: &Value) -> usize {
        self.function.start().await.unwrap();
        self.proxy.forget();
        assert!(self.function.invoke(event).await.failures().is_empty());
        self.proxy.requests().len()
    }

    /// Delivers an event while something is wrong from a step on. Afterwards all is well.
    async fn inject(
        &mut self,
        event: &Value,
        step: usize,
        lasting: bool,
        injection: &Injection,
    ) -> Answer {
        self.function.start().await.unwrap();
        let when = if lasting { When::from(step) } else { When::at(step) };
        let answer = match injection {
            Injection::Fault(fault) => {
                self.proxy.inject(when, fault.clone());
                self.function.invoke(event).await
            }
            Injection::Kill(moment) => {
                let mut held = self.proxy.hold(when, *moment);
                let invocation = self.function.begin(event, Duration::from_secs(30)).await.unwrap();
                held.reached().await;
                self.function.kill();
                invocation.answer().await
            }
        };
        assert!(
            self.proxy.clear() > 0,
            "step {step} was not reached, so {injection:?} struck nothing"
        );
        answer
    }

    /// Delivers an event until it is done.
    async fn deliver(&mut self, event: &Value) {
        for _ in 0..4 {
            if self.function.invoke(event).await.failures().is_empty() {
                return;
            }
        }
        panic!("not done though all is well: {:#?}", self.function.log());
    }
}

/// Strikes every step in every way. The event of a strike has an id of its own; `check` looks at what became of it.
async fn inject_all(
    subject: &mut FunctionUnderTest,
    event: impl Fn(&str) -> Value,
    redeliver: impl AsyncFn(&mut FunctionUnderTest, &str, &Value),
    check: impl AsyncFn(&FunctionUnderTest, &str, &str),
) {
    let steps = subject.steps(&event("undisturbed")).await;
    check(subject, "undisturbed", "undisturbed").await;
    for step in 1..=steps {
        for (number, injection) in injections().iter().enumerate() {
            for lasting in [false, true] {
                if lasting
                    && matches!(injection, Injection::Kill(_) | Injection::Fault(Fault::Slow(_)))
                {
                    continue;
                }
                let id = format!("{step}-{number}-{lasting}");
                let told = format!("step {step} of {steps}, {injection:?}, lasting: {lasting}");
                let event = event(&id);
                subject.inject(&event, step, lasting, injection).await;
                redeliver(subject, &id, &event).await;
                check(subject, &id, &told).await;
            }
        }
    }
}

#[tokio::test]
async fn issue_makes_one_certificate_of_a_completion() {
    let mut subject = FunctionUnderTest::new("issue-faults", "issue").await;
    let event =
        |id: &str| queue_event("queue", [("m-1", 1, completed("u-ada", "c-1", id).to_string())]);
    let redeliver = async |subject: &mut FunctionUnderTest, _: &str, event: &Value| {
        subject.deliver(event).await;
    };
    let check = async |subject: &FunctionUnderTest, id: &str, told: &str| {
        let records = subject.stack.certificates("u-ada").await;
        let ours: Vec<_> = records.iter().filter(|record| record["enrollmentId"] == id).collect();
        let [record] = ours[..] else { panic!("{told}: {ours:?}") };
        let name = format!("certificates/{}", record["certificateId"].as_str().unwrap());
        let objects = subject.stack.objects_below(&name).await;
        assert_eq!(objects.len(), 4, "{told}: {objects:?}");
        for (key, _) in objects {
            let bytes = subject.stack.object(&key).await.unwrap();
            let whole = match key.rsplit('.').next().unwrap() {
                "pdf" => bytes.trim_ascii_end().ends_with(b"%%EOF"),
                "jpg" => bytes.ends_with(&[0xff, 0xd9]),
                _ => bytes.ends_with(b"}"),
            };
            assert!(whole, "{told}: {key} is not whole");
        }
    };
    inject_all(&mut subject, event, redeliver, check).await;
    assert!(subject.stack.messages("CertificateDeadLetters").await.is_empty());
    once_in_the_stream(&subject.stack).await;
}

/// Every certificate was written once, so each is announced once by the stream.
async fn once_in_the_stream(stack: &Stack) {
    let recorder = stack.recorder().await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.drain(&mut detect, 100).await;
    let mut announced: Vec<_> = recorder
        .details("CertificateGenerated")
        .await
        .iter()
        .map(|news| news["certificateId"].to_string())
        .collect();
    let count = announced.len();
    announced.sort();
    announced.dedup();
    assert_eq!(announced.len(), count, "announced twice");
    assert_eq!(count, stack.certificates("u-ada").await.len());
}

#[tokio::test]
async fn detect_publishes_every_completion_at_least_once() {
    let mut subject = FunctionUnderTest::new("detect-faults", "detect").await;
    let recorder = subject.stack.recorder().await;
    let stream = subject.stack.stream().await;
    let mut stream = StreamPoller::new(&subject.stack.endpoint, &stream).await;
    for (number, injection) in injections().iter().enumerate() {
        let id = format!("e-{number}");
        subject.stack.enroll("u-ada", "c-1", &id).await;
        subject.stack.complete("u-ada", &id, "2026-11-20T14:03:21Z").await;
        subject.function.start().await.unwrap();
        match injection {
            Injection::Fault(fault) => {
                subject.proxy.inject(When::always(), fault.clone());
                stream.turn(&mut subject.function).await.unwrap();
            }
            Injection::Kill(moment) => {
                let mut held = subject.proxy.hold(When::at(1), *moment);
                let killer = subject.function.killer();
                let killed = async {
                    held.reached().await;
                    killer.kill();
                };
                let (turn, ()) = tokio::join!(stream.turn(&mut subject.function), killed);
                assert_eq!(turn.unwrap().answer, Answer::Died);
            }
        }
        subject.proxy.clear();
        stream.drain(&mut subject.function, 5).await;
        let events = recorder.details("CourseCompleted").await;
        assert!(
            events.iter().any(|event| event["enrollmentId"] == id),
            "{injection:?}: {id} is lost"
        );
    }
    assert!(subject.stack.messages("DetectDeadLetters").await.is_empty());
}

#[tokio::test]
async fn schedule_mail_leaves_one_schedule() {
    let mut subject = FunctionUnderTest::new("schedule-faults", "schedule-mail").await;
    subject.function = subject
        .stack
        .function("schedule-mail", subject.proxy.endpoint())
        .await
        .with("TESTAMUR_MAIL_DELAY", "86400");
    let event = |id: &str| queue_event("queue", [("m-1", 1, generated(&certificate_id(id)))]);
    let redeliver = async |subject: &mut FunctionUnderTest, _: &str, event: &Value| {
        subject.deliver(event).await;
    };
    let check = async |subject: &FunctionUnderTest, id: &str, told: &str| {
        let name = certificate_id(id);
        let count =
            subject.stack.scheduled().await.iter().filter(|scheduled| **scheduled == name).count();
        assert_eq!(count, 1, "{told}");
    };
    inject_all(&mut subject, event, redeliver, check).await;
    assert!(subject.stack.messages("ScheduleDeadLetters").await.is_empty());
}

#[tokio::test]
async fn send_mail_sends_one_e_mail() {
    let mut subject = FunctionUnderTest::new("mail-faults", "send-mail").await;
    subject.function = subject
        .stack
        .function("send-mail", subject.proxy.endpoint())
        .await
        .with("TESTAMUR_MAIL_CONFIRMATION", "1");
    let mut bounce = subject.stack.function("bounce", &subject.stack.endpoint).await;
    bounce.start().await.unwrap();
    let bounce = tokio::sync::Mutex::new(bounce);
    let address = |id: &str| format!("{id}@faults.example.com");
    let event = |id: &str| queue_event("queue", [("m-1", 1, generated(&certificate_id(id)))]);
    // Each strike is about a learner of its own, so that its e-mails can be told apart; the learner is the address's.
    let event = |id: &str| {
        let mut event = event(id);
        let body =
            event["Records"][0]["body"].as_str().unwrap().replace("u-ada", &format!("u-{id}"));
        event["Records"][0]["body"] = body.into();
        event
    };
    let ids = |steps: usize| {
        let strikes =
            (1..=steps).flat_map(|step| (0..injections().len()).map(move |number| (step, number)));
        strikes.flat_map(|(step, number)| {
            [false, true].map(|lasting| format!("{step}-{number}-{lasting}"))
        })
    };
    for id in ids(8).chain(["undisturbed".to_owned()]) {
        subject.stack.learner(&format!("u-{id}"), &address(&id)).await;
    }
    let redeliver = async |subject: &mut FunctionUnderTest, id: &str, event: &Value| {
        // SES reports what it has taken; what it has not taken it can't report, and after a while it is sent again.
        if !subject.stack.mails_to(&address(id)).await.is_empty() {
            let mail =
                json!({ "messageId": "from-ses", "tags": { "certificate": [certificate_id(id)] } });
            let report = json!({ "detail": { "eventType": "Send", "mail": mail } }).to_string();
            let answer =
                bounce.lock().await.invoke(&queue_event("queue", [("m-1", 1, report)])).await;
            assert!(answer.failures().is_empty());
        } else {
            tokio::time::sleep(Duration::from_millis(1050)).await;
        }
        subject.deliver(event).await;
    };
    let check = async |subject: &FunctionUnderTest, id: &str, told: &str| {
        let mails = subject.stack.mails_to(&address(id)).await;
        assert_eq!(mails.len(), 1, "{told}: {mails:?}");
        let note = subject
            .stack
            .item(&format!("CERTIFICATE#{}", certificate_id(id)), "MAIL")
            .await
            .unwrap();
        assert_eq!(note["state"], "sent", "{told}");
    };
    inject_all(&mut subject, event, redeliver, check).await;
    assert!(subject.stack.messages("MailDeadLetters").await.is_empty());
}

#[tokio::test]
async fn bounce_suppresses_and_confirms() {
    let mut subject = FunctionUnderTest::new("bounce-faults", "bounce").await;
    let event = |id: &str| {
        let recipients = json!([{ "emailAddress": format!("{id}@bounce.example.com") }]);
        let bounce = json!({ "bounceType": "Permanent", "bouncedRecipients": recipients });
        let detail =
            json!({ "eventType": "Bounce", "mail": { "messageId": "1" }, "bounce": bounce });
        queue_event("queue", [("m-1", 1, json!({ "detail": detail }).to_string())])
    };
    let redeliver = async |subject: &mut FunctionUnderTest, _: &str, event: &Value| {
        subject.deliver(event).await;
    };
    let check = async |subject: &FunctionUnderTest, id: &str, told: &str| {
        let hash =
            testamur_pipeline::model::address::AddressHash::of(&format!("{id}@bounce.example.com"));
        let item =
            subject.stack.item(&format!("SUPPRESSION#{}", hash.as_str()), "SUPPRESSION").await;
        assert_eq!(item.unwrap_or_default()["reason"], "bounce", "{told}");
    };
    inject_all(&mut subject, event, redeliver, check).await;
    assert!(subject.stack.messages("BounceDeadLetters").await.is_empty());
}

fn certificate_id(id: &str) -> String {
    testamur_pipeline::testing::contract::record(id).certificate_id.to_string()
}
