//! Answers that were given before, in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use mixtape_store::insights::{Scope, Version};
use serde::Serialize;
use utoipa::ToSchema;

/// What is kept at most, with what it takes to find it.
const CAPACITY_BYTES: usize = 16 * 1024 * 1024;
/// What an entry takes beside its body and its question.
const ENTRY_BYTES: usize = 200;
/// What tracks are called can change without a listen, so an answer is not good for ever.
const LIFE: Duration = Duration::from_secs(60);

/// Answers by whose counts, which version of them, and the question. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cache(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    entries: HashMap<Question, Entry>,
    bytes: usize,
    hits: u64,
    misses: u64,
}

/// What was asked of which counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) scope: Scope,
    pub(crate) version: Version,
    pub(crate) text: String,
}

#[derive(Debug)]
struct Entry {
    body: Bytes,
    made_at: Instant,
    used_at: Instant,
}

/// The state of the cache of one process: on AWS every instance of the function has its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CacheState {
    entries: usize,
    bytes: usize,
    capacity_bytes: usize,
    hits: u64,
    misses: u64,
    /// Hits among all questions, 0 to 1; null before the first one.
    #[schema(required = true)]
    hit_rate: Option<f64>,
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to the same question.
    pub(crate) fn get(&self, question: &Question) -> Option<Bytes> {
        let mut answers = self.lock();
        let found = answers.entries.get_mut(question).filter(|entry| entry.made_at.elapsed() < LIFE);
        let body = found.map(|entry| {
            entry.used_at = Instant::now();
            entry.body.clone()
        });
        match body {
            Some(_) => answers.hits += 1,
            None => answers.misses += 1,
        }
        body
    }

    /// Keeps an answer. One that is too large by itself is not kept.
    pub(crate) fn put(&self, question: Question, body: Bytes) {
        let size = size(&question, &body);
        if size > CAPACITY_BYTES / 4 {
            return;
        }
        let mut answers = self.lock();
        if answers.bytes + size > CAPACITY_BYTES {
            answers.make_room();
        }
        let now = Instant::now();
        answers.bytes += size;
        let key = question.clone();
        if let Some(before) = answers.entries.insert(key, Entry { body, made_at: now, used_at: now }) {
            answers.bytes -= self::size(&question, &before.body);
        }
    }

    /// Forgets every answer; answers how many there were.
    pub(crate) fn clear(&self) -> usize {
        let mut answers = self.lock();
        let count = answers.entries.len();
        answers.entries.clear();
        answers.bytes = 0;
        count
    }

    /// What is in it, and how often that helped.
    pub(crate) fn state(&self) -> CacheState {
        let answers = self.lock();
        let asked = answers.hits + answers.misses;
        CacheState {
            entries: answers.entries.len(),
            bytes: answers.bytes,
            capacity_bytes: CAPACITY_BYTES,
            hits: answers.hits,
            misses: answers.misses,
            hit_rate: (asked > 0).then(|| answers.hits as f64 / asked as f64),
        }
    }
}

impl Answers {
    /// Forgets what is too old, and what was not used for longest until half is free.
    fn make_room(&mut self) {
        self.entries.retain(|_, entry| entry.made_at.elapsed() < LIFE);
        let mut sizes: Vec<(Instant, usize)> = self
            .entries
            .iter()
            .map(|(question, entry)| (entry.used_at, size(question, &entry.body)))
            .collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        self.bytes = 0;
        let mut oldest = None;
        for (used_at, size) in sizes {
            if self.bytes + size > CAPACITY_BYTES / 2 {
                break;
            }
            self.bytes += size;
            oldest = Some(used_at);
        }
        self.entries.retain(|_, entry| oldest.is_some_and(|oldest| entry.used_at >= oldest));
        self.bytes = self.entries.iter().map(|(question, entry)| size(question, &entry.body)).sum();
    }
}

fn size(question: &Question, body: &Bytes) -> usize {
    ENTRY_BYTES + question.text.len() + body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_cache_holds_its_bound_and_what_was_used_last() {
        let cache = Cache::default();
        let question = |text: usize| Question {
            scope: Scope::Everybody,
            version: Version::default(),
            text: text.to_string(),
        };
        let body = Bytes::from(vec![0; 100_000]);
        for text in 0..400 {
            cache.put(question(text), body.clone());
            cache.put(question(text), body.clone());
            assert!(cache.get(&question(text)).is_some());
        }
        let state = cache.state();
        assert!(state.bytes <= CAPACITY_BYTES && state.entries >= 60, "{state:?}");
        assert_eq!(cache.get(&question(0)), None);
        assert_eq!((state.hits, state.misses), (400, 0));
        assert_eq!(cache.clear(), state.entries);
        assert_eq!(cache.state().bytes, 0);
        cache.put(question(1), Bytes::from(vec![0; CAPACITY_BYTES / 2]));
        assert_eq!(cache.state().entries, 0);
    }
}
