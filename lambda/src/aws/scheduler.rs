//! Mails that wait: one-time schedules, each named after its certificate, that put an event into the mail queue and vanish.

use aws_config::SdkConfig;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use jiff::tz::Offset;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use testamur_pipeline::ports::{EmailScheduler, ScheduleOutcome};
use testamur_pipeline::{CertificateGenerated, TransientError};

use super::client::transient;
use crate::config::{self, ConfigError};

/// The schedule group of a deployment.
#[derive(Debug, Clone)]
pub struct EventBridgeScheduler {
    client: Client,
    group: String,
    role: String,
    queue: String,
    dead_letters: String,
}

impl EventBridgeScheduler {
    /// Takes group, role, target queue and dead letters from the environment.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if one is not set.
    pub fn from_environment(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            client: Client::new(sdk),
            group: config::text("TESTAMUR_SCHEDULE_GROUP")?,
            role: config::text("TESTAMUR_SCHEDULE_ROLE")?,
            queue: config::text("TESTAMUR_MAIL_QUEUE")?,
            dead_letters: config::text("TESTAMUR_MAIL_DEAD_LETTERS")?,
        })
    }

    fn target(&self, event: &CertificateGenerated) -> Target {
        let input = serde_json::to_string(event).expect("events have string keys only");
        let dead_letters = DeadLetterConfig::builder().arn(&self.dead_letters).build();
        let target = Target::builder().arn(&self.queue).role_arn(&self.role).input(input);
        target.dead_letter_config(dead_letters).build().expect("a target has an ARN and a role")
    }
}

/// A time in whole seconds, rounded up, for a time in the past may be refused.
fn expression(time: Timestamp) -> String {
    let seconds = time
        .round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil))
        .unwrap_or(time);
    format!("at({})", Offset::UTC.to_datetime(seconds).strftime("%Y-%m-%dT%H:%M:%S"))
}

impl EmailScheduler for EventBridgeScheduler {
    async fn schedule_email(
        &self,
        event: &CertificateGenerated,
        time: Timestamp,
    ) -> Result<ScheduleOutcome, TransientError> {
        let id = event.certificate_id;
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
        let request = self.client.create_schedule().group_name(&self.group).name(id.to_string());
        let created = request
            .schedule_expression(expression(time))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(window.expect("a window has a mode"))
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(event))
            .send()
            .await;
        match created {
            Ok(_) => Ok(ScheduleOutcome::Created),
            Err(error) if error.code() == Some("ConflictException") => Ok(ScheduleOutcome::Exists),
            Err(error) => Err(transient(format!("can't schedule the e-mail of {id}"), &error)),
        }
    }
}
