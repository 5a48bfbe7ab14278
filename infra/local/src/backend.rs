//! Which search backend a data folder is used with, and in which format, so that a change is noticed: the other backend
//! knows nothing of what was written meanwhile, and an index of another format is not read.

use std::io;
use std::path::Path;

use crate::SearchWith;

const FILE: &str = "search-backend";
const CLOUDSEARCH: &str = "cloudsearch";
const EMBEDDED: &str = "embedded";

/// The backend that the folder was used with the last time.
pub(crate) fn last(folder: &Path) -> SearchWith {
    let text = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    if text.starts_with(CLOUDSEARCH) { SearchWith::CloudSearch } else { SearchWith::Template }
}

/// Whether this backend's index is complete, in the format of this version.
pub(crate) fn is_complete(folder: &Path, search: SearchWith) -> bool {
    std::fs::read_to_string(folder.join(FILE)).is_ok_and(|text| text == written(search))
}

/// Keeps that this backend's index is complete.
pub(crate) fn remember(folder: &Path, search: SearchWith) -> io::Result<()> {
    std::fs::write(folder.join(FILE), written(search))
}

fn written(search: SearchWith) -> String {
    match search {
        SearchWith::CloudSearch => CLOUDSEARCH.to_owned(),
        SearchWith::Template => format!("{EMBEDDED} {}", mixtape_index::embedded::FORMAT),
    }
}
