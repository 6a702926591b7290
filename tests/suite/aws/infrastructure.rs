//! The template: sound as its own tools see it, and each role allowed what its function does and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{
    Emulator, Fault, Function, Proxy, Seen, Stack, StreamPoller, When,
};
use testamur_tests::{environment, python_with, repository};

use super::{CERTIFICATE, batch, generated};
use crate::completed;

/// What Lambda itself does in a function's name: it logs, traces, and takes what feeds the function.
const LAMBDAS_OWN: [&str; 4] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];
const FROM_A_QUEUE: [&str; 3] =
    ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
const FROM_THE_STREAM: [&str; 6] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    // It keeps changes that were given up in a bucket.
    "s3:ListBucket",
    "s3:PutObject",
];

fn policies() -> Value {
    serde_json::from_str(&python_with("emulator", "policies.py", &[])).unwrap()
}

/// The statements of a kind of resource, each with the name of what it belongs to.
fn statements<'a>(policies: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let owners = policies[kind].as_object().unwrap().iter();
    let of = |owner: &'a Value| owner.get("statements").unwrap_or(owner).as_array().unwrap().iter();
    owners
        .flat_map(|(name, owner)| of(owner).map(move |statement| (name.as_str(), statement)))
        .collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn complaint(tool: &str, program: &str, arguments: &[&str]) -> Option<String> {
    let program = environment(tool).join("bin").join(program);
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    (!output.status.success()).then_some(said)
}

#[test]
fn the_template_is_sound_as_cfn_lint_sees_it() {
    assert_eq!(complaint("emulator", "cfn-lint", &["lambda/template.yaml"]), None);
}

#[test]
fn the_template_is_sound_as_sam_sees_it() {
    assert_eq!(
        complaint("sam", "sam", &["validate", "--lint", "--template", "lambda/template.yaml"]),
        None
    );
}

#[test]
fn no_role_has_an_unlimited_action_and_only_tracing_an_unlimited_resource() {
    let policies = policies();
    let roles = statements(&policies, "roles");
    assert!(roles.len() > 30, "{}", roles.len());
    for (role, statement) in roles {
        let actions = texts(&statement["actions"]);
        assert!(actions.iter().all(|action| !action.contains('*')), "{role}: {statement}");
        // X-Ray knows no resources.
        let unlimited = texts(&statement["resources"]).contains(&"*");
        let tracing = actions == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
        assert_eq!(unlimited, tracing, "{role}: {statement}");
    }
    let functions = policies["functions"].as_object().unwrap();
    let roles: BTreeSet<_> = functions.values().map(|role| role.as_str().unwrap()).collect();
    assert_eq!((functions.len(), roles.len()), (5, 5), "one role each");
}

