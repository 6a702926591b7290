//! The emulators as processes of their own, which end with the test process however it ends.

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

/// The emulator that runs functions and enforces their roles.
pub struct Emulator(Served);

/// The second emulator, stricter with events, without functions.
pub struct Moto(Served);

impl Emulator {
    /// The one that the tests of a process share.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Emulator> = LazyLock::new(Emulator::start);
        &SHARED
    }

    /// One of its own. It ends when it is dropped.
    #[must_use]
    pub fn start() -> Self {
        Self(Served::start("ministack", "emulator", "/_ministack/health"))
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// The file it logs to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.0.log
    }

    /// Its process, which leads the group of all the functions that it runs.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.0.child.id()
    }
}

impl Moto {
    /// The one that the tests of a process share.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Moto> =
            LazyLock::new(|| Moto(Served::start("moto", "moto", "/moto-api/")));
        &SHARED
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }
}

struct Served {
    child: Child,
    endpoint: String,
    log: PathBuf,
}

impl Served {
    /// Starts it on a free port; on another if somebody else has taken that in the meantime.
    fn start(name: &str, requirements: &str, health: &str) -> Self {
        (0..3)
            .find_map(|_| Self::try_start(name, requirements, health))
            .expect("it starts; its log is in the build folder")
    }

    fn try_start(name: &str, requirements: &str, health: &str) -> Option<Self> {
        let interpreter = environment(requirements).join("bin/python");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = logs().join(format!("{name}-{}-{port}.log", std::process::id()));
        let output = File::create(&log).expect("files can be made");
        // Not removed by this process, which may be killed, but by the emulator when it ends.
        let temporary = tempfile::tempdir().expect("temporary folders can be made").keep();
        // The functions inherit this environment, so it holds nothing of ours and no way to the real AWS.
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
            .stdout(output.try_clone().expect("files can be shared"))
            .stderr(output)
            .spawn()
            .expect("Python starts");
        let mut served = Self { child, endpoint, log };
        served.is_up(port, health).then_some(served)
    }

    /// Waits until it answers; false if it ends instead.
    fn is_up(&mut self, port: u16, health: &str) -> bool {
        let started = Instant::now();
        while !answers(port, health) {
            if self.child.try_wait().expect("it can be asked").is_some() {
                return false;
            }
            let log = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(started.elapsed() < TIMEOUT, "the emulator does not answer:\n{}", log());
            thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Its end of the pipe: it kills its whole group when that closes.
        drop(self.child.stdin.take());
        // It may have ended already.
        let _ = self.child.wait();
    }
}

/// Where the emulators log to, without the logs of earlier days.
fn logs() -> PathBuf {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let folder = build_folder().join("emulators");
    fs::create_dir_all(&folder).expect("folders can be made");
    for entry in fs::read_dir(&folder).expect("folders are readable").flatten() {
        let modified = entry.metadata().and_then(|about| about.modified());
        if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > DAY)) {
            // Another test process may be quicker.
            let _ = fs::remove_file(entry.path());
        }
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}

fn answers(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("five seconds are a time");
    let mut status = [0; 12];
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut status)).is_ok()
        && status.ends_with(b" 200")
}
