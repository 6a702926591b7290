//! One of the real functions in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

use super::runtime_api::{InvocationResult, ProcessState, RuntimeApi};
use super::{REGION, TIMEOUT, packages};

/// The timeout of an invocation, as in `lambda/template.yaml`.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(30);

/// A function that runs as in Lambda: from its deployment package, with only its own environment
/// variables, and with one invocation at a time. The process starts at the first invocation, and
/// again after it has ended.
pub struct Function {
    name: String,
    package: PathBuf,
    environment: BTreeMap<String, String>,
    log: Arc<Mutex<Vec<String>>>,
    running: Option<Running>,
    temporary: TempDir,
}

struct Running {
    api: RuntimeApi,
    process: Process,
}

#[derive(Clone)]
struct Process {
    child: Arc<Mutex<(Child, Option<JoinHandle<()>>)>>,
    ended: watch::Receiver<bool>,
}

/// The outcome of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum InvocationOutcome {
    /// The function returned a response.
    Response(Value),
    /// The function reported an error of the invocation or of its start.
    Error(Value),
    /// The process ended without a response.
    Crashed,
    /// There was no response in time, and the process was killed, as Lambda does.
    TimedOut,
}

/// Kills a process while another task waits for its response.
pub struct KillHandle(Process);

/// An invocation in progress.
pub struct Invocation {
    result: oneshot::Receiver<InvocationResult>,
    process: Process,
    timeout: Duration,
}

impl Function {
    /// Returns a function that calls AWS at the URL `endpoint`, with dummy credentials that have
    /// all permissions.
    #[must_use]
    pub fn new(name: &str, endpoint: &str) -> Self {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/test"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "test"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("_HANDLER", "bootstrap"),
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (name, package) = (name.to_owned(), packages::package(name));
        let temporary = tempfile::tempdir().expect("a temporary folder can be created");
        Self {
            name,
            package,
            environment: environment.into(),
            log: Arc::default(),
            running: None,
            temporary,
        }
    }

    /// Sets the folder of the unpacked deployment package.
    #[must_use]
    pub fn with_package(mut self, package: PathBuf) -> Self {
        self.package = package;
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Invokes the function and waits for the outcome.
    pub async fn invoke(&mut self, event: &Value) -> InvocationOutcome {
        self.invoke_with_timeout(event, INVOCATION_TIMEOUT).await
    }

    /// Invokes the function with a timeout and waits for the outcome.
    pub async fn invoke_with_timeout(
        &mut self,
        event: &Value,
        timeout: Duration,
    ) -> InvocationOutcome {
        match self.start_invocation(event, timeout).await {
            Ok(invocation) => invocation.outcome().await,
            Err(outcome) => outcome,
        }
    }

    /// Invokes the function without waiting for the outcome.
    ///
    /// # Errors
    /// The outcome, if the process does not start.
    pub async fn start_invocation(
        &mut self,
        event: &Value,
        timeout: Duration,
    ) -> Result<Invocation, InvocationOutcome> {
        self.start().await?;
        let running = self.running.as_ref().expect("the process is running");
        Ok(Invocation {
            result: running.api.invoke(event, timeout),
            process: running.process.clone(),
            timeout,
        })
    }

    /// Starts the process, unless it is running, and waits until it asks for an invocation.
    ///
    /// # Errors
    /// The outcome, if the process reports an error, ends or takes too long.
    pub async fn start(&mut self) -> Result<(), InvocationOutcome> {
        if self.running.as_ref().is_some_and(|running| !*running.process.ended.borrow()) {
            return Ok(());
        }
        self.kill();
        let api = RuntimeApi::start(&self.name).await;
        let process = self.spawn(&api);
        let (mut state, mut ended) = (api.state.clone(), process.ended.clone());
        let outcome = tokio::select! {
            biased;
            state = state.wait_for(|state| *state != ProcessState::Starting) => {
                match &*state.expect("the server is running") {
                    ProcessState::InitFailed(error) => Err(InvocationOutcome::Error(error.clone())),
                    _ => Ok(()),
                }
            }
            _ = ended.wait_for(|ended| *ended) => Err(InvocationOutcome::Crashed),
            () = tokio::time::sleep(TIMEOUT) => Err(InvocationOutcome::TimedOut),
        };
        match outcome {
            Ok(()) => self.running = Some(Running { api, process }),
            Err(_) => process.kill(),
        }
        outcome
    }

    /// Kills the process with SIGKILL and waits until it has ended and its log is read.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.process.kill();
        }
    }

    /// Returns a handle that kills the current process.
    ///
    /// # Panics
    /// If the process was not started.
    #[must_use]
    pub fn kill_handle(&self) -> KillHandle {
        KillHandle(self.running.as_ref().expect("the process is running").process.clone())
    }

    /// Returns the lines of standard output and standard error of all processes of this function.
    /// Only after [`Self::kill`] the log is certainly complete.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spawn(&self, api: &RuntimeApi) -> Process {
        let (reader, writer) = std::io::pipe().expect("a pipe can be created");
        let child = Command::new(self.package.join("bootstrap"))
            .current_dir(&self.package)
            .env_clear()
            .envs(&self.environment)
            .env("LAMBDA_TASK_ROOT", &self.package)
            .env("TMPDIR", self.temporary.path())
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe can be cloned"))
            .stderr(writer)
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let (ended, watched) = watch::channel(false);
        let log = self.log.clone();
        let reader = thread::spawn(move || read(reader, &log, &ended));
        Process { child: Arc::new(Mutex::new((child, Some(reader)))), ended: watched }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads the log of a process. When both outputs are closed, the process has ended.
fn read(reader: PipeReader, log: &Mutex<Vec<String>>, ended: &watch::Sender<bool>) {
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.expect("the pipe is readable")).into_owned();
        log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
    ended.send_replace(true);
}

impl Process {
    /// Kills the process and waits until its log is read.
    fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // The process may have ended already.
        let _ = child.0.kill();
        let _ = child.0.wait();
        if let Some(reader) = child.1.take() {
            reader.join().expect("the pipe is readable");
        }
    }
}

impl KillHandle {
    /// Kills the process with SIGKILL and waits until it has ended.
    pub fn kill(&self) {
        self.0.kill();
    }
}

impl Invocation {
    /// Waits for the outcome. Kills the process if there is no response in time.
    pub async fn outcome(mut self) -> InvocationOutcome {
        let mut ended = self.process.ended.clone();
        let result = tokio::select! {
            biased;
            result = &mut self.result => result.ok(),
            // The response may have arrived just before the process ended.
            _ = ended.wait_for(|ended| *ended) => self.result.try_recv().ok(),
            () = tokio::time::sleep(self.timeout) => {
                self.process.kill();
                return InvocationOutcome::TimedOut;
            }
        };
        match result {
            Some(Ok(response)) => InvocationOutcome::Response(response),
            Some(Err(error)) => InvocationOutcome::Error(error),
            None => InvocationOutcome::Crashed,
        }
    }
}

impl InvocationOutcome {
    /// Returns the ids that the response reports as failed.
    ///
    /// # Panics
    /// If the outcome is not a response.
    #[track_caller]
    #[must_use]
    pub fn failures(&self) -> Vec<&str> {
        let Self::Response(response) = self else { panic!("no response: {self:?}") };
        let failures = response["batchItemFailures"]
            .as_array()
            .unwrap_or_else(|| panic!("no batchItemFailures in {response}"));
        failures
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().expect("ids are strings"))
            .collect()
    }
}