#[test]
fn queues_and_buckets_refuse_plain_http_and_take_only_from_their_sources() {
    let policies = policies();
    for kind in ["queues", "buckets"] {
        let owners = policies[kind].as_object().unwrap();
        assert!(owners.len() > 1, "{kind}");
        for (owner, statements) in owners {
            let statements = statements.as_array().unwrap();
            let refuses = |statement: &Value| {
                statement["effect"] == "Deny"
                    && statement["principal"] == "*"
                    && statement["conditions"]
                        == json!({ "Bool": { "aws:SecureTransport": "false" } })
            };
            assert!(statements.iter().any(refuses), "{owner} takes plain HTTP");
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

/// A function behind a proxy that sees what it calls.
async fn watched(stack: &Stack, name: &str) -> (Proxy, Function) {
    let proxy = Proxy::before(&stack.endpoint).await;
    let function = stack.function(name, proxy.endpoint()).await;
    (proxy, function)
}

/// The permissions that calls need.
fn permissions(seen: &[Seen]) -> BTreeSet<String> {
    let needed = seen.iter().flat_map(|seen| match (seen.service.as_str(), seen.action.as_str()) {
        ("ses", _) => vec!["ses:SendEmail".to_owned(), "ses:SendRawEmail".to_owned()],
        ("scheduler", _) => vec!["scheduler:CreateSchedule".to_owned()],
        ("s3", action) if action.starts_with("PUT") => vec!["s3:PutObject".to_owned()],
        ("s3", action) if action.ends_with("-prefix/") || action.ends_with("-prefix") => {
            vec!["s3:ListBucket".to_owned()]
        }
        ("s3", _) => vec!["s3:GetObject".to_owned()],
        (service, action) => vec![format!("{service}:{action}")],
    });
    needed.collect()
}

fn assert_needed(policies: &Value, function: &str, mut seen: BTreeSet<String>, besides: &[&str]) {
    let role = policies["functions"][function].as_str().unwrap();
    let statements = policies["roles"][role]["statements"].as_array().unwrap();
    let allowed: BTreeSet<_> =
        statements.iter().flat_map(|statement| texts(&statement["actions"])).collect();
    seen.extend(LAMBDAS_OWN.iter().chain(besides).map(|&action| action.to_owned()));
    let allowed: BTreeSet<_> = allowed.into_iter().map(str::to_owned).collect();
    assert_eq!(allowed, seen, "{function} is allowed something else than it needs");
}

#[tokio::test]
async fn no_role_may_do_what_its_function_does_not() {
    let stack = Stack::deploy(Emulator::shared(), "permissions", &[]).await;
    stack.pause_triggers().await;
    stack.seed().await;
    let policies = policies();

    // TemplateCache and fonts from a bucket, a certificate, and a dead letter.
    let (proxy, issue) = watched(&stack, "issue").await;
    copy_to_bucket(&stack, "a-prefix").await;
    let uri = |folder: &str| format!("s3://a-prefix/{folder}/");
    let mut issue =
        issue.with("TESTAMUR_TEMPLATES", uri("templates")).with("TESTAMUR_FONTS", uri("fonts"));
    let bodies = [completed("u-ada", "c-1", "e-1").to_string(), "{}".to_owned()];
    assert!(issue.invoke(&batch(&bodies)).await.failures().is_empty());
    assert_needed(&policies, "Issue", permissions(&proxy.requests()), &FROM_A_QUEUE);
    assert_eq!(stack.certificates("u-ada").await.len(), 1);

    // News, and a change that can't be read.
    let (proxy, mut detect) = watched(&stack, "detect").await;
    stack.enroll("u-ada", "c-1", "e-2").await;
    stack.complete("u-ada", "e-2", "last Friday").await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.drain(&mut detect, 5).await;
    assert_needed(&policies, "Detect", permissions(&proxy.requests()), &FROM_THE_STREAM);

    let (proxy, mut schedule) = watched(&stack, "schedule-mail").await;
    schedule.invoke(&batch(&[generated(CERTIFICATE), "{}".to_owned()])).await;
    // The scheduler checks `PassRole` when a schedule is made; nobody calls it.
    let besides = [&FROM_A_QUEUE[..], &["iam:PassRole"]].concat();
    assert_needed(&policies, "ScheduleMail", permissions(&proxy.requests()), &besides);

    // An e-mail that SES does not take at first, and a dead letter, with the mail's template from a bucket.
    let (proxy, send) = watched(&stack, "send-mail").await;
    let mut send = send.with("TESTAMUR_TEMPLATES", uri("templates"));
    send.start().await.unwrap();
    proxy.inject(When::at(1).of("ses"), Fault::Throttled);
    send.invoke(&batch(&[generated(CERTIFICATE)])).await;
    send.invoke(&batch(&[generated(CERTIFICATE), "{}".to_owned()])).await;
    assert_needed(&policies, "SendMail", permissions(&proxy.requests()), &FROM_A_QUEUE);

    let (proxy, mut bounce) = watched(&stack, "bounce").await;
    let mail = json!({ "messageId": "1", "tags": { "certificate": [CERTIFICATE] } });
    let recipients = json!([{ "emailAddress": "gone@example.com" }]);
    let bounced = json!({ "bounceType": "Permanent", "bouncedRecipients": recipients });
    let reports = [
        json!({ "detail": { "eventType": "Send", "mail": mail } }).to_string(),
        json!({ "detail": { "eventType": "Bounce", "mail": mail, "bounce": bounced } }).to_string(),
        "{}".to_owned(),
    ];
    assert!(bounce.invoke(&batch(&reports)).await.failures().is_empty());
    assert_needed(&policies, "Bounce", permissions(&proxy.requests()), &FROM_A_QUEUE);
}

/// Puts templates and fonts below a versioned prefix; of the fonts only what the completion certificate needs in English.
async fn copy_to_bucket(stack: &Stack, bucket: &str) {
    stack.objects.create_bucket().bucket(bucket).send().await.unwrap();
    for folder in ["templates/completion", "templates/shared", "templates/mail", "fonts"] {
        let mut folders = vec![repository().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if std::fs::metadata(&path).unwrap().len() > 2 << 20 {
                    continue;
                }
                let key = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
                let body = aws_sdk_s3::primitives::ByteStream::from(std::fs::read(&path).unwrap());
                stack.objects.put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
            }
        }
    }
}
