//! Recording of all events on a stack's event bus, with an additional rule and queue.

use aws_sdk_eventbridge::types::Target;
use serde_json::{Value, json};

use super::api::EmulatorApi;
use super::{ACCOUNT, REGION, Stack, queries};

/// Records every event that is published after its creation.
pub struct EventRecorder {
    api: EmulatorApi,
    queue_url: String,
}

impl Stack {
    /// Starts recording the events on the bus.
    pub async fn record_events(&self) -> EventRecorder {
        let name = format!("{}-recorder", self.name);
        let queue =
            self.sqs.create_queue().queue_name(&name).send().await.expect("a queue can be created");
        let bus = self.resource("Bus");
        // A pattern must not be empty; this one matches every event of the account.
        let pattern = json!({ "account": [ACCOUNT] }).to_string();
        self.eventbridge
            .put_rule()
            .name(&name)
            .event_bus_name(bus)
            .event_pattern(pattern)
            .send()
            .await
            .expect("a rule can be created");
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let target = Target::builder()
            .id("recorder")
            .arn(arn)
            .build()
            .expect("a target has an id and an ARN");
        self.eventbridge
            .put_targets()
            .rule(&name)
            .event_bus_name(bus)
            .targets(target)
            .send()
            .await
            .expect("a rule can have a target");
        EventRecorder {
            api: self.api.clone(),
            queue_url: queue.queue_url.expect("a queue has a URL"),
        }
    }
}

impl EventRecorder {
    /// Returns all recorded events with their envelopes.
    pub async fn events(&self) -> Vec<Value> {
        let messages = queries::messages(&self.api, &self.queue_url).await;
        let body = |message: &Value| {
            message["Body"].as_str().and_then(|body| serde_json::from_str(body).ok())
        };
        messages.iter().map(|message| body(message).expect("events are JSON")).collect()
    }

    /// Returns the `detail` of each recorded event with this `detail-type`.
    pub async fn details(&self, detail_type: &str) -> Vec<Value> {
        let mut events = self.events().await;
        events.retain(|event| event["detail-type"] == detail_type);
        events.into_iter().map(|mut event| event["detail"].take()).collect()
    }
}
