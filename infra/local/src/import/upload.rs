//! Sends the bytes of one file to the addresses that the server gave for it, again where that failed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::Body;
use reqwest::header::CONTENT_LENGTH;
use serde_json::Value;

use super::ImportError;
use super::disk::{self, Content};
use crate::client::{ApiError, Session, cause, growing_pause};
use crate::progress::Progress;

/// Parts of one file at the same time.
const PARALLEL: usize = 3;
/// How often in a row sending may fail without anything having arrived.
const ATTEMPTS: u32 = 5;
/// A transfer is broken off below about 32 kB/s.
const SLOWEST_BYTES_PER_SECOND: u64 = 32 * 1024;

/// Why a file did not get to the server.
#[derive(Debug)]
pub(super) enum Fault {
    /// This file cannot be taken; the next one may be.
    File(String),
    /// No file can.
    Stop(ImportError),
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Stop(error.into())
    }
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Self {
        Self::Stop(error)
    }
}

/// Where to send a part of a file, or the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    offset: u64,
    size: u64,
    url: String,
    headers: Vec<(String, String)>,
}

/// What is still to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Target {
    parts: Vec<Part>,
    /// Where to say that the file has been sent, if that is wanted.
    complete: Option<String>,
}

impl Target {
    /// Cuts a file of `size` bytes as the server wants it: what it gives as `upload`, or null when nothing is missing.
    fn cut(upload: &Value, size: u64) -> Result<Self, ImportError> {
        let wrong = |what: &str| ImportError::Protocol(format!("{what} in {upload}"));
        if upload.is_null() {
            return Ok(Self::default());
        }
        let complete = upload["complete_url"].as_str().filter(|url| url.starts_with('/'));
        let Some(parts) = upload["parts"].as_array() else {
            let part = part(upload, 0, size).ok_or_else(|| wrong("there is no url"))?;
            return Ok(Self { parts: vec![part], complete: complete.map(str::to_owned) });
        };
        let full = upload["part_size_bytes"].as_u64().filter(|full| *full > 0);
        let full = full.ok_or_else(|| wrong("there is no part_size_bytes"))?;
        let cut = |given: &Value| {
            let number = given["number"].as_u64()?.checked_sub(1)?;
            let offset = number.checked_mul(full).filter(|offset| *offset < size)?;
            let length = full.min(size - offset);
            let is_as_said = given["size_bytes"].as_u64().is_none_or(|said| said == length);
            part(given, offset, length).filter(|_| is_as_said)
        };
        let parts =
            parts.iter().map(|given| cut(given).ok_or_else(|| wrong("a part is not one of the file")));
        let complete = complete.ok_or_else(|| wrong("there is no complete_url"))?;
        Ok(Self { parts: parts.collect::<Result<_, _>>()?, complete: Some(complete.to_owned()) })
    }
}

fn part(given: &Value, offset: u64, size: u64) -> Option<Part> {
    let headers = given["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let url = given["url"].as_str()?.to_owned();
    Some(Part { offset, size, url, headers: headers.collect::<Option<_>>()? })
}

/// A file that is being sent.
pub(super) struct Transfer<'a> {
    pub(super) session: &'a Session,
    pub(super) path: &'a Path,
    pub(super) content: &'a Content,
    pub(super) progress: Arc<Progress>,
    /// Bytes that the progress counts.
    pub(super) counted: Arc<AtomicU64>,
}

