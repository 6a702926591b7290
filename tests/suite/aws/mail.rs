//! The functions `schedule-mail`, `send-mail` and `bounce`.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use testamur_tests::aws_emulation::{
    Fault, HoldAt, InvocationOutcome, Proxy, Requests, Stack, wait_for,
};

use super::{
    CERTIFICATE, DeadLetter, assert_log_has_no_personal_data, batch, dead_letters, generated,
    generated_with_hash, metric, paused_stack, picture,
};

/// Another certificate id that no enrollment of the tests has.
const OTHER_CERTIFICATE: &str = "0d9c8f1e-5a7b-8c3d-9e2f-000000000001";

#[tokio::test]
async fn an_email_is_scheduled_once_by_its_certificate_id() {
    let stack = paused_stack("schedule").await;
    let schedule_mail = stack.function("schedule-mail", &stack.endpoint).await;
    let mut schedule_mail = schedule_mail.with_variable("TESTAMUR_MAIL_DELAY", "86400");
    let bodies = [generated(CERTIFICATE), generated(CERTIFICATE), generated("no-certificate")];
    assert!(schedule_mail.invoke(&batch(&bodies)).await.failures().is_empty());
    let names = stack.schedule_names().await;
    assert_eq!(names.iter().filter(|name| *name == CERTIFICATE).count(), 1);
    let schedule = stack
        .scheduler
        .get_schedule()
        .name(CERTIFICATE)
        .group_name(stack.resource("Schedules"))
        .send()
        .await
        .unwrap();
    let target = schedule.target.unwrap();
    let input: Value = serde_json::from_str(&target.input.unwrap()).unwrap();
    assert_eq!(input, serde_json::from_str::<Value>(&generated(CERTIFICATE)).unwrap());
    assert!(target.dead_letter_config.is_some());

    let expected = DeadLetter {
        code: "bad-event".to_owned(),
        reason: "invalid CertificateGenerated event: certificateId is not a certificate id: \
                 expected a UUID"
            .to_owned(),
        body: generated("no-certificate"),
    };
    assert_eq!(dead_letters(&stack, "ScheduleDeadLetters").await, [expected]);
    assert_log_has_no_personal_data(&mut schedule_mail);
}

#[tokio::test]
async fn two_simultaneous_deliveries_send_one_email() {
    let stack = paused_stack("simultaneous").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let address = "once@example.com";
    stack.put_user("u-ada", address).await;
    let mut send_mail = stack.function("send-mail", proxy.endpoint()).await;
    send_mail.start().await.unwrap();
    let event = batch(&[generated(CERTIFICATE), generated(CERTIFICATE)]);

    // SES responds to the first delivery only after the second one has failed to claim the e-mail.
    let held = proxy.hold(Requests::nth(1).to("ses"), HoldAt::Response);
    let invocation = send_mail.start_invocation(&event, Duration::from_secs(30)).await.unwrap();
    wait_for("retry of the second delivery", async || {
        send_mail.log().iter().any(|line| line.contains("will be retried")).then_some(())
    })
    .await;
    drop(held);
    let outcome = invocation.outcome().await;
    assert_eq!(outcome.failures().len(), 1, "{outcome:?}");

    assert!(send_mail.invoke(&event).await.failures().is_empty());
    let emails = stack.emails_to(address).await;
    let [email] = &emails[..] else { panic!("{emails:?}") };
    assert_eq!(email["Subject"], "Your certificate for Analytical Engines");
    let delivery = delivery(&stack).await;
    assert_eq!(delivery["state"], "sent");
    assert_eq!(delivery["messageId"], email["MessageId"]);
    assert_log_has_no_personal_data(&mut send_mail);
    assert_eq!(metric(&send_mail, "MailSent"), [1.0]);
    assert_eq!(metric(&send_mail, "MailAlreadySent"), [1.0, 1.0]);
}

