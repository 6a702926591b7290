//! A recorder on a stack's bus: one more rule, and a queue that nobody empties.

use aws_sdk_eventbridge::types::Target;
use serde_json::{Value, json};

use super::http::Cloud;
use super::{ACCOUNT, REGION, Stack, queries};

/// Keeps every event of a bus from when it is made.
pub struct EventRecorder {
    cloud: Cloud,
    url: String,
}

impl Stack {
    /// Taps the bus.
    pub async fn recorder(&self) -> EventRecorder {
        let name = format!("{}-recorder", self.name);
        let queue =
            self.queues.create_queue().queue_name(&name).send().await.expect("queues can be made");
        let bus = self.resource("Bus");
        // A pattern must ask for something; every event of the account has its id.
        let pattern = json!({ "account": [ACCOUNT] }).to_string();
        let rule = self.buses.put_rule().name(&name).event_bus_name(bus).event_pattern(pattern);
        rule.send().await.expect("rules can be made");
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let target = Target::builder().id("recorder").arn(arn).build().expect("it is complete");
        let targets = self.buses.put_targets().rule(&name).event_bus_name(bus).targets(target);
        targets.send().await.expect("rules can have targets");
        EventRecorder {
            cloud: self.cloud.clone(),
            url: queue.queue_url.expect("a queue has an address"),
        }
    }
}

impl EventRecorder {
    /// The events so far, in their envelopes.
    pub async fn events(&self) -> Vec<Value> {
        let messages = queries::messages(&self.cloud, &self.url).await;
        let body = |message: &Value| {
            message["Body"].as_str().and_then(|body| serde_json::from_str(body).ok())
        };
        messages.iter().map(|message| body(message).expect("events are JSON")).collect()
    }

    /// The details of the events of a type.
    pub async fn details(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events().await;
        events.retain(|event| event["detail-type"] == kind);
        events.into_iter().map(|mut event| event["detail"].take()).collect()
    }
}
