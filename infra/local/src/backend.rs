//! Which search backend a data folder is used with, so that a change of it is noticed: the other backend knows nothing of
//! what was written meanwhile.

use std::io;
use std::path::Path;

use crate::SearchWith;

const FILE: &str = "search-backend";
const CLOUDSEARCH: &str = "cloudsearch";
const EMBEDDED: &str = "embedded";

/// The backend whose index is complete.
pub(crate) fn last(folder: &Path) -> SearchWith {
    match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) if text.trim() == CLOUDSEARCH => SearchWith::CloudSearch,
        _ => SearchWith::Template,
    }
}

/// Keeps that this backend's index is complete.
pub(crate) fn remember(folder: &Path, search: SearchWith) -> io::Result<()> {
    let text = match search {
        SearchWith::CloudSearch => CLOUDSEARCH,
        SearchWith::Template => EMBEDDED,
    };
    std::fs::write(folder.join(FILE), text)
}
