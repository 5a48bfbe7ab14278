//! Revisions in `If-Match`, [RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1).

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::Problem;

/// The precondition of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// No `If-Match`, or `*`: any revision will do.
    Any,
    /// One of these revisions must be the current one. Empty when none of the tags can be a revision of ours.
    Revisions(Vec<u64>),
}

impl IfMatch {
    /// Whether an edit may go ahead on this revision.
    pub fn allows(&self, revision: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Revisions(revisions) => revisions.contains(&revision),
        }
    }
}

/// The ETag of a revision.
pub fn revision_etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Ok(Self::Any);
        }
        let tags: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .collect();
        if tags == ["*"] {
            return Ok(Self::Any);
        }
        // Weak tags never match: the comparison of `If-Match` is the strong one.
        let revision = |tag: &str| {
            let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
            let revision = digits.parse::<u64>().ok()?;
            (revision.to_string() == digits).then_some(revision)
        };
        Ok(Self::Revisions(tags.into_iter().filter_map(revision).collect()))
    }
}