#[tokio::test]
async fn an_email_shows_the_picture_in_the_bucket_or_none() {
    let stack = paused_stack("picture").await;
    let address = "picture@example.com";
    stack.put_user("u-ada", address).await;
    let put = stack.s3.put_object().bucket(stack.resource("Bucket"));
    let bytes = ByteStream::from_static(b"a picture");
    put.key(picture(CERTIFICATE)).body(bytes).send().await.unwrap();
    let mut send_mail = stack.function("send-mail", &stack.endpoint).await;
    for id in [CERTIFICATE, OTHER_CERTIFICATE] {
        let event = batch(&[generated_with_hash(id)]);
        assert!(send_mail.invoke(&event).await.failures().is_empty());
    }
    let emails = stack.emails_to(address).await;
    let [with, without] = &emails[..] else { panic!("{emails:?}") };
    let html = with["BodyHtml"].as_str().unwrap();
    assert!(html.contains(&format!("cid:picture-{CERTIFICATE}@testamur")), "{html}");
    let html = without["BodyHtml"].as_str().unwrap();
    assert!(!html.contains("<img"), "{html}");
    let warned = |line: &String| {
        line.contains("the e-mail has no picture") && line.contains(&picture(OTHER_CERTIFICATE))
    };
    send_mail.kill();
    assert_eq!(send_mail.log().iter().filter(|line| warned(line)).count(), 1);
    assert_log_has_no_personal_data(&mut send_mail);
    assert_eq!(metric(&send_mail, "MailSent"), [1.0, 1.0]);
}

#[tokio::test]
async fn a_permanent_bounce_suppresses_the_address() {
    let stack = paused_stack("suppression").await;
    let address = "bounced@example.com";
    stack.put_user("u-ada", address).await;
    let mut send_mail = stack.function("send-mail", &stack.endpoint).await;
    let mut bounce = stack.function("bounce", &stack.endpoint).await;

    let opened = ses_event("Open", &json!({ "open": {} }));
    let ignored = batch(&[bounced("Transient", "Bounced@Example.com"), opened]);
    assert!(bounce.invoke(&ignored).await.failures().is_empty());
    assert!(send_mail.invoke(&batch(&[generated(CERTIFICATE)])).await.failures().is_empty());
    assert_eq!(stack.emails_to(address).await.len(), 1, "a transient bounce has no effect");

    let permanent = bounced("Permanent", "Bounced@Example.com");
    let repeated = batch(&[permanent.clone(), permanent]);
    assert!(bounce.invoke(&repeated).await.failures().is_empty());
    assert!(send_mail.invoke(&batch(&[generated(OTHER_CERTIFICATE)])).await.failures().is_empty());
    assert_eq!(stack.emails_to(address).await.len(), 1, "the address is suppressed");

    assert_log_has_no_personal_data(&mut send_mail);
    assert_log_has_no_personal_data(&mut bounce);
    assert_eq!(metric(&send_mail, "MailSent"), [1.0]);
    assert_eq!(metric(&send_mail, "MailSuppressed"), [1.0]);
}

#[tokio::test]
async fn a_malformed_ses_event_becomes_a_dead_letter() {
    let stack = paused_stack("malformed-ses-event").await;
    let mut bounce = stack.function("bounce", &stack.endpoint).await;
    let malformed = ses_event("Bounce", &json!({ "bounce": "once@example.com" }));
    assert!(bounce.invoke(&batch(&[malformed])).await.failures().is_empty());
    let letters = dead_letters(&stack, "BounceDeadLetters").await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.code, "bad-event");
    assert_eq!(letter.reason, "invalid SES event: detail/bounce: expected an object, not a string");
    assert_log_has_no_personal_data(&mut bounce);
}

#[tokio::test]
async fn a_confirmation_by_ses_prevents_a_second_email() {
    let stack = paused_stack("confirmation").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let address = "crash@example.com";
    stack.put_user("u-ada", address).await;
    let mut send_mail = stack.function("send-mail", proxy.endpoint()).await;
    let mut bounce = stack.function("bounce", &stack.endpoint).await;
    let event = batch(&[generated(CERTIFICATE)]);
    send_mail.start().await.unwrap();

    // The function is killed after SES has accepted the e-mail and before it is marked as sent.
    let mut held = proxy.hold(Requests::nth(1).to("ses"), HoldAt::Response);
    let invocation = send_mail.start_invocation(&event, Duration::from_secs(30)).await.unwrap();
    held.wait_until_held().await;
    send_mail.kill();
    assert_eq!(invocation.outcome().await, InvocationOutcome::Crashed);
    drop(held);
    proxy.clear();
    assert_eq!(stack.emails_to(address).await.len(), 1);

    assert_eq!(send_mail.invoke(&event).await.failures(), ["m-1"], "the outcome is unknown");
    send_mail.kill();
    let reason = "an earlier attempt may still be confirmed";
    assert!(send_mail.log().iter().any(|line| line.contains(reason)));

    let mail = json!({ "messageId": "from-ses", "tags": { "certificate": [CERTIFICATE] } });
    let detail = json!({ "eventType": "Send", "mail": mail, "send": {} });
    let confirmation = json!({ "source": "aws.ses", "detail": detail }).to_string();
    assert!(bounce.invoke(&batch(&[confirmation])).await.failures().is_empty());
    assert!(send_mail.invoke(&event).await.failures().is_empty());
    assert_eq!(stack.emails_to(address).await.len(), 1);
    let delivery = delivery(&stack).await;
    assert_eq!(delivery["state"], "sent");
    assert_eq!(delivery["messageId"], "from-ses");
}

