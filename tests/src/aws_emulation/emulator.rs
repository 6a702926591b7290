//! The emulators, each in a process of its own that ends when the test process ends, even by a
//! signal.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use super::{REGION, TIMEOUT};
use crate::validators::environment;
use crate::{build_folder, repository};

/// `MiniStack`, the emulator that invokes functions and enforces IAM policies.
pub struct Emulator(EmulatorProcess);

/// Moto, a second emulator. It validates events more strictly and does not run functions.
pub struct Moto(EmulatorProcess);

impl Emulator {
    /// Returns the instance that all tests of the process share.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Emulator> = LazyLock::new(Emulator::start);
        &SHARED
    }

    /// Starts an instance, which ends when it is dropped.
    #[must_use]
    pub fn start() -> Self {
        Self(EmulatorProcess::start("ministack", "emulator", "/_ministack/health"))
    }

    /// Returns its URL.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// Returns the path of its log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.0.log
    }

    /// Returns its process id, which is also the id of the process group of the functions.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.0.child.id()
    }
}

impl Moto {
    /// Returns the instance that all tests of the process share.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Moto> =
            LazyLock::new(|| Moto(EmulatorProcess::start("moto", "moto", "/moto-api/")));
        &SHARED
    }

    /// Returns its URL.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }
}

struct EmulatorProcess {
    child: Child,
    endpoint: String,
    log: PathBuf,
}

impl EmulatorProcess {
    /// Starts an emulator on a free port. Tries up to three times, because another process may take
    /// the port in the meantime.
    fn start(name: &str, requirements: &str, health: &str) -> Self {
        (0..3)
            .find_map(|_| Self::try_start(name, requirements, health))
            .expect("the emulator starts; see its log in the build folder")
    }

    fn try_start(name: &str, requirements: &str, health: &str) -> Option<Self> {
        let interpreter = environment(requirements).join("bin/python");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = logs().join(format!("{name}-{}-{port}.log", std::process::id()));
        let output = File::create(&log).expect("a log file can be created");
        // emulator.py removes this folder when it ends, because this process may be killed.
        let temporary = tempfile::tempdir().expect("a temporary folder can be created").keep();
        // The functions inherit this environment. It must not contain credentials for the real AWS.
        let child = Command::new(interpreter)
            .arg(repository().join("tests/validators/emulator.py"))
            .args([name, &port.to_string()])
            .current_dir(&temporary)
            .env_clear()
            .envs([
                ("BIND_HOST", "127.0.0.1"),
                ("GATEWAY_PORT", &port.to_string()),
                ("MINISTACK_HOST", "127.0.0.1"),
                ("MINISTACK_REGION", REGION),
                ("LAMBDA_EXECUTOR", "local"),
                ("AUTH", "true"),
                ("IOT_MTLS_ENABLED", "0"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_DEFAULT_REGION", REGION),
                ("AWS_ENDPOINT_URL", &endpoint),
                ("PATH", "/usr/bin:/bin"),
            ])
            .env("TMPDIR", &temporary)
            .env("HOME", &temporary)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("a file handle can be cloned"))
            .stderr(output)
            .spawn()
            .expect("Python starts");
        let mut process = Self { child, endpoint, log };
        process.wait_until_up(port, health).then_some(process)
    }

    /// Waits until the emulator responds. Returns false if it ends before that.
    fn wait_until_up(&mut self, port: u16, health: &str) -> bool {
        let started = Instant::now();
        while !responds(port, health) {
            if self.child.try_wait().expect("the process state is available").is_some() {
                return false;
            }
            let log = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(started.elapsed() < TIMEOUT, "the emulator does not respond:\n{}", log());
            thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        // emulator.py kills its process group when its standard input closes.
        drop(self.child.stdin.take());
        // The process may have ended already.
        let _ = self.child.wait();
    }
}

/// Returns the folder of the emulators' logs, after removing logs that are older than a day.
fn logs() -> PathBuf {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let folder = build_folder().join("emulators");
    fs::create_dir_all(&folder).expect("the log folder can be created");
    for entry in fs::read_dir(&folder).expect("the log folder is readable").flatten() {
        let modified = entry.metadata().and_then(|about| about.modified());
        if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > DAY)) {
            // Another test process may have removed it already.
            let _ = fs::remove_file(entry.path());
        }
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("the socket is bound").port()
}

fn responds(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("the timeout is not zero");
    let mut status = [0; 12];
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut status)).is_ok()
        && status.ends_with(b" 200")
}
