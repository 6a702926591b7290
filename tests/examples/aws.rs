//! Testamur in an emulated AWS on this machine: completes a course and prints what follows, until
//! the e-mail is sent.
//!
//! ```console
//! $ cargo run -p testamur-tests --example aws
//! $ cargo run -p testamur-tests --example aws -- --stay      # keeps running until Ctrl-C
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::time::Instant;

use testamur_tests::aws_emulation::{Completion, Emulator, FUNCTIONS, REGION, Stack, wait_for};
use testamur_tests::repository;

/// The folder for the environment variables of the functions.
const ENVIRONMENTS: &str = "target/environments";

#[tokio::main]
async fn main() {
    println!("building the functions and starting the emulator; the first time takes minutes");
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
        print_instructions(&stack, &emulator, &demo[1]);
        std::future::pending::<()>().await;
    }
}

/// Completes an enrollment and prints each step of the event flow as soon as its result is visible.
async fn follow(stack: &Stack, completion: &Completion) {
    let Completion { user, enrollment, completed_at, .. } = completion;
    let item = stack.item(&format!("USER#{user}"), "USER").await.expect("the demo has this user");
    let address = item["email"].as_str().expect("the user has an address");
    let recorder = stack.record_events().await;
    stack.complete(user, enrollment, completed_at).await;
    let started = Instant::now();
    let print = |step: &str| println!("{:8.3} s  {step}", started.elapsed().as_secs_f64());
    print(&format!("{user} has completed {enrollment}"));
    wait_for("CourseCompleted event", async || recorder.details("CourseCompleted").await.pop())
        .await;
    print("CourseCompleted is published");
    let objects = wait_for("objects", async || {
        Some(stack.list_objects("certificates/").await).filter(|objects| objects.len() >= 4)
    })
    .await;
    for object in objects {
        print(&format!("{} is stored, {} bytes", object.key, object.size));
    }
    let record = wait_for("record", async || stack.certificates(user).await.pop()).await;
    let id = record["certificateId"].as_str().unwrap_or_default();
    print(&format!("the record of certificate {id} is written"));
    wait_for("CertificateGenerated event", async || {
        recorder.details("CertificateGenerated").await.pop()
    })
    .await;
    print("CertificateGenerated is published");
    // The schedule may fire before it is visible here.
    let email = async || stack.emails_to(address).await.pop();
    wait_for("schedule", async || {
        (!stack.schedule_names().await.is_empty() || email().await.is_some()).then_some(())
    })
    .await;
    print("the e-mail is scheduled");
    let email = wait_for("e-mail", email).await;
    print(&format!("the e-mail is sent: {}", email["Subject"].as_str().unwrap_or_default()));
}

/// Writes the environment variables of each function for `cargo lambda watch`.
async fn write_environments(stack: &Stack) {
    let folder = repository().join(ENVIRONMENTS);
    std::fs::create_dir_all(&folder).expect("the folder can be created");
    for name in FUNCTIONS {
        let variables = stack.environment(name).await;
        let mut text: String = variables
            .iter()
            .map(|(name, value)| format!("{name}={}\n", value.as_str().unwrap_or_default()))
            .collect();
        text += &format!("AWS_ENDPOINT_URL={}\nAWS_REGION={REGION}\n", stack.endpoint);
        text += "AWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\n";
        std::fs::write(folder.join(format!("{name}.env")), text).expect("the file can be written");
    }
}

fn print_instructions(stack: &Stack, emulator: &Emulator, next: &Completion) {
    let endpoint = emulator.endpoint();
    let table = stack.resource("Table");
    let (user, enrollment, date) = (&next.user, &next.enrollment, &next.completed_at);
    println!(
        "
The emulator runs until you press Ctrl-C. To use it with the AWS command line:

  export AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION={REGION}

  table   {table}
  bucket  {bucket}
  bus     {bus}
  log     {log}

Complete another enrollment:

  aws dynamodb update-item --table-name {table} \\
    --key '{{\"pk\": {{\"S\": \"USER#{user}\"}}, \"sk\": {{\"S\": \"ENROLLMENT#{enrollment}\"}}}}' \\
    --update-expression 'SET completionDate = :date' \\
    --expression-attribute-values '{{\":date\": {{\"S\": \"{date}\"}}}}'

Show the results:

  aws s3 ls --recursive s3://{bucket}/
  aws logs tail {log_group}
  curl {endpoint}/_ministack/ses/messages

Run a function from your working copy, rebuilt after each change, and invoke it with an example event:

  cargo lambda watch --package testamur-lambda --bin issue --env-file {ENVIRONMENTS}/issue.env
  cargo lambda invoke issue --data-file lambda/events/issue.json",
        bucket = stack.resource("Bucket"),
        bus = stack.resource("Bus"),
        log = emulator.log().display(),
        log_group = stack.resource("IssueLogs"),
    );
}