#[tokio::test]
async fn an_unconfirmed_email_is_sent_again_after_the_lease() {
    let stack = paused_stack("lease").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let address = "lease@example.com";
    stack.put_user("u-ada", address).await;
    let mut send_mail = stack.function("send-mail", proxy.endpoint()).await;
    let event = batch(&[generated(CERTIFICATE)]);
    send_mail.start().await.unwrap();

    proxy.inject(Requests::nth(1).to("ses"), Fault::Throttled);
    assert_eq!(send_mail.invoke(&event).await.failures(), ["m-1"]);
    // The claim was released after the throttled request, so SES is called again.
    proxy.inject(Requests::nth(1).to("ses"), Fault::DisconnectBefore);
    assert_eq!(send_mail.invoke(&event).await.failures(), ["m-1"]);
    assert_eq!(proxy.clear(), 2, "SES was called twice");
    // The outcome of the second request is unknown, so SES is not called until the lease ends.
    proxy.clear_requests();
    assert_eq!(send_mail.invoke(&event).await.failures(), ["m-1"]);
    assert!(proxy.requests().iter().all(|request| request.service != "ses"));
    assert!(stack.emails_to(address).await.is_empty());

    let expired = json!({
        "pk": format!("CERTIFICATE#{CERTIFICATE}"), "sk": "MAIL",
        "type": "Mail", "state": "pending", "pendingUntil": 0,
    });
    stack.put_item(expired).await;
    assert!(send_mail.invoke(&event).await.failures().is_empty());
    assert_eq!(stack.emails_to(address).await.len(), 1);
    assert_log_has_no_personal_data(&mut send_mail);
}

#[tokio::test]
async fn a_rejected_email_becomes_a_dead_letter_and_can_be_redriven() {
    let stack = paused_stack("rejected-mail").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let address = "rejected@example.com";
    stack.put_user("u-ada", address).await;
    let mut send_mail = stack.function("send-mail", proxy.endpoint()).await;
    send_mail.start().await.unwrap();
    let body = generated(CERTIFICATE);
    let event = batch(std::slice::from_ref(&body));
    let response =
        r#"{"__type":"MessageRejected","message":"Address u-ada@example.com is not verified"}"#;
    proxy.inject(Requests::nth(1).to("ses"), Fault::CustomResponse(400, response.to_owned()));
    assert!(send_mail.invoke(&event).await.failures().is_empty());
    let expected = DeadLetter {
        code: "bad-mail".to_owned(),
        reason: "can't send this e-mail: SES rejected it: MessageRejected".to_owned(),
        body,
    };
    assert_eq!(dead_letters(&stack, "MailDeadLetters").await, [expected]);

    assert!(send_mail.invoke(&event).await.failures().is_empty());
    assert_eq!(stack.emails_to(address).await.len(), 1);
    assert_log_has_no_personal_data(&mut send_mail);
}

/// Returns the delivery record of the e-mail of [`CERTIFICATE`].
async fn delivery(stack: &Stack) -> Value {
    stack.item(&format!("CERTIFICATE#{CERTIFICATE}"), "MAIL").await.unwrap()
}

/// Returns an event of SES with additional members.
fn ses_event(event_type: &str, members: &Value) -> String {
    let mut detail = json!({ "eventType": event_type, "mail": { "messageId": "1", "tags": {} } });
    detail.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({ "detail-type": "Email Event", "source": "aws.ses", "detail": detail }).to_string()
}

fn bounced(bounce_type: &str, address: &str) -> String {
    let recipients = json!([{ "emailAddress": address }]);
    let bounce = json!({ "bounceType": bounce_type, "bouncedRecipients": recipients });
    ses_event("Bounce", &json!({ "bounce": bounce }))
}
