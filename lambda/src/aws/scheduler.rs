//! The e-mail scheduler, on EventBridge Scheduler.
//!
//! A one-time schedule is named after its certificate. It puts the event into the mail queue and is
//! then deleted by EventBridge Scheduler.

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
    /// Reads the schedule group, the role that schedules assume, and the ARNs of the mail queue and
    /// its dead-letter queue from the environment.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if a variable is not set.
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
        Target::builder()
            .arn(&self.queue)
            .role_arn(&self.role)
            .input(serde_json::to_string(event).expect("events have string keys only"))
            .dead_letter_config(DeadLetterConfig::builder().arn(&self.dead_letters).build())
            .build()
            .expect("a target has an ARN and a role")
    }
}

impl EmailScheduler for EventBridgeScheduler {
    async fn schedule_email(
        &self,
        event: &CertificateGenerated,
        time: Timestamp,
    ) -> Result<ScheduleOutcome, TransientError> {
        let id = event.certificate_id;
        let exact_time = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .expect("a time window has a mode");
        let created = self
            .client
            .create_schedule()
            .group_name(&self.group)
            .name(id.to_string())
            .schedule_expression(expression(time))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(exact_time)
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

/// Returns a schedule expression such as `at(2026-11-23T09:31:00)`. Rounds up to whole seconds,
/// because EventBridge Scheduler may refuse a time in the past.
fn expression(time: Timestamp) -> String {
    let seconds = time
        .round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil))
        .unwrap_or(time);
    format!("at({})", Offset::UTC.to_datetime(seconds).strftime("%Y-%m-%dT%H:%M:%S"))
}
