//! Everything that an account owns, in pages: an answer of a Lambda function holds at most 6 MB.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::account::{Account, ApiKey, SessionInfo};
use mixtape_domain::listen::Listen;
use mixtape_domain::playlist::{Playlist, PlaylistItem, Viewer};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, ListenId, PlaylistId, Timestamp, TrackId};
use mixtape_http::{Identity, Page, Paging, Problem};
use mixtape_store::Store;
use mixtape_store::playlists::PlaylistError;
use serde::{Deserialize, Serialize};

use crate::me::account_gone;
use crate::state::State;

/// The list that a cursor belongs to.
const LIST: &str = "export";
/// How many things are read at once.
const STRIDE: usize = 100;
/// How many listens are read at once: they are small, and there are many.
const LISTENS: usize = 1000;
/// A page ends after this many bytes of JSON; what is read at once comes on top.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// A page ends after this many reads of the stores, so that it is answered in good time.
const PAGE_READS: usize = 50;

/// A part of what an account owns. Parts that are put together are everything.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Export {
    account: Account,
    keys: Vec<ApiKey>,
    sessions: Vec<SessionInfo>,
    tracks: Vec<Track>,
    playlists: Vec<ExportedPlaylist>,
    /// The playlists of others on which the account collaborates.
    #[schema(value_type = Vec<String>)]
    shared_playlist_ids: Vec<PlaylistId>,
    /// What the account has heard, newest first.
    listens: Vec<ExportedListen>,
    /// Send it as `cursor` for the next part; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A listen, as it was called when it was sent.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ExportedListen {
    #[schema(value_type = String)]
    id: ListenId,
    #[schema(value_type = String, format = DateTime)]
    listened_at: Timestamp,
    /// Null for what the catalogue had not.
    #[schema(required = true, value_type = Option<String>)]
    track_id: Option<TrackId>,
    title: String,
    artist: String,
    #[schema(required = true)]
    album: Option<String>,
    #[schema(required = true)]
    duration_ms: Option<u64>,
    #[schema(required = true)]
    played_ms: Option<u64>,
    #[schema(required = true)]
    client: Option<String>,
}

impl From<Listen> for ExportedListen {
    fn from(listen: Listen) -> Self {
        Self {
            id: listen.id,
            listened_at: listen.listened_at(),
            track_id: listen.track_id,
            title: listen.title,
            artist: listen.artist,
            album: listen.album,
            duration_ms: listen.duration_ms,
            played_ms: listen.played_ms,
            client: listen.client,
        }
    }
}

/// A playlist with some of its items.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ExportedPlaylist {
    #[serde(flatten)]
    playlist: Playlist,
    items: Vec<PlaylistItem>,
    /// True when the items follow those of the part before. False begins the playlist: also once more, when it was
    /// replaced while it was exported.
    is_continued: bool,
}

/// What the parameters are; a part has no `limit`.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// `next_cursor` of the part before.
    #[expect(dead_code, reason = "read by `Paging`; this describes it")]
    cursor: Option<String>,
}

/// Where a part starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Place {
    /// In the account's own partition.
    Account(Option<String>),
    Tracks(Option<String>),
    Playlists(Option<String>),
    /// Within the items of the playlist that comes after `list`.
    Items {
        list: Option<String>,
        playlist: PlaylistId,
        items: String,
    },
    Listens(Option<String>),
}

/// Export everything
///
/// The account, its keys and sessions without their secrets, its tracks, its playlists with their items, the ids of
/// the playlists that it shares, and its listens. What is large comes in parts; `next_cursor` is null on the last one.
#[utoipa::path(
    get, path = "/v1/me/export", tag = "accounts", security(("bearer" = [])), params(ExportParams),
    responses((status = 200, description = "A part of what the account owns", body = Export))
)]
pub(crate) async fn export(
    AxumState(state): AxumState<State>,
    identity: Identity,
    paging: Paging,
) -> Result<JsonBody<Export>, Problem> {
    let store = &state.app.store;
    let wrong = |_| Problem::invalid_field("cursor", "must be the next_cursor of an export");
    let start = match paging.after(LIST)? {
        Some(text) => serde_json::from_str(&text).map_err(wrong)?,
        None => Place::Account(None),
    };
    let account = store.accounts.account(identity.account_id).await?.ok_or_else(account_gone)?;
    let mut part = Part::new(account);
    let mut place = Some(start);
    while let Some(here) = place.take_if(|_| !part.is_full()) {
        place = part.extend(store, here).await?;
    }
    let position = place.map(|place| serde_json::to_string(&place)).transpose();
    let position = position.map_err(|error| Problem::internal(error.to_string()))?;
    let next_cursor = Page::<()>::new(Vec::new(), position.as_deref(), LIST).next_cursor;
    Ok(JsonBody(Export { next_cursor, ..part.export }))
}

