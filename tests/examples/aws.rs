//! The whole of Testamur on AWS, emulated on this machine: one learner of the demo completes a course, and this prints what
//! follows, from the completion to the e-mail. With `-- --stay` it goes on running, to play with.

#![allow(clippy::print_stdout, reason = "it talks to whoever started it")]

use std::time::Instant;

use serde_json::Value;
use testamur_tests::aws_emulation::{Completion, Emulator, FUNCTIONS, REGION, Stack, until};
use testamur_tests::repository;

/// Where the functions' environments are written.
const PLAYGROUND: &str = "target/playground";

#[tokio::main]
async fn main() {
    println!("building the functions and starting the emulator; this takes a while the first time");
    let emulator = Emulator::start();
    let stack = Stack::deploy(&emulator, "testamur", &[("MailDelaySeconds", "1")]).await;
    stack.seed_demo().await;
    let demo = Completion::of_demo();
    for completion in &demo {
        stack.enroll(&completion.user, &completion.course, &completion.enrollment).await;
    }
    follow(&stack, &demo[0]).await;
    if std::env::args().any(|argument| argument == "--stay") {
        write_environments(&stack).await;
        explain(&stack, &emulator, &demo[1]);
        std::future::pending::<()>().await;
    }
}

/// Completes an enrollment and says what happens, when it is seen.
async fn follow(stack: &Stack, completion: &Completion) {
    let Completion { user, enrollment, completed_at, .. } = completion;
    let user_item =
        stack.item(&format!("USER#{user}"), "USER").await.expect("the demo knows the learner");
    let address = user_item["email"].as_str().expect("the learner has an address");
    let recorder = stack.recorder().await;
    stack.complete(user, enrollment, completed_at).await;
    let started = Instant::now();
    let at = |what: &str| println!("{:8.3} s  {what}", started.elapsed().as_secs_f64());
    at(&format!("{user} has completed {enrollment}"));
    until("CourseCompleted", async || recorder.details("CourseCompleted").await.pop()).await;
    at("CourseCompleted is on the bus");
    let objects = async || {
        Some(stack.objects_below("certificates/").await).filter(|objects| objects.len() >= 4)
    };
    for (key, size) in until("the objects", objects).await {
        at(&format!("{key} is stored, {size} bytes"));
    }
    let record = until("the record", async || stack.certificates(user).await.pop()).await;
    let id = record["certificateId"].as_str().unwrap_or_default();
    at(&format!("the record of certificate {id} exists"));
    until("CertificateGenerated", async || recorder.details("CertificateGenerated").await.pop())
        .await;
    at("CertificateGenerated is on the bus");
    // The schedule may fire before it is seen.
    let mailed = async || stack.mails_to(address).await.pop();
    let scheduled =
        async || (!stack.scheduled().await.is_empty() || mailed().await.is_some()).then_some(());
    until("the schedule", scheduled).await;
    at("the e-mail is scheduled");
    let mail: Value = until("the e-mail", mailed).await;
    at(&format!("an e-mail is sent: {}", mail["Subject"].as_str().unwrap_or_default()));
}

/// Writes the environment of each function, so that `cargo lambda watch` runs it as the stack would.
async fn write_environments(stack: &Stack) {
    let folder = repository().join(PLAYGROUND);
    std::fs::create_dir_all(&folder).expect("folders can be made");
    for name in FUNCTIONS {
        let set = stack.environment(name).await;
        let own = set
            .iter()
            .map(|(name, value)| format!("{name}={}\n", value.as_str().unwrap_or_default()));
        let endpoint = &stack.endpoint;
        let aws = format!(
            "AWS_ENDPOINT_URL={endpoint}\nAWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\nAWS_REGION={REGION}\n"
        );
        std::fs::write(folder.join(format!("{name}.env")), own.collect::<String>() + &aws)
            .expect("files can be written");
    }
}

fn explain(stack: &Stack, emulator: &Emulator, next: &Completion) {
    let endpoint = emulator.endpoint();
    let table = stack.resource("Table");
    let (user, enrollment, date) = (&next.user, &next.enrollment, &next.completed_at);
    println!(
        "
It stays until you press Ctrl-C. With the AWS command line:

  export AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1

  table   {table}
  bucket  {bucket}
  bus     {bus}
  log     {log}

Complete another enrollment:

  aws dynamodb update-item --table-name {table} \\
    --key '{{\"pk\": {{\"S\": \"USER#{user}\"}}, \"sk\": {{\"S\": \"ENROLLMENT#{enrollment}\"}}}}' \\
    --update-expression 'SET completionDate = :date' \\
    --expression-attribute-values '{{\":date\": {{\"S\": \"{date}\"}}}}'

See what came of it:

  aws s3 ls --recursive s3://{bucket}/
  aws logs tail {logs}
  curl {endpoint}/_ministack/ses/messages

Run a function of yours beside it, anew at every save, and hand it its example event:

  cargo lambda watch --package testamur-lambda --bin issue --env-file {PLAYGROUND}/issue.env
  cargo lambda invoke issue --data-file lambda/events/issue.json",
        bucket = stack.resource("Bucket"),
        bus = stack.resource("Bus"),
        log = emulator.log().display(),
        logs = stack.resource("IssueLogs"),
    );
}
