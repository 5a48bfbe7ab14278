//! The table `listens`: what accounts have heard, and what they are hearing.
//!
//! | item | pk | sk | indexes |
//! | --- | --- | --- | --- |
//! | listen | `ACCOUNT#` id | `LISTEN#` age `#` listen id | `outside` under the song's id, while it has no track |
//! | what is playing (removes itself) | `ACCOUNT#` id | `NOW` | |
//!
//! "Age" is the time before the year 2286: ascending order is newest first. A listen's id is made of its second and of
//! what was heard, so sending it again writes the same item.

use std::collections::HashSet;
use std::time::Duration;

use mixtape_domain::insights::Quarter;
use mixtape_domain::listen::Listen;
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, ListenId, SongId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::table::{self, Item, Range, Slice, Table, number, string};
use crate::{Listed, StoreError};

const LISTEN: &str = "LISTEN#";
const NOW: &str = "NOW";
/// Items of an account that are deleted at once.
const PAGE: usize = 500;

/// The table `listens`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Listens {
    table: Table,
}

/// What an account is hearing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowPlaying {
    pub listen: Listen,
    pub expires_at: Timestamp,
}

/// A listen to something that the catalogue had not when it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    pub account_id: AccountId,
    pub id: ListenId,
}

fn pk(account: AccountId) -> String {
    format!("ACCOUNT#{account}")
}

fn sort_key(id: ListenId) -> String {
    format!("{LISTEN}{}#{id}", table::age(id.listened_at()))
}

fn key(account: AccountId, id: ListenId) -> Item {
    table::key(pk(account), sort_key(id))
}

/// The listen that a key of this table names, and whose it is.
pub fn listen_of_key(pk: &str, sk: &str) -> Option<(AccountId, ListenId)> {
    let account = pk.strip_prefix("ACCOUNT#")?.parse().ok()?;
    let (_, id) = sk.strip_prefix(LISTEN)?.split_once('#')?;
    Some((account, id.parse().ok()?))
}

fn item(account: AccountId, listen: &Listen) -> Result<Item, StoreError> {
    let mut item = table::to_item(listen)?;
    item.extend(key(account, listen.id));
    if listen.track_id.is_none() {
        item.insert("outside_pk".to_owned(), string(listen.song().to_string()));
        item.insert("outside_sk".to_owned(), string(format!("{account}#{}", listen.id)));
    }
    Ok(item)
}

