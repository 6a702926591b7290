//! One real function as a process of its own: invoked, read, killed and started anew.

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

use super::runtime_api::{Phase, RuntimeApi, Said};
use super::{REGION, TIMEOUT, packages};

/// The time that a function has, unless a test gives another.
const TIME: Duration = Duration::from_secs(30);

/// A function's program, which runs as in Lambda: from its package, with an environment of its own, one event at a time.
/// It starts when it is first invoked, and again after it has ended.
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

/// What became of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It answered.
    Answered(Value),
    /// It reported an error, of the invocation or of its own start.
    Failed(Value),
    /// Its process ended without an answer.
    Died,
    /// It did not answer by the deadline, so its process was killed, as Lambda does.
    TimedOut,
}

/// Kills a process while somebody else waits for its answer.
pub struct Killer(Process);

/// An invocation that is under way.
pub struct Invocation {
    said: oneshot::Receiver<Said>,
    process: Process,
    time: Duration,
}

impl Function {
    /// A function that calls AWS at an address, with dummy credentials that may do everything.
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
        let temporary = tempfile::tempdir().expect("temporary folders can be made");
        Self {
            name,
            package,
            environment: environment.into(),
            log: Arc::default(),
            running: None,
            temporary,
        }
    }

    /// The same function from another package, unpacked into a folder.
    #[must_use]
    pub fn from(mut self, package: PathBuf) -> Self {
        self.package = package;
        self
    }

    /// The same function with an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Invokes it and waits.
    pub async fn invoke(&mut self, event: &Value) -> Answer {
        self.invoke_within(event, TIME).await
    }

    /// Invokes it with this much time to answer, and waits.
    pub async fn invoke_within(&mut self, event: &Value, time: Duration) -> Answer {
        match self.begin(event, time).await {
            Ok(invocation) => invocation.answer().await,
            Err(answer) => answer,
        }
    }

    /// Invokes it without waiting, so that it can be killed meanwhile. If it does not start, that is the answer.
    ///
    /// # Errors
    ///
    /// What became of it instead, if it does not start.
    pub async fn begin(&mut self, event: &Value, time: Duration) -> Result<Invocation, Answer> {
        self.start().await?;
        let running = self.running.as_ref().expect("it has started");
        Ok(Invocation {
            said: running.api.invoke(event, time),
            process: running.process.clone(),
            time,
        })
    }

    /// Starts it, unless it runs, and waits until it asks for an invocation.
    ///
    /// # Errors
    ///
    /// The error it reports, or its death.
    pub async fn start(&mut self) -> Result<(), Answer> {
        if self.running.as_ref().is_some_and(|running| !*running.process.ended.borrow()) {
            return Ok(());
        }
        self.kill();
        let api = RuntimeApi::serve(&self.name).await;
        let process = self.spawn(&api);
        let (mut phase, mut ended) = (api.phase.clone(), process.ended.clone());
        let outcome = tokio::select! {
            biased;
            phase = phase.wait_for(|phase| *phase != Phase::Starting) => match &*phase.expect("the server runs") {
                Phase::Failed(error) => Err(Answer::Failed(error.clone())),
                _ => Ok(()),
            },
            _ = ended.wait_for(|ended| *ended) => Err(Answer::Died),
            () = tokio::time::sleep(TIMEOUT) => Err(Answer::TimedOut),
        };
        match outcome {
            Ok(()) => self.running = Some(Running { api, process }),
            Err(_) => process.kill(),
        }
        outcome
    }

    /// Kills it, as a crash of the machine would, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.process.kill();
        }
    }

    /// Something that kills its present process. It must have been started.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Killer(self.running.as_ref().expect("it has started").process.clone())
    }

    /// The lines it has logged so far, on either output, of all its processes.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spawn(&self, api: &RuntimeApi) -> Process {
        let (reader, writer) = std::io::pipe().expect("pipes can be made");
        let child = Command::new(self.package.join("bootstrap"))
            .current_dir(&self.package)
            .env_clear()
            .envs(&self.environment)
            .env("LAMBDA_TASK_ROOT", &self.package)
            .env("TMPDIR", self.temporary.path())
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("pipes can be shared"))
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

/// Reads what a process logs; when both of its outputs close, it has ended.
fn read(reader: PipeReader, log: &Mutex<Vec<String>>, ended: &watch::Sender<bool>) {
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.expect("pipes are readable")).into_owned();
        log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
    ended.send_replace(true);
}

impl Process {
    /// Ends it, and waits until all that it has logged is read.
    fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have ended already.
        let _ = child.0.kill();
        let _ = child.0.wait();
        if let Some(reader) = child.1.take() {
            reader.join().expect("pipes are readable");
        }
    }
}

impl Killer {
    /// Kills it, and waits until it is gone.
    pub fn kill(&self) {
        self.0.kill();
    }
}

impl Invocation {
    /// Waits for the answer, and kills the process if none comes in time.
    pub async fn answer(mut self) -> Answer {
        let mut ended = self.process.ended.clone();
        let said = tokio::select! {
            biased;
            said = &mut self.said => said.ok(),
            // An answer may have come in the same moment.
            _ = ended.wait_for(|ended| *ended) => self.said.try_recv().ok(),
            () = tokio::time::sleep(self.time) => {
                self.process.kill();
                return Answer::TimedOut;
            }
        };
        match said {
            Some(Ok(answer)) => Answer::Answered(answer),
            Some(Err(error)) => Answer::Failed(error),
            None => Answer::Died,
        }
    }
}

impl Answer {
    /// The ids that it reports as failed; fails unless it answered.
    #[track_caller]
    #[must_use]
    pub fn failures(&self) -> Vec<&str> {
        let Self::Answered(answer) = self else { panic!("it did not answer: {self:?}") };
        let failures = answer["batchItemFailures"]
            .as_array()
            .unwrap_or_else(|| panic!("no failures in {answer}"));
        failures
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().expect("ids are text"))
            .collect()
    }
}
