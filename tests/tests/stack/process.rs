//! The program `mixtape` as a process of its own, to be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tests::Client;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_mixtape-under-test");

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Server {
    /// Starts the program on a data folder, with these arguments more, and waits until it answers.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, stdout, url: String::new() };
        let line = server.wait_for("Mixtape answers at ");
        server.url = line.trim_start_matches("Mixtape answers at ").to_owned();
        server
    }

    /// Reads standard output up to a line that starts like this.
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "the program ended without saying {start:?}");
            if line.starts_with(start) {
                return line.trim().to_owned();
            }
        }
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::at(&self.url)
    }

    /// The most memory that was ever resident, in bytes. Only on Linux.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Makes an account.
    pub(crate) async fn sign_up(&self, username: &str) -> Client {
        let body = serde_json::json!({
            "username": username, "email": format!("{username}@example.org"), "password": "correct horse battery",
        });
        let made = self.anonymous().post("/v1/accounts", body).await.expect(201);
        self.anonymous().with_session(&made["session"], &made["account"])
    }

    /// SIGKILL: nothing is finished, nothing is closed.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}
