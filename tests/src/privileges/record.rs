//! The record of one run of `cargo test`: which grants functions made use of, and what they were denied.
//!
//! Cargo runs the test binaries of a package one after the other: `main` writes the record, `privileges` reads it.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use super::Grant;

/// How long the record of a run that nobody compared is kept.
const KEPT: Duration = Duration::from_hours(24);

static RECORD: LazyLock<Mutex<File>> = LazyLock::new(|| Mutex::new(begin()));

/// What functions did.
#[derive(Debug, Default)]
pub struct Record {
    pub called: Vec<Grant>,
    /// Calls that were not allowed, with what they were about.
    pub denied: Vec<Grant>,
}

impl Record {
    /// What the tests that the same Cargo started have written, or `None` if they have not run.
    ///
    /// # Panics
    /// It cannot be read.
    pub fn take() -> Option<Self> {
        let path = path();
        let text = std::fs::read_to_string(&path).ok()?;
        let mut record = Self::default();
        for line in text.lines() {
            let mut parts = line.split('\t');
            let mut next = || parts.next().expect("a line has five parts").to_owned();
            let kind = next();
            let (function, action, resource, partition) = (next(), next(), next(), next());
            let partition = (!partition.is_empty()).then_some(partition);
            let grant = Grant { function, action, resource, partition };
            if kind == "called" { record.called.push(grant) } else { record.denied.push(grant) }
        }
        std::fs::remove_file(path).expect("the record can be removed");
        Some(record)
    }
}

/// Whether this test binary was told to run all of its tests.
pub fn is_of_all_tests() -> bool {
    let selects = |argument: String| {
        !argument.starts_with('-') || argument == "--ignored" || argument.starts_with("--skip")
    };
    !std::env::args().skip(1).any(selects)
}

pub(super) fn called(grant: &Grant) {
    write("called", grant);
}

pub(super) fn denied(grant: &Grant) {
    write("denied", grant);
}

fn write(kind: &str, grant: &Grant) {
    let Grant { function, action, resource, partition } = grant;
    let partition = partition.as_deref().unwrap_or_default();
    let line = format!("{kind}\t{function}\t{action}\t{resource}\t{partition}\n");
    let mut file = RECORD.lock().expect("no test panics while it holds the lock");
    file.write_all(line.as_bytes()).expect("the record can be written");
}

/// Named after the process that started this one, which both test binaries have in common.
fn path() -> PathBuf {
    let program = std::env::current_exe().expect("a program has a file");
    let folder = program.parent().expect("a file lies in a folder").join("privileges");
    folder.join(std::os::unix::process::parent_id().to_string())
}

fn begin() -> File {
    let path = path();
    let folder = path.parent().expect("a file lies in a folder");
    std::fs::create_dir_all(folder).expect("the folder of records can be made");
    for entry in std::fs::read_dir(folder).expect("the folder of records can be read").flatten() {
        let is_old = entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > KEPT));
        if is_old {
            // Another run may do the same.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
