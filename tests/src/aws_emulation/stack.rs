//! `lambda/template.yaml`, deployed into an emulator with the real functions: what it is made of, and clients for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::http::Cloud;
use super::{Emulator, Function, configuration, packages};
use crate::validators::python_with;

/// A deployed stack. Learners are enrolled and complete courses in it, and what came of it is read back.
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The emulator's address.
    pub endpoint: String,
    /// The table's client.
    pub table: aws_sdk_dynamodb::Client,
    /// The objects' client.
    pub objects: aws_sdk_s3::Client,
    /// The queues' client.
    pub queues: aws_sdk_sqs::Client,
    /// The buses' client.
    pub buses: aws_sdk_eventbridge::Client,
    /// The schedules' client.
    pub schedules: aws_sdk_scheduler::Client,
    /// The e-mails' client.
    pub post: aws_sdk_sesv2::Client,
    pub(super) cloud: Cloud,
    resources: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys the template under a name of its own, with parameters, and lets the sender's address send.
    pub async fn deploy(emulator: &Emulator, name: &str, parameters: &[(&str, &str)]) -> Self {
        let endpoint = emulator.endpoint().to_owned();
        let mut outputs = run_deployment(&endpoint, name, parameters).await;
        let resources =
            serde_json::from_value(outputs["resources"].take()).expect("a resource has an id");
        let configuration = configuration(&endpoint);
        let objects =
            aws_sdk_s3::config::Builder::from(&configuration).force_path_style(true).build();
        let cloud = Cloud::at(&endpoint);
        let stack = Self {
            name: name.to_owned(),
            endpoint,
            table: aws_sdk_dynamodb::Client::new(&configuration),
            objects: aws_sdk_s3::Client::from_conf(objects),
            queues: aws_sdk_sqs::Client::new(&configuration),
            buses: aws_sdk_eventbridge::Client::new(&configuration),
            schedules: aws_sdk_scheduler::Client::new(&configuration),
            post: aws_sdk_sesv2::Client::new(&configuration),
            cloud,
            resources,
        };
        stack.verify_sender().await;
        stack
    }

    /// The name, address or other id that a resource of the template has here. A queue's is its URL.
    #[track_caller]
    #[must_use]
    pub fn resource(&self, logical: &str) -> &str {
        self.resources
            .get(logical)
            .unwrap_or_else(|| panic!("the template has no {logical}: {:?}", self.resources))
    }

    /// A function of the stack as a process of the test, with the environment that the template gives it. It calls AWS at the
    /// given address, which may be a proxy's. Call [`Self::pause_triggers`] first, or the emulator's own functions work as well.
    pub async fn function(&self, name: &str, endpoint: &str) -> Function {
        let environment = self.environment(name).await;
        environment.iter().fold(Function::new(name, endpoint), |function, (name, value)| {
            function.with(name, value.as_str().expect("variables are text"))
        })
    }

    /// The environment that the template gives to a function.
    pub async fn environment(&self, name: &str) -> serde_json::Map<String, Value> {
        let function = self.resource(&pascal(name));
        let about = self
            .cloud
            .get("lambda", &format!("/2015-03-31/functions/{function}/configuration"))
            .await;
        about["Environment"]["Variables"].as_object().cloned().unwrap_or_default()
    }

    /// Stops the emulator's event source mappings, so that nothing invokes a function but the test.
    pub async fn pause_triggers(&self) {
        for name in packages::FUNCTIONS {
            let function = self.resource(&pascal(name));
            let path = format!("/2015-03-31/event-source-mappings/?FunctionName={function}");
            let mappings = self.cloud.get("lambda", &path).await;
            let mappings = mappings["EventSourceMappings"].as_array().expect("mappings are listed");
            assert_eq!(mappings.len(), 1, "{name} has other mappings than its own: {mappings:?}");
            let id = mappings[0]["UUID"].as_str().expect("a mapping has an id");
            let path = format!("/2015-03-31/event-source-mappings/{id}");
            self.cloud.put("lambda", &path, &json!({ "Enabled": false })).await;
        }
    }

    /// What a function has logged in the emulator, as lines in order.
    pub async fn log(&self, name: &str) -> Vec<String> {
        let group = self.resource(&format!("{}Logs", pascal(name)));
        let found = self
            .cloud
            .call("logs", "Logs_20140328.FilterLogEvents", &json!({ "logGroupName": group }))
            .await;
        let events = found["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        events
            .iter()
            .filter_map(|event| event["message"].as_str())
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// The ARN of the table's stream.
    pub async fn stream(&self) -> String {
        let table = self
            .table
            .describe_table()
            .table_name(self.resource("Table"))
            .send()
            .await
            .expect("it exists");
        let stream = table.table.and_then(|table| table.latest_stream_arn);
        stream.expect("the table has a stream")
    }

    async fn verify_sender(&self) {
        let environment = self.environment("send-mail").await;
        let sender =
            environment.get("TESTAMUR_MAIL_FROM").and_then(Value::as_str).unwrap_or_default();
        let address =
            sender.rsplit_once('<').map_or(sender, |(_, address)| address.trim_end_matches('>'));
        // The template or another stack may have done it.
        let _ = self.post.create_email_identity().email_identity(address).send().await;
    }
}

/// `schedule-mail` is `ScheduleMail` in the template.
fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

/// The process is waited for beside the runtime, which may have a proxy to serve.
async fn run_deployment(endpoint: &str, name: &str, parameters: &[(&str, &str)]) -> Value {
    let zips = packages::folder().to_str().expect("the build folder's path is UTF-8");
    let parameters = parameters.iter().map(|(key, value)| format!("{key}={value}"));
    let mut arguments = vec![endpoint.to_owned(), name.to_owned(), zips.to_owned()];
    arguments.extend(parameters);
    let run = move || {
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        python_with("emulator", "deploy.py", &arguments)
    };
    let printed = tokio::task::spawn_blocking(run).await.expect("the template deploys");
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"))
}
