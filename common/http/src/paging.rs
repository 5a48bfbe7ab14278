//! Lists in pages. A cursor is opaque, carries its version and the list that it belongs to, and nothing that could
//! widen what the caller may see.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Problem, Query};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 100;
const MAX_CURSOR: usize = 4096;
/// Positions are sort keys, of which DynamoDB refuses those over 1,024 bytes.
const MAX_POSITION: usize = 1000;
/// First byte of every cursor, so that a later form can be told from this one.
const VERSION: u8 = 1;

/// One page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

/// The query parameters of every list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PagingParams {
    /// How many items a page holds, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which page was asked for.
#[derive(Debug, Clone)]
pub struct Paging {
    limit: usize,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) = Query::<PagingParams>::from_request_parts(parts, state).await?;
        let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid_field("limit", format!("must be 1 to {MAX_LIMIT}")));
        }
        Ok(Self { limit: limit as usize, cursor: params.cursor.filter(|cursor| !cursor.is_empty()) })
    }
}

impl Paging {
    /// How many items the page holds.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The position after which the page starts. `list` names the list with all its filters.
    ///
    /// # Errors
    /// The cursor is not one of ours, or belongs to another list.
    pub fn after(&self, list: &str) -> Result<Option<String>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let wrong = || Problem::invalid_field("cursor", "must be the next_cursor of a page of the same list");
        if cursor.len() > MAX_CURSOR {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
        let position = bytes.strip_prefix(&head(list)[..]).ok_or_else(wrong)?;
        if position.len() > MAX_POSITION {
            return Err(wrong());
        }
        String::from_utf8(position.to_vec()).map(Some).map_err(|_| wrong())
    }
}

impl<T> Page<T> {
    /// A page of the list `list`, and the position after which there is more.
    pub fn new(items: Vec<T>, next: Option<&str>, list: &str) -> Self {
        let encode = |position: &str| URL_SAFE_NO_PAD.encode([&head(list)[..], position.as_bytes()].concat());
        Self { items, next_cursor: next.map(encode) }
    }
}

/// Version and eight bytes that stand for the list.
fn head(list: &str) -> [u8; 9] {
    let mut head = [VERSION; 9];
    head[1..].copy_from_slice(&Sha256::digest(list.as_bytes())[..8]);
    head
}