/// A part that grows until it is full.
struct Part {
    export: Export,
    bytes: usize,
    reads: usize,
}

impl Part {
    fn new(account: Account) -> Self {
        let export = Export {
            account,
            keys: Vec::new(),
            sessions: Vec::new(),
            tracks: Vec::new(),
            playlists: Vec::new(),
            shared_playlist_ids: Vec::new(),
            listens: Vec::new(),
            next_cursor: None,
        };
        Self { export, bytes: 0, reads: 0 }
    }

    fn is_full(&self) -> bool {
        self.bytes >= PAGE_BYTES || self.reads >= PAGE_READS
    }

    /// Adds what is at this place; answers the place after it.
    async fn extend(&mut self, store: &Store, place: Place) -> Result<Option<Place>, Problem> {
        self.reads += 1;
        let account_id = self.export.account.id;
        match place {
            Place::Account(after) => {
                let held = store.accounts.held(account_id, after.as_deref(), STRIDE).await?;
                self.export.keys.extend(held.keys);
                self.export.sessions.extend(held.sessions);
                Ok(Some(held.next.map_or(Place::Tracks(None), |next| Place::Account(Some(next)))))
            }
            Place::Tracks(after) => {
                let page = store.tracks.list_owned(account_id, STRIDE, after.as_deref()).await?;
                self.weigh(&page.items)?;
                self.export.tracks.extend(page.items);
                Ok(Some(page.next.map_or(Place::Playlists(None), |next| Place::Tracks(Some(next)))))
            }
            Place::Playlists(after) => self.extend_playlist(store, account_id, after, None).await,
            Place::Items { list, playlist, items } => {
                self.extend_playlist(store, account_id, list, Some((playlist, items))).await
            }
            Place::Listens(after) => {
                let page = store.listens.page(account_id, (None, None), LISTENS, after.as_deref()).await?;
                let listens: Vec<ExportedListen> = page.items.into_iter().map(Into::into).collect();
                self.weigh(&listens)?;
                self.export.listens.extend(listens);
                Ok(page.next.map(|next| Place::Listens(Some(next))))
            }
        }
    }

    /// Adds items of the playlist that comes after `list`: the first ones, or those after `within`.
    async fn extend_playlist(
        &mut self,
        store: &Store,
        account_id: AccountId,
        list: Option<String>,
        within: Option<(PlaylistId, String)>,
    ) -> Result<Option<Place>, Problem> {
        let mut page = store.playlists.list_for(account_id, 1, list.as_deref()).await?;
        let after_it = page.next.map_or(Place::Listens(None), |next| Place::Playlists(Some(next)));
        let Some(playlist) = page.items.pop() else { return Ok(Some(after_it)) };
        if playlist.owner.id != account_id {
            self.export.shared_playlist_ids.push(playlist.id);
            return Ok(Some(after_it));
        }
        // Another one may be here, when the one that was being read is gone.
        let after = within.filter(|(id, _)| *id == playlist.id).map(|(_, items)| items);
        let viewer = Some(Viewer { account_id, is_admin: false });
        let read = store.playlists.items(playlist.id, viewer, STRIDE, after.as_deref()).await;
        let read = match read {
            Ok(read) => read,
            Err(PlaylistError::NotFound) => return Ok(Some(after_it)),
            Err(PlaylistError::Replaced | PlaylistError::Invalid(_)) => {
                return Ok(Some(Place::Playlists(list)));
            }
            Err(PlaylistError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Problem::internal(format!("export of a playlist: {error}"))),
        };
        self.weigh(&read.items)?;
        let exported =
            ExportedPlaylist { playlist: read.playlist, items: read.items, is_continued: after.is_some() };
        let id = exported.playlist.id;
        self.add_items(exported);
        Ok(Some(match read.next {
            Some(items) => Place::Items { list, playlist: id, items },
            None => after_it,
        }))
    }

    /// Adds to the piece of the same playlist that this part holds already, where there is one.
    fn add_items(&mut self, mut exported: ExportedPlaylist) {
        match self.export.playlists.last_mut() {
            Some(last) if last.playlist.id == exported.playlist.id => {
                if exported.is_continued {
                    last.items.append(&mut exported.items);
                    last.playlist = exported.playlist;
                } else {
                    *last = exported;
                }
            }
            _ => self.export.playlists.push(exported),
        }
    }

    fn weigh(&mut self, added: &impl Serialize) -> Result<(), Problem> {
        let bytes = serde_json::to_vec(added).map_err(|error| Problem::internal(error.to_string()))?;
        self.bytes += bytes.len();
        Ok(())
    }
}
