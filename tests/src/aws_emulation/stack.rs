//! `lambda/template.yaml`, deployed to an emulator with the real functions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::EmulatorApi;
use super::{Emulator, Function, configuration, packages};
use crate::validators::python_with;

/// A deployed stack, with a client for each service.
pub struct Stack {
    /// The name of the stack.
    pub name: String,
    /// The URL of the emulator.
    pub endpoint: String,
    /// The client for the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The client for the buckets.
    pub s3: aws_sdk_s3::Client,
    /// The client for the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The client for the event bus.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// The client for the schedules.
    pub scheduler: aws_sdk_scheduler::Client,
    /// The client for e-mails.
    pub ses: aws_sdk_sesv2::Client,
    pub(super) api: EmulatorApi,
    resources: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys the template as a stack with this name and these parameters, and verifies the
    /// sender.
    pub async fn deploy(emulator: &Emulator, name: &str, parameters: &[(&str, &str)]) -> Self {
        let endpoint = emulator.endpoint().to_owned();
        let mut outputs = run_deployment(&endpoint, name, parameters).await;
        let resources = serde_json::from_value(outputs["resources"].take())
            .expect("every resource has a physical id");
        let configuration = configuration(&endpoint);
        let s3 = aws_sdk_s3::config::Builder::from(&configuration).force_path_style(true).build();
        let api = EmulatorApi::new(&endpoint);
        let stack = Self {
            name: name.to_owned(),
            endpoint,
            dynamodb: aws_sdk_dynamodb::Client::new(&configuration),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sqs: aws_sdk_sqs::Client::new(&configuration),
            eventbridge: aws_sdk_eventbridge::Client::new(&configuration),
            scheduler: aws_sdk_scheduler::Client::new(&configuration),
            ses: aws_sdk_sesv2::Client::new(&configuration),
            api,
            resources,
        };
        stack.verify_sender().await;
        stack
    }

    /// Returns the physical id of a resource of the template. That of a queue is its URL.
    ///
    /// # Panics
    /// If the template has no such resource.
    #[track_caller]
    #[must_use]
    pub fn resource(&self, logical: &str) -> &str {
        self.resources
            .get(logical)
            .unwrap_or_else(|| panic!("the template has no {logical}: {:?}", self.resources))
    }

    /// Returns a function that runs in a process of the test, with the environment variables of the
    /// template. It calls AWS at `endpoint`, which can be that of a proxy. Call
    /// [`Self::pause_triggers`] first; otherwise the emulator also invokes its own instances.
    pub async fn function(&self, name: &str, endpoint: &str) -> Function {
        let environment = self.environment(name).await;
        environment.iter().fold(Function::new(name, endpoint), |function, (name, value)| {
            function.with_variable(name, value.as_str().expect("variables are strings"))
        })
    }

    /// Returns the environment variables that the template gives to a function.
    pub async fn environment(&self, name: &str) -> serde_json::Map<String, Value> {
        let function = self.resource(&logical_id(name));
        let about = self
            .api
            .get("lambda", &format!("/2015-03-31/functions/{function}/configuration"))
            .await;
        about["Environment"]["Variables"].as_object().cloned().unwrap_or_default()
    }

    /// Disables all event source mappings, so that only the test invokes functions.
    pub async fn pause_triggers(&self) {
        for name in packages::FUNCTIONS {
            let function = self.resource(&logical_id(name));
            let path = format!("/2015-03-31/event-source-mappings/?FunctionName={function}");
            let mappings = self.api.get("lambda", &path).await;
            let mappings = mappings["EventSourceMappings"].as_array().expect("mappings are listed");
            assert_eq!(mappings.len(), 1, "{name} must have one mapping: {mappings:?}");
            let id = mappings[0]["UUID"].as_str().expect("a mapping has a UUID");
            let path = format!("/2015-03-31/event-source-mappings/{id}");
            self.api.put("lambda", &path, &json!({ "Enabled": false })).await;
        }
    }

    /// Returns the lines that a function has logged in the emulator, in order.
    pub async fn log(&self, name: &str) -> Vec<String> {
        let group = self.resource(&format!("{}Logs", logical_id(name)));
        let found = self
            .api
            .call("logs", "Logs_20140328.FilterLogEvents", &json!({ "logGroupName": group }))
            .await;
        let events = found["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        events
            .iter()
            .filter_map(|event| event["message"].as_str())
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Returns the ARN of the table's stream.
    pub async fn stream(&self) -> String {
        let table = self
            .dynamodb
            .describe_table()
            .table_name(self.resource("Table"))
            .send()
            .await
            .expect("the table exists");
        let stream = table.table.and_then(|table| table.latest_stream_arn);
        stream.expect("the table has a stream")
    }

    async fn verify_sender(&self) {
        let environment = self.environment("send-mail").await;
        let sender =
            environment.get("TESTAMUR_MAIL_FROM").and_then(Value::as_str).unwrap_or_default();
        let address =
            sender.rsplit_once('<').map_or(sender, |(_, address)| address.trim_end_matches('>'));
        // The template or another stack may have created the identity already.
        let _ = self.ses.create_email_identity().email_identity(address).send().await;
    }
}

/// Returns the logical id of a function: `schedule-mail` is `ScheduleMail` in the template.
fn logical_id(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

/// Runs deploy.py in a blocking task, because the runtime may have to serve a proxy meanwhile.
async fn run_deployment(endpoint: &str, name: &str, parameters: &[(&str, &str)]) -> Value {
    let zips = packages::folder().to_str().expect("the path of the build folder is UTF-8");
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
