//! What Mixtape is about, without how it is stored or asked for: entities, ids, validation, ranking, sampling.
//!
//! Nothing here is async, reads a clock or a random source on its own, or knows AWS or HTTP.

pub mod account;
mod clock;
pub mod home;
mod id;
pub mod insights;
pub mod listen;
pub mod media;
pub mod name;
pub mod patch;
pub mod playlist;
pub mod sample;
pub mod text;
pub mod track;
mod validate;

pub use clock::{Clock, Timestamp};
pub use id::{
    AccountId, AlbumId, ArtistId, AudioId, GenreId, Id, ImageId, ItemId, KeyId, ListenId, NameId,
    ParseIdError, PlaylistId, SessionId, SongId, TrackId, UploadId,
};
pub use validate::{Invalid, Validator};
