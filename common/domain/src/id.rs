//! Ids as types, so that a playlist's id cannot be passed where a track's is wanted.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::Timestamp;
use crate::name;

/// The id of something that was made: a [ULID](https://github.com/ulid/spec), 26 characters.
pub struct Id<Kind>(Ulid, PhantomData<fn() -> Kind>);

#[derive(Debug)]
pub enum AccountKind {}
#[derive(Debug)]
pub enum TrackKind {}
#[derive(Debug)]
pub enum PlaylistKind {}
#[derive(Debug)]
pub enum ItemKind {}
#[derive(Debug)]
pub enum KeyKind {}
#[derive(Debug)]
pub enum SessionKind {}
#[derive(Debug)]
pub enum UploadKind {}
#[derive(Debug)]
pub enum AudioKind {}
#[derive(Debug)]
pub enum ImageKind {}
#[derive(Debug)]
pub enum ListenKind {}

pub type AccountId = Id<AccountKind>;
pub type TrackId = Id<TrackKind>;
pub type PlaylistId = Id<PlaylistKind>;
/// The id of an entry of a playlist; it stays the same when the entry moves.
pub type ItemId = Id<ItemKind>;
/// The id of an API key.
pub type KeyId = Id<KeyKind>;
/// The id of a session, which is also the family of its refresh tokens.
pub type SessionId = Id<SessionKind>;
pub type UploadId = Id<UploadKind>;
/// The id of the sound of a track; other sound has another one.
pub type AudioId = Id<AudioKind>;
/// The id of a picture, which never changes its content.
pub type ImageId = Id<ImageKind>;
/// The id of a listen: its second and what was heard, so that the same listen always has the same one.
pub type ListenId = Id<ListenKind>;

/// The text is not an id of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct ParseIdError;

impl<Kind> Id<Kind> {
    /// A new id made at `now`. Ids made later sort after ids made in an earlier millisecond.
    pub fn new(now: Timestamp) -> Self {
        let random = u128::from_be_bytes(rand::random());
        Self(Ulid::from_parts(now.millis().max(0).unsigned_abs(), random), PhantomData)
    }

    /// The id that always belongs to these parts: the same parts give the same id, other parts another one.
    pub fn from_parts(parts: &[&str]) -> Self {
        Self(Ulid(u128::from_be_bytes(digest(parts))), PhantomData)
    }

    /// The id of these 16 bytes; every value is one.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes), PhantomData)
    }

    /// The 16 bytes of the id.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }
}

impl ListenId {
    /// The id of having heard this, by the 16 bytes of its id, at this moment; a fraction of a second does not matter.
    pub fn of(listened_at: Timestamp, heard: [u8; 16]) -> Self {
        let millis = u64::try_from(listened_at.seconds() * 1000).unwrap_or_default();
        // The last 80 bits: the first 48 of a ULID are a time.
        Self(Ulid::from_parts(millis, u128::from_be_bytes(heard)), PhantomData)
    }

    /// The second at which the listen began.
    pub fn listened_at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.timestamp_ms()).unwrap_or_default())
            .unwrap_or(Timestamp::EPOCH)
    }
}

/// The first 128 bits of the SHA-256 of the parts, each preceded by its length so that parts cannot run together.
fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    bytes
}

impl<Kind> FromStr for Id<Kind> {
    type Err = ParseIdError;

