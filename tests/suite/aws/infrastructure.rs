//! The template is valid, and each role allows exactly what its function does.

use std::collections::BTreeSet;
use std::process::Command;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use testamur_tests::aws_emulation::{
    Fault, Function, Proxy, RecordedRequest, Requests, Stack, StreamPoller,
};
use testamur_tests::{environment, python_with, repository};

use super::{CERTIFICATE, batch, generated, generated_with_hash, paused_stack};
use crate::completed;

/// The actions that Lambda itself performs with the role of a function: it writes logs and traces.
const LAMBDA_SERVICE: [&str; 4] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// The actions of Lambda for a function that a queue triggers.
const QUEUE_TRIGGER: [&str; 3] =
    ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// The actions of Lambda for the function that the table's stream triggers.
const STREAM_TRIGGER: [&str; 6] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    // Lambda stores discarded batches in a bucket.
    "s3:ListBucket",
    "s3:PutObject",
];

#[test]
fn cfn_lint_accepts_the_template() {
    assert_eq!(failure_output("emulator", "cfn-lint", &["lambda/template.yaml"]), None);
}

#[test]
fn sam_accepts_the_template() {
    let arguments = ["validate", "--lint", "--template", "lambda/template.yaml"];
    assert_eq!(failure_output("sam", "sam", &arguments), None);
}

#[test]
fn only_the_tracing_policy_has_an_unlimited_resource() {
    let policies = policies();
    let roles = statements(&policies, "roles");
    assert!(roles.len() > 30, "{}", roles.len());
    for (role, statement) in roles {
        let actions = strings(&statement["actions"]);
        assert!(actions.iter().all(|action| !action.contains('*')), "{role}: {statement}");
        // The actions of X-Ray do not support resource-level permissions.
        let unlimited = strings(&statement["resources"]).contains(&"*");
        let tracing = actions == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
        assert_eq!(unlimited, tracing, "{role}: {statement}");
    }
    let functions = policies["functions"].as_object().unwrap();
    let roles: BTreeSet<_> = functions.values().map(|role| role.as_str().unwrap()).collect();
    assert_eq!((functions.len(), roles.len()), (5, 5), "each function has its own role");
}

#[test]
fn queues_and_buckets_require_tls_and_a_known_source() {
    let policies = policies();
    for kind in ["queues", "buckets"] {
        let owners = policies[kind].as_object().unwrap();
        assert!(owners.len() > 1, "{kind}");
        for (owner, statements) in owners {
            let statements = statements.as_array().unwrap();
            let denies_plain_http = |statement: &Value| {
                statement["effect"] == "Deny"
                    && statement["principal"] == "*"
                    && statement["conditions"]
                        == json!({ "Bool": { "aws:SecureTransport": "false" } })
            };
            assert!(statements.iter().any(denies_plain_http), "{owner} accepts plain HTTP");
            for statement in statements.iter().filter(|statement| statement["effect"] == "Allow") {
                let source = statement["conditions"].to_string();
                assert!(
                    source.contains("aws:SourceArn") || source.contains("AWS:SourceArn"),
                    "{owner}: {statement}"
                );
                assert!(statement["principal"]["Service"].is_string(), "{owner}: {statement}");
            }
        }
    }
}

#[tokio::test]
async fn each_role_allows_exactly_what_its_function_does() {
    let stack = paused_stack("permissions").await;
    let policies = policies();
    let uri = |folder: &str| format!("s3://a-prefix/{folder}/");
    copy_to_bucket(&stack, "a-prefix").await;

    // A certificate and a dead letter, with templates and fonts from a bucket.
    let (proxy, issue) = proxied(&stack, "issue").await;
    let mut issue = issue
        .with_variable("TESTAMUR_TEMPLATES", uri("templates"))
        .with_variable("TESTAMUR_FONTS", uri("fonts"));
    let bodies = [completed("u-ada", "c-1", "e-1").to_string(), "{}".to_owned()];
    assert!(issue.invoke(&batch(&bodies)).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 1);
    assert_role_matches(&policies, "Issue", &proxy, &QUEUE_TRIGGER);

    // Two events and a malformed change.
    let (proxy, mut detect) = proxied(&stack, "detect").await;
    stack.enroll("u-ada", "c-1", "e-2").await;
    stack.complete("u-ada", "e-2", "last Friday").await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.deliver_all(&mut detect, 5).await;
    assert_role_matches(&policies, "Detect", &proxy, &STREAM_TRIGGER);

    // A schedule and a dead letter. EventBridge Scheduler checks `iam:PassRole`; no request calls
    // it.
    let (proxy, mut schedule_mail) = proxied(&stack, "schedule-mail").await;
    schedule_mail.invoke(&batch(&[generated(CERTIFICATE), "{}".to_owned()])).await;
    let others = [&QUEUE_TRIGGER[..], &["iam:PassRole"]].concat();
    assert_role_matches(&policies, "ScheduleMail", &proxy, &others);

    // An e-mail that SES throttles at first and a dead letter, with the mail template and the
    // picture from a bucket.
    let (proxy, send_mail) = proxied(&stack, "send-mail").await;
    let mut send_mail = send_mail.with_variable("TESTAMUR_TEMPLATES", uri("templates"));
    send_mail.start().await.unwrap();
    proxy.inject(Requests::nth(1).to("ses"), Fault::Throttled);
    send_mail.invoke(&batch(&[generated_with_hash(CERTIFICATE)])).await;
    send_mail.invoke(&batch(&[generated_with_hash(CERTIFICATE), "{}".to_owned()])).await;
    assert_role_matches(&policies, "SendMail", &proxy, &QUEUE_TRIGGER);
    let statements = policies["roles"]["SendMailRole"]["statements"].as_array().unwrap();
    let pictures = statements.iter().find(|statement| statement["sid"] == "ReadPictures").unwrap();
    assert_eq!(pictures["resources"], json!(["${Bucket.Arn}/certificates/*.jpg"]));

    // A confirmation, a bounce and a dead letter.
    let (proxy, mut bounce) = proxied(&stack, "bounce").await;
    let mail = json!({ "messageId": "1", "tags": { "certificate": [CERTIFICATE] } });
    let recipients = json!([{ "emailAddress": "gone@example.com" }]);
    let bounced = json!({ "bounceType": "Permanent", "bouncedRecipients": recipients });
    let events = [
        json!({ "detail": { "eventType": "Send", "mail": mail } }).to_string(),
        json!({ "detail": { "eventType": "Bounce", "mail": mail, "bounce": bounced } }).to_string(),
        "{}".to_owned(),
    ];
    assert!(bounce.invoke(&batch(&events)).await.failures().is_empty());
    assert_role_matches(&policies, "Bounce", &proxy, &QUEUE_TRIGGER);
}

