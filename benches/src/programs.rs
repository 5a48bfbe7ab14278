//! Programs of this workspace, built with the profile that this one was built with, and processes of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use mixtape::Stack;
use mixtape_settings::LocalStores;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::{Failure, functions};

/// Whether all programs are built.
static BUILT: OnceLock<bool> = OnceLock::new();

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Builds the functions, the hello world and the local stack, and answers the folder of the binaries. Always all of
/// them: another choice of packages has other features of their dependencies, and they would be compiled again.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let folder = std::env::current_exe()?.parent().ok_or("this program lies nowhere")?.to_owned();
    let profile = folder.file_name().and_then(|name| name.to_str()).ok_or("the build has no profile")?;
    let profile = if profile == "debug" { "dev" } else { profile };
    let is_built = BUILT.get_or_init(|| {
        eprintln_progress("building the functions and the local stack, which can take long");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--bins", "--profile", profile]).current_dir(workspace()).stdout(Stdio::null());
        let functions = functions().unwrap_or_default();
        for package in functions.iter().map(String::as_str).chain(["hello", "mixtape"]) {
            cargo.args(["-p", package]);
        }
        cargo.status().is_ok_and(|status| status.success())
    });
    if *is_built { Ok(folder) } else { Err("the build failed".into()) }
}

/// Takes the programs that are there instead of building them.
pub(crate) fn take_what_is_built() {
    BUILT.get_or_init(|| true);
}

/// Says what takes so long, beside the tables.
#[expect(clippy::print_stderr, reason = "progress is not part of the tables")]
pub(crate) fn eprintln_progress(what: &str) {
    eprintln!("{what}");
}

/// Resident memory of a process in bytes, and the most that it was.
pub(crate) fn memory(process: u32) -> Result<(u64, u64), Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or("/proc says nothing of memory")
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// Processor time that the threads of a process have taken, of those that are still there.
pub(crate) fn processor_time(process: u32) -> Result<Duration, Failure> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let statistics = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = statistics.split_whitespace().next().ok_or("/proc says nothing of processor time")?;
        nanoseconds += first.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The stores of a stack.
pub(crate) fn stores_of(stack: &Stack) -> Result<&LocalStores, Failure> {
    stack.app().settings.stores.as_ref().ok_or_else(|| "a local stack has local stores".into())
}

/// Megabytes (10^6).
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The program `mixtape` on stores that are forgotten; it ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let program = build()?.join("mixtape");
        let mut command = tokio::process::Command::new(program);
        command.args(["--ephemeral", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(url) = line.strip_prefix("Mixtape answers at ") {
                let url = url.trim().to_owned();
                // Whoever closes the other end of its output ends it.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, url });
            }
        }
        Err("the server ended before it answered".into())
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        let process = self.child.id().ok_or("the server has ended")?;
        Ok(memory(process)?.0)
    }
}