    /// Reads the canonical form only (26 upper-case characters), so that one thing has one id.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let ulid = Ulid::from_string(text).map_err(|_| ParseIdError)?;
        if ulid.to_string() == text { Ok(Self(ulid, PhantomData)) } else { Err(ParseIdError) }
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The id of something that is known by its name: a hash of the normalised name, 26 characters.
pub struct NameId<Kind>(String, PhantomData<fn() -> Kind>);

#[derive(Debug)]
pub enum ArtistKind {}
#[derive(Debug)]
pub enum AlbumKind {}

#[derive(Debug)]
pub enum SongKind {}
#[derive(Debug)]
pub enum GenreKind {}

pub type ArtistId = NameId<ArtistKind>;
pub type AlbumId = NameId<AlbumKind>;
/// The id of a title by an artist, whether the catalogue has such a track, several or none.
pub type SongId = NameId<SongKind>;
pub type GenreId = NameId<GenreKind>;

impl ArtistId {
    /// The id of the artist of this name; case, white space and Unicode form do not matter.
    pub fn of(artist: &str) -> Self {
        Self::from_names(&["artist", &name::canonical(artist)])
    }
}

impl AlbumId {
    /// The id of the album of this title by this album artist.
    pub fn of(album_artist: &str, title: &str) -> Self {
        Self::from_names(&["album", &name::canonical(album_artist), &name::canonical(title)])
    }
}

impl SongId {
    /// The id of this title by this artist, in any spelling that is the same name.
    pub fn of(artist: &ArtistId, title: &str) -> Self {
        Self::from_names(&["song", artist.as_str(), &name::canonical(title)])
    }
}

impl GenreId {
    /// The id of the genre of this name.
    pub fn of(genre: &str) -> Self {
        Self::from_names(&["genre", &name::canonical(genre)])
    }
}

impl<Kind> NameId<Kind> {
    fn from_names(names: &[&str]) -> Self {
        Self::from_bytes(digest(names))
    }

    /// The id of these 16 bytes; every value is one.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes).to_string().to_lowercase(), PhantomData)
    }

    /// The 16 bytes of the id.
    pub fn to_bytes(&self) -> [u8; 16] {
        // The text is always that of a ULID.
        Ulid::from_string(&self.0).map(|ulid| ulid.to_bytes()).unwrap_or_default()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<Kind> FromStr for NameId<Kind> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let ulid = Ulid::from_string(text).map_err(|_| ParseIdError)?;
        let canonical = ulid.to_string().to_lowercase();
        if canonical == text { Ok(Self(canonical, PhantomData)) } else { Err(ParseIdError) }
    }
}

impl<Kind> fmt::Display for NameId<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<Kind> fmt::Debug for NameId<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<Kind> Clone for NameId<Kind> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<Kind> PartialEq for NameId<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for NameId<Kind> {}

impl<Kind> PartialOrd for NameId<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for NameId<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> Hash for NameId<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> Serialize for NameId<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, Kind> Deserialize<'de> for NameId<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_of_an_id_is_read() {
        let id = TrackId::new(Timestamp::from_millis(1_795_253_400_120).unwrap());
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            "01",
            &id.to_string().to_lowercase(),
            &format!("{id} "),
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "../../etc",
        ] {
            assert_eq!(text.parse::<TrackId>(), Err(ParseIdError), "{text:?}");
        }
    }

    #[test]
    fn a_listen_has_one_id_for_each_second_and_song() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let song = |artist: &str, title: &str| SongId::of(&ArtistId::of(artist), title).to_bytes();
        let id = ListenId::of(at("2026-11-21T09:30:00.120Z"), song("Björk", "Jóga"));
        assert_eq!(id, ListenId::of(at("2026-11-21T09:30:00.999Z"), song("BJÖRK", " jóga")));
        assert_eq!(id.listened_at(), at("2026-11-21T09:30:00.000Z"));
        assert_ne!(id, ListenId::of(at("2026-11-21T09:30:01.000Z"), song("Björk", "Jóga")));
        assert_ne!(id, ListenId::of(at("2026-11-21T09:30:00.000Z"), song("Björk", "Joga")));
    }

    #[test]
    fn an_artist_has_one_id_however_the_name_is_written() {
        let id = ArtistId::of("Björk");
        for name in ["BJÖRK", " björk ", "Bjo\u{308}rk"] {
            assert_eq!(ArtistId::of(name), id, "{name:?}");
        }
        assert_ne!(ArtistId::of("Bjork"), id);
        assert_ne!(AlbumId::of("Björk", "Post").as_str(), id.as_str());
        assert_ne!(AlbumId::of("a b", "c"), AlbumId::of("a", "b c"));
    }
}