impl Transfer<'_> {
    /// Sends what the server still waits for. Answers the upload as the server described it last.
    pub(super) async fn run(&self, mut upload: Value) -> Result<Value, Fault> {
        let address = format!("/v1/uploads/{}", upload["id"].as_str().unwrap_or_default());
        let mut attempt = 0;
        let mut missing = usize::MAX;
        loop {
            let target = Target::cut(&upload["upload"], self.content.size)?;
            if target.parts.len() < missing {
                missing = target.parts.len();
                attempt = 0;
            }
            attempt += 1;
            let failure = match self.send(&target).await? {
                Ok(None) => return Ok(upload),
                Ok(Some(completed)) => return Ok(completed),
                Err(failure) => failure,
            };
            if let Some(change) = self.content.change(self.path).await {
                return Err(Fault::File(change));
            }
            if attempt == ATTEMPTS {
                return Err(Fault::File(format!("could not be sent: {failure}")));
            }
            tokio::time::sleep(growing_pause(attempt)).await;
            // Addresses expire, and parts may have arrived all the same.
            let answer = self.session.get(&address).await?;
            if answer.status.is_client_error() {
                return Err(Fault::File(format!("could not be sent: {}", answer.reason())));
            }
            upload = answer.good()?;
            if upload["status"] != "waiting" {
                return Ok(upload);
            }
        }
    }

    /// Sends all parts, whatever becomes of each, and says so if that is wanted. Fails with the last failure.
    async fn send(&self, target: &Target) -> Result<Result<Option<Value>, String>, ImportError> {
        let parts = stream::iter(&target.parts).map(|part| self.put(part));
        let failures = parts.buffer_unordered(PARALLEL).filter_map(async |sent| sent.err());
        let failures: Vec<String> = failures.collect().await;
        if let Some(failure) = failures.into_iter().next_back() {
            return Ok(Err(failure));
        }
        let Some(complete) = &target.complete else { return Ok(Ok(None)) };
        let answer = self.session.post(complete, None).await?;
        if answer.status.is_client_error() {
            return Ok(Err(answer.reason()));
        }
        Ok(Ok(Some(answer.good()?)))
    }

    async fn put(&self, part: &Part) -> Result<(), String> {
        let read = Arc::new(AtomicU64::new(0));
        let note = {
            let (read, progress) = (Arc::clone(&read), Arc::clone(&self.progress));
            move |length| {
                read.fetch_add(length, Ordering::Relaxed);
                progress.advance(length, 0);
            }
        };
        let body = disk::read(self.path.to_owned(), part.offset, part.size, note);
        let mut request = self.session.http().put(&part.url);
        for (name, value) in &part.headers {
            // The first follows from the body, the second from the address.
            if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host") {
                request = request.header(name, value);
            }
        }
        // With a length, so that the body is not sent in chunks, which S3 does not take.
        let request = request.header(CONTENT_LENGTH, part.size).body(Body::wrap_stream(body));
        let patience = Duration::from_secs(60 + part.size / SLOWEST_BYTES_PER_SECOND);
        let result = match request.timeout(patience).send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(format!("the storage answered {}", response.status())),
            Err(error) => Err(cause(&error)),
        };
        let read = read.load(Ordering::Relaxed);
        if result.is_ok() {
            self.counted.fetch_add(read, Ordering::Relaxed);
        } else {
            self.progress.take_back(read);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given(number: u64) -> Value {
        json!({ "number": number, "url": format!("http://s/{number}"), "headers": { "x-sum": "a" } })
    }

    fn wanted(parts: &[Value]) -> Value {
        json!({
            "method": "PUT", "part_size_bytes": 10, "parts": parts,
            "complete_url": "/v1/uploads/u/complete", "expires_at": "2026-11-21T10:00:00.000Z"
        })
    }

    fn places(upload: &Value, size: u64) -> Option<Vec<(u64, u64)>> {
        let target = Target::cut(upload, size).ok()?;
        Some(target.parts.iter().map(|part| (part.offset, part.size)).collect())
    }

    #[test]
    fn a_small_file_is_one_part() {
        let upload = json!({ "method": "PUT", "url": "http://s/a?b=c", "headers": { "x-sum": "a" } });
        let target = Target::cut(&upload, 7).unwrap();
        let headers = vec![("x-sum".to_owned(), "a".to_owned())];
        let part = Part { offset: 0, size: 7, url: "http://s/a?b=c".into(), headers };
        assert_eq!(target, Target { parts: vec![part], complete: None });
        assert_eq!(Target::cut(&Value::Null, 7).unwrap(), Target::default());
    }

    #[test]
    fn a_large_file_is_cut_where_the_numbers_say_also_when_some_parts_have_arrived() {
        assert_eq!(
            places(&wanted(&[given(1), given(2), given(3)]), 25),
            Some(vec![(0, 10), (10, 10), (20, 5)])
        );
        assert_eq!(places(&wanted(&[given(1), given(2)]), 20), Some(vec![(0, 10), (10, 10)]));
        assert_eq!(places(&wanted(&[given(3), given(2)]), 25), Some(vec![(20, 5), (10, 10)]));
        assert_eq!(places(&wanted(&[]), 25), Some(vec![]));
        let complete = Target::cut(&wanted(&[]), 25).unwrap().complete;
        assert_eq!(complete.as_deref(), Some("/v1/uploads/u/complete"));
    }

    #[test]
    fn parts_that_are_not_of_the_file_are_refused() {
        let mut other_size = given(3);
        other_size["size_bytes"] = json!(10);
        let mut elsewhere = wanted(&[]);
        elsewhere["complete_url"] = json!("https://elsewhere.example/");
        let no_size = json!({ "parts": [], "complete_url": "/x" });
        for upload in [
            wanted(&[given(0)]),
            wanted(&[given(4)]),
            wanted(&[given(u64::MAX)]),
            wanted(&[other_size]),
            wanted(&[json!({ "number": 1 })]),
            elsewhere,
            no_size,
            json!({}),
        ] {
            assert_eq!(places(&upload, 25), None, "{upload}");
        }
    }
}