/// Asserts that the role of a function allows the requests that `proxy` has recorded, the actions
/// of Lambda itself, and nothing else.
fn assert_role_matches(policies: &Value, function: &str, proxy: &Proxy, trigger: &[&str]) {
    let role = policies["functions"][function].as_str().unwrap();
    let statements = policies["roles"][role]["statements"].as_array().unwrap();
    let allowed = statements.iter().flat_map(|statement| strings(&statement["actions"]));
    let allowed: BTreeSet<_> = allowed.map(str::to_owned).collect();
    let mut needed = permissions(&proxy.requests());
    needed.extend(LAMBDA_SERVICE.iter().chain(trigger).map(|&action| action.to_owned()));
    assert_eq!(allowed, needed, "the role of {function}");
}

/// Returns the permissions that requests need.
fn permissions(requests: &[RecordedRequest]) -> BTreeSet<String> {
    let permissions = |request: &RecordedRequest| {
        let (service, action) = (request.service.as_str(), request.action.as_str());
        match service {
            "ses" => vec!["ses:SendEmail".to_owned(), "ses:SendRawEmail".to_owned()],
            "scheduler" => vec!["scheduler:CreateSchedule".to_owned()],
            "s3" if action.starts_with("PUT") => vec!["s3:PutObject".to_owned()],
            "s3" if action.ends_with("-prefix/") || action.ends_with("-prefix") => {
                vec!["s3:ListBucket".to_owned()]
            }
            "s3" => vec!["s3:GetObject".to_owned()],
            _ => vec![format!("{service}:{action}")],
        }
    };
    requests.iter().flat_map(permissions).collect()
}

/// Returns a function and the proxy through which it calls AWS.
async fn proxied(stack: &Stack, name: &str) -> (Proxy, Function) {
    let proxy = Proxy::start(&stack.endpoint).await;
    let function = stack.function(name, proxy.endpoint()).await;
    (proxy, function)
}

/// Copies templates and fonts to a bucket. Leaves out large fonts, which the test does not need.
async fn copy_to_bucket(stack: &Stack, bucket: &str) {
    const MAX_BYTES: u64 = 2 << 20;
    stack.s3.create_bucket().bucket(bucket).send().await.unwrap();
    let folders = ["templates/completion", "templates/shared", "templates/mail", "fonts"];
    let mut folders: Vec<_> = folders.map(|folder| repository().join(folder)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() <= MAX_BYTES {
                let key = path.strip_prefix(repository()).unwrap().to_str().unwrap();
                let body = ByteStream::from(std::fs::read(&path).unwrap());
                stack.s3.put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
            }
        }
    }
}

/// Returns all IAM and resource policies of the template, see tests/validators/policies.py.
fn policies() -> Value {
    serde_json::from_str(&python_with("emulator", "policies.py", &[])).unwrap()
}

/// Returns the statements of a kind of resource, each with the logical id of its resource.
fn statements<'a>(policies: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let owners = policies[kind].as_object().unwrap().iter();
    let of = |owner: &'a Value| owner.get("statements").unwrap_or(owner).as_array().unwrap().iter();
    owners
        .flat_map(|(name, owner)| of(owner).map(move |statement| (name.as_str(), statement)))
        .collect()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// Runs a Python program with the requirements called `requirements`. Returns its output if it
/// fails.
fn failure_output(requirements: &str, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(environment(requirements).join("bin").join(program))
        .args(arguments)
        .current_dir(repository())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&text).into_owned())
}
