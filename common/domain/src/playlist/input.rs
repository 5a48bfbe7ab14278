//! What callers send about playlists, and when it is good.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{MAX_EDIT, Visibility};
use crate::patch::Patch;
use crate::{Invalid, TrackId, Validator};

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 2000;

/// A playlist to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Rainy Sunday", "visibility": "unlisted" }))]
pub struct PlaylistDraft {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    #[serde(default)]
    #[schema(default = "private")]
    pub visibility: Visibility,
    /// The tracks of its first items, up to 10,000.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 10_000)]
    pub track_ids: Vec<TrackId>,
}

/// A checked [`PlaylistDraft`] without its tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlaylist {
    pub name: String,
    pub description: Option<String>,
    pub visibility: Visibility,
}

impl PlaylistDraft {
    /// Checks the fields.
    ///
    /// # Errors
    /// Every field that is not good.
    pub fn check(self) -> Result<(NewPlaylist, Vec<TrackId>), Vec<Invalid>> {
        let mut validator = Validator::default();
        let name = validator.line("name", &self.name, MAX_NAME);
        let description = self.description.and_then(|text| description(&mut validator, &text));
        check_total(&mut validator, self.track_ids.len());
        let playlist = NewPlaylist { name, description, visibility: self.visibility };
        validator.finish((playlist, self.track_ids))
    }
}

/// A merge patch of a playlist.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Rainy Monday", "description": null }))]
pub struct PlaylistPatch {
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false)]
    pub name: Patch<String>,
    /// Null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000, required = false)]
    pub description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Visibility, required = false)]
    pub visibility: Patch<Visibility>,
}

/// A checked [`PlaylistPatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaylistChange {
    pub name: Option<String>,
    /// `Some(None)` clears it.
    pub description: Option<Option<String>>,
    pub visibility: Option<Visibility>,
}

impl PlaylistPatch {
    /// Checks the fields.
    ///
    /// # Errors
    /// Every field that is not good.
    pub fn check(self) -> Result<PlaylistChange, Vec<Invalid>> {
        let mut validator = Validator::default();
        let name = match self.name {
            Patch::Keep => None,
            Patch::Clear => {
                validator.check(false, "name", "must not be null");
                None
            }
            Patch::Set(name) => Some(validator.line("name", &name, MAX_NAME)),
        };
        let description = match self.description {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(text) => Some(description(&mut validator, &text)),
        };
        let visibility = match self.visibility {
            Patch::Keep => None,
            Patch::Clear => {
                validator.check(false, "visibility", "must not be null");
                None
            }
            Patch::Set(visibility) => Some(visibility),
        };
        validator.finish(PlaylistChange { name, description, visibility })
    }
}

/// An empty description is none.
fn description(validator: &mut Validator, text: &str) -> Option<String> {
    Some(validator.text("description", text, MAX_DESCRIPTION)).filter(|text| !text.is_empty())
}

fn check_total(validator: &mut Validator, length: usize) {
    let max = super::MAX_ITEMS;
    validator.check(length <= max, "track_ids", format!("must hold at most {max} ids"));
}

/// Checks how many items one edit names.
///
/// # Errors
/// There are none, or more than [`MAX_EDIT`].
pub fn check_edit_size(field: &str, length: usize) -> Result<(), Vec<Invalid>> {
    let mut validator = Validator::default();
    let is_good = (1..=MAX_EDIT).contains(&length);
    validator.check(is_good, field, format!("must hold 1 to {MAX_EDIT} ids"));
    validator.finish(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, description: Option<&str>) -> PlaylistDraft {
        PlaylistDraft {
            name: name.into(),
            description: description.map(Into::into),
            visibility: Visibility::Private,
            track_ids: Vec::new(),
        }
    }

    #[test]
    fn names_and_descriptions_are_trimmed_and_bounded() {
        let (playlist, _) = draft("  Rainy Sunday ", Some("  ")).check().unwrap();
        assert_eq!((playlist.name.as_str(), playlist.description), ("Rainy Sunday", None));
        for (name, description, field) in [
            ("", None, "name"),
            (" \t ", None, "name"),
            (&"é".repeat(201), None, "name"),
            ("a\nb", None, "name"),
            ("a", Some("x".repeat(2001)), "description"),
            ("a", Some("\u{0}".into()), "description"),
        ] {
            let errors = draft(name, description.as_deref()).check().unwrap_err();
            assert_eq!(errors[0].field, field, "{name:?}");
        }
        assert!(draft(&"é".repeat(200), Some(&"x".repeat(2000))).check().is_ok());
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let patch = PlaylistPatch { description: Patch::Clear, ..PlaylistPatch::default() };
        let change = patch.check().unwrap();
        assert_eq!(change, PlaylistChange { name: None, description: Some(None), visibility: None });
        let patch =
            PlaylistPatch { name: Patch::Clear, visibility: Patch::Clear, ..PlaylistPatch::default() };
        let fields: Vec<_> = patch.check().unwrap_err().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["name", "visibility"]);
    }
}