impl Listens {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }

    /// Those of these ids that the account's history holds: one BatchGetItem per 100.
    ///
    /// # Errors
    /// The table is away.
    pub async fn known(&self, account: AccountId, ids: &[ListenId]) -> Result<HashSet<ListenId>, StoreError> {
        let keys = ids.iter().map(|id| (&self.table, key(account, *id))).collect();
        let found = table::batch_get(self.table.client(), keys).await?;
        let ids = found.into_iter().map(|(_, item)| table::from_item::<Listen>(item).map(|listen| listen.id));
        ids.collect()
    }

    /// Keeps listens, whose ids must be distinct: one BatchWriteItem per 25. They are kept one by one, and keeping them
    /// again changes nothing.
    ///
    /// # Errors
    /// The table is away; some may have been kept.
    pub async fn keep(&self, account: AccountId, listens: &[Listen]) -> Result<(), StoreError> {
        let items = listens.iter().map(|listen| item(account, listen)).collect::<Result<_, _>>()?;
        self.table.batch_put(items).await
    }

    /// A page of the history from `from` (included) until `to` (not included), newest first: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn page(
        &self,
        account: AccountId,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Listen>, StoreError> {
        let at = |at: Timestamp| format!("{LISTEN}{}#", table::age(at));
        let oldest = from.map_or(format!("{LISTEN}\u{10FFFF}"), |from| format!("{}\u{10FFFF}", at(from)));
        let newest = to.map_or(LISTEN.to_owned(), |to| format!("{}\u{10FFFF}", at(to)));
        let range = Range::table(pk(account), LISTEN).between(&newest, &oldest).after(after);
        let (items, next) = self.table.query(&range, limit, true).await?.read()?;
        Ok(Listed { items, next })
    }

    /// The first `limit` listens of these quarters and all between them, oldest first, and whether these are all: one
    /// Query.
    ///
    /// # Errors
    /// The table is away.
    pub(crate) async fn between(
        &self,
        account: AccountId,
        (first, last): (Quarter, Quarter),
        limit: usize,
    ) -> Result<(Vec<Listen>, bool), StoreError> {
        let at = |seconds: i64| {
            let at = Timestamp::from_millis(seconds * 1000).unwrap_or(Timestamp::EPOCH);
            format!("{LISTEN}{}#", table::age(at))
        };
        let (newest, oldest) = (at(last.last_second()), at(first.first_second()));
        let range = Range::table(pk(account), LISTEN).between(&newest, &format!("{oldest}\u{10FFFF}"));
        let (listens, next) = self.table.query(&range, limit, false).await?.read()?;
        Ok((listens, next.is_none()))
    }

    /// One listen: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn get(&self, account: AccountId, id: ListenId) -> Result<Option<Listen>, StoreError> {
        self.table.get(key(account, id)).await
    }

    /// Deletes a listen; answers whether there was one: one DeleteItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn delete(&self, account: AccountId, id: ListenId) -> Result<bool, StoreError> {
        self.table.delete_item(key(account, id)).await
    }

    /// Listens to a song that have no track: one Query. The index can be behind the table.
    ///
    /// # Errors
    /// The table is away.
    pub async fn outside(
        &self,
        song: &SongId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Listed<Outside>, StoreError> {
        let range = Range::index("outside", song.to_string(), "").after(after);
        let Slice { items, next } = self.table.query(&range, limit, true).await?;
        let outside = |item: &Item| {
            let (account_id, id) = listen_of_key(item.get("pk")?.as_s().ok()?, item.get("sk")?.as_s().ok()?)?;
            Some(Outside { account_id, id })
        };
        Ok(Listed { items: items.iter().filter_map(outside).collect(), next })
    }

    /// Makes a listen that has no track one to this track: one GetItem and one PutItem. Does nothing when it has one,
    /// or is gone.
    ///
    /// # Errors
    /// The table is away.
    pub async fn join(&self, outside: &Outside, track: &Track) -> Result<(), StoreError> {
        let Some(listen) = self.get(outside.account_id, outside.id).await? else { return Ok(()) };
        if listen.track_id.is_some() {
            return Ok(());
        }
        let item = item(outside.account_id, &listen.joined(track))?;
        // Whoever was faster has deleted it or joined it to a track of the same name.
        let is_as_read = "attribute_exists(pk) AND attribute_not_exists(track_id)";
        self.table.put_item_if(item, is_as_read).await.map(|_| ())
    }

    /// Notes what an account is hearing, for so long: one PutItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn play(
        &self,
        account: AccountId,
        listen: &Listen,
        for_so_long: Duration,
        now: Timestamp,
    ) -> Result<NowPlaying, StoreError> {
        let playing = NowPlaying { listen: listen.clone(), expires_at: now.plus(for_so_long) };
        let mut item = table::to_item(&playing)?;
        item.extend(table::key(pk(account), NOW));
        item.insert("expires".to_owned(), number(playing.expires_at.seconds()));
        self.table.put_item(item).await?;
        Ok(playing)
    }

    /// What an account is hearing at `now`: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn playing(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<NowPlaying>, StoreError> {
        let playing: Option<NowPlaying> = self.table.get(table::key(pk(account), NOW)).await?;
        // It is removed some time after it has expired.
        Ok(playing.filter(|playing| playing.expires_at > now))
    }

    /// Deletes some of what a removed account has heard, and what it is hearing; answers whether there is more.
    ///
    /// # Errors
    /// The table is away; running it again deletes the rest.
    pub async fn delete_some(&self, account: AccountId) -> Result<bool, StoreError> {
        let slice = self.table.query(&Range::table(pk(account), ""), PAGE, true).await?;
        self.table.batch_delete(slice.items.iter().filter_map(table::primary_key).collect()).await?;
        Ok(slice.next.is_some())
    }
}
