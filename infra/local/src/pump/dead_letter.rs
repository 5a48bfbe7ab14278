//! What a function gave up on, as files that an operator can read and deliver again.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use mixtape_domain::Clock;

/// The folder of dead letters. Clones share it.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    folder: PathBuf,
}

/// An event that was given up, with what Lambda's on-failure record says about it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    pub version: String,
    /// When it was given up, RFC 3339.
    pub timestamp: String,
    pub request_context: RequestContext,
    /// Why the last attempt failed.
    pub error: String,
    /// The whole event, which Lambda leaves out where a stream still holds it.
    pub event: Value,
    /// Where it lies; not part of the file.
    #[serde(skip)]
    pub file: PathBuf,
}

/// What was invoked, and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    pub function_name: String,
    pub condition: String,
    pub approximate_invoke_count: u32,
}

impl DeadLetters {
    /// The dead letters of a data folder.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("dead-letters");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// A file cannot be read or is not a dead letter.
    pub fn list(&self) -> io::Result<Vec<DeadLetter>> {
        let mut letters = Vec::new();
        for file in self.files()? {
            let letter: DeadLetter = serde_json::from_slice(&std::fs::read(&file)?)?;
            letters.push(DeadLetter { file, ..letter });
        }
        Ok(letters)
    }

    /// How many there are, without a look into them.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn count(&self) -> io::Result<usize> {
        Ok(self.files()?.len())
    }

    /// Their names begin with when they were given up.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "json") {
                files.push(file);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Keeps an event that a function failed on too often, and says so in the log.
    pub(crate) async fn add(&self, function: &str, event: Value, attempts: u32, reason: &str) {
        let timestamp = Clock::system().now();
        let letter = json!({
            "version": "1.0",
            "timestamp": timestamp,
            "requestContext": {
                "functionName": function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "error": reason,
            "event": event,
        });
        let name = format!(
            "{}-{function}-{}.json",
            timestamp.to_string().replace(':', ""),
            crate::stores::random_text(4)
        );
        let file = self.folder.join(name);
        match crate::files::replace(&file, format!("{letter:#}").as_bytes()).await {
            Ok(()) => tracing::error!(
                function,
                reason,
                file = %file.display(),
                "an event was given up; `mixtape dead-letters` lists it and can deliver it again"
            ),
            Err(error) => {
                tracing::error!(function, reason, %error, %letter, "an event was given up and not kept");
            }
        }
    }
}
