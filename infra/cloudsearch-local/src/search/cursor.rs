//! Cursors: the place after which the next page starts, and which request they belong to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::SearchError;
use super::order::Place;
use crate::error::Error;

/// Most bytes of a cursor.
const MAX_CURSOR_BYTES: usize = 64 << 10;

/// The cursor that starts after a place; at the beginning if there is none yet.
pub(super) fn write(after: Option<&Place>, fingerprint: u64) -> Result<String, SearchError> {
    let json = serde_json::to_vec(&(fingerprint, after)).map_err(Error::from)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Where a cursor starts.
///
/// # Errors
/// It is no cursor, or one of another search.
pub(super) fn read(text: &str, fingerprint: u64, criteria: usize) -> Result<Option<Place>, SearchError> {
    let wrong = || SearchError::invalid("Invalid value for cursor: it is not one of this search");
    if text.len() > MAX_CURSOR_BYTES {
        return Err(wrong());
    }
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let (of, after): (u64, Option<Place>) = serde_json::from_slice(&json).map_err(|_| wrong())?;
    if of != fingerprint || after.as_ref().is_some_and(|place| place.len() != criteria) {
        return Err(wrong());
    }
    Ok(after)
}
