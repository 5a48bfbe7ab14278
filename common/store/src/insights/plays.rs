//! How often each thing of the catalogue was heard and by how many, for whoever looks at that thing alone; and what
//! things are called.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use mixtape_domain::insights::{Key, Kind, Period};
use mixtape_domain::listen::Label;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ledger::{Entry, Head, Ledger, is_condition};
use super::{Insights, thing_key};
use crate::StoreError;
use crate::table::{self, Item, number};

const PLAYS: &str = "PLAYS#";
const LABEL: &str = "LABEL#";
/// Items that are changed at once.
const AT_ONCE: usize = 16;
const ATTEMPTS: u32 = 8;

/// How often something was heard, ever, by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plays {
    #[serde(default)]
    pub plays: i64,
    /// Accounts that have heard it.
    #[serde(default)]
    pub listeners: i64,
}

impl Insights {
    /// How often a thing of the catalogue was heard: one GetItem. A few seconds behind.
    ///
    /// # Errors
    /// The table is away.
    pub async fn plays(&self, kind: Kind, key: &Key) -> Result<Plays, StoreError> {
        Ok(self.table.get(thing_key(PLAYS, kind, key)).await?.unwrap_or_default())
    }

    /// As [`Insights::plays`] of many: one BatchGetItem per 100. Those that were never heard are missing.
    ///
    /// # Errors
    /// The table is away.
    pub async fn plays_of(&self, kind: Kind, keys: &[Key]) -> Result<HashMap<Key, Plays>, StoreError> {
        self.read_things(PLAYS, kind, keys).await
    }

    /// What these things are called: one BatchGetItem per 100. Those that were never heard are missing.
    ///
    /// # Errors
    /// The table is away.
    pub async fn labels(&self, kind: Kind, keys: &[Key]) -> Result<HashMap<Key, Label>, StoreError> {
        self.read_things(LABEL, kind, keys).await
    }

    async fn read_things<T: DeserializeOwned>(
        &self,
        prefix: &str,
        kind: Kind,
        keys: &[Key],
    ) -> Result<HashMap<Key, T>, StoreError> {
        let items = keys.iter().map(|key| (&self.table, thing_key(prefix, kind, key))).collect();
        let mut found: HashMap<String, T> = HashMap::new();
        for (_, item) in table::batch_get(self.table.client(), items).await? {
            found.insert(name_of(&item), table::from_item(item)?);
        }
        let thing = |key: &Key| Some((*key, found.remove(&name_of(&thing_key(prefix, kind, key)))?));
        Ok(keys.iter().filter_map(thing).collect())
    }

    /// Notes what things are called that have no name yet: one BatchGetItem per 100, and one BatchWriteItem per 25 new
    /// ones.
    pub(super) async fn name(&self, labels: &BTreeMap<(Kind, Key), Label>) -> Result<(), StoreError> {
        let keys = labels.keys().map(|(kind, key)| (&self.table, thing_key(LABEL, *kind, key)));
        let found = table::batch_get(self.table.client(), keys.collect()).await?;
        let named: HashSet<String> = found.iter().map(|(_, item)| name_of(item)).collect();
        let item = |((kind, key), label): (&(Kind, Key), &Label)| {
            let key = thing_key(LABEL, *kind, key);
            if named.contains(&name_of(&key)) {
                return Ok(None);
            }
            let mut item = table::to_item(label)?;
            item.extend(key);
            Ok::<_, StoreError>(Some(item))
        };
        let items: Vec<Option<Item>> = labels.iter().map(item).collect::<Result<_, _>>()?;
        self.table.batch_put(items.into_iter().flatten().collect()).await
    }

    /// Adds the entries after `head.counted` to the plays of what they are about. Each item remembers up to which entry
    /// of each ledger it goes, so that repeating this, or doing it in two places at once, adds nothing twice.
    pub(super) async fn count(&self, share: u8, head: &Head, entries: &[Entry]) -> Result<(), StoreError> {
        let ledger = Ledger::Everybody(share);
        let entries: Vec<&Entry> = entries.iter().filter(|entry| entry.number > head.counted).collect();
        let Some(until) = entries.last().map(|entry| entry.number) else { return Ok(()) };
        if entries.len() as u64 != until - head.counted {
            return Err(StoreError::Corrupt(format!("{} lacks entries before {until}", ledger.pk())));
        }
        let things: Vec<(Kind, Key)> = sums(&entries, head.counted).into_keys().collect();
        let counts = things.iter().map(|thing| self.count_thing(share, *thing, head.counted, &entries));
        stream::iter(counts).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        self.note_counted(ledger, until).await
    }

    async fn count_thing(
        &self,
        share: u8,
        thing: (Kind, Key),
        mut from: u64,
        entries: &[&Entry],
    ) -> Result<(), StoreError> {
        let until = entries.last().map_or(from, |entry| entry.number);
        let through = format!("through_{share}");
        for attempt in 1..=ATTEMPTS {
            let Some(sum) = sums(entries, from).remove(&thing) else { return Ok(()) };
            if self.add_plays(thing, sum, (&through, from, until)).await? {
                return Ok(());
            }
            // Somebody has been here with some of these entries, or all.
            let key = (&self.table, thing_key(PLAYS, thing.0, &thing.1));
            let found = table::batch_get(self.table.client(), vec![key]).await?;
            let number = found.first().and_then(|(_, item)| item.get(&through)?.as_n().ok()?.parse().ok());
            from = number.unwrap_or(from);
            if from >= until {
                return Ok(());
            }
            table::pause(attempt).await;
        }
        Err(StoreError::Contended("the plays of something kept changing".into()))
    }

    async fn add_plays(
        &self,
        (kind, key): (Kind, Key),
        sum: Plays,
        (through, from, until): (&str, u64, u64),
    ) -> Result<bool, StoreError> {
        let request = self
            .table
            .client()
            .update_item()
            .table_name(self.table.name())
            .set_key(Some(thing_key(PLAYS, kind, &key)))
            .update_expression("SET #through = :until ADD #plays :plays, #listeners :listeners")
            .condition_expression("attribute_not_exists(#through) OR #through <= :from")
            .expression_attribute_names("#through", through)
            .expression_attribute_names("#plays", "plays")
            .expression_attribute_names("#listeners", "listeners")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":from", number(from))
            .expression_attribute_values(":plays", number(sum.plays))
            .expression_attribute_values(":listeners", number(sum.listeners));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition(&error) => Ok(false),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }
}

/// What the entries after `from` add to the plays of each thing.
fn sums(entries: &[&Entry], from: u64) -> BTreeMap<(Kind, Key), Plays> {
    let mut sums: BTreeMap<(Kind, Key), Plays> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.number > from) {
        let rows = entry.change.within(Period::ALL);
        for kind in [Kind::Track, Kind::Artist, Kind::Album] {
            for row in rows.of(kind) {
                sums.entry((kind, row.key)).or_default().plays += row.count.listens;
            }
            for row in entry.change.reach().of(kind) {
                sums.entry((kind, row.key)).or_default().listeners += row.count.listens;
            }
        }
    }
    sums
}

fn name_of(item: &Item) -> String {
    item.get("pk").and_then(|pk: &AttributeValue| pk.as_s().ok()).cloned().unwrap_or_default()
}
