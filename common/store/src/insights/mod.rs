//! The table `insights`, and the summaries of it in the bucket: what was heard how often.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | what is counted of a quarter of an hour | `QUARTERS#` account id | `QUARTER#` number |
//! | a ledger's head, with its last changes | `LEDGER#` whose | `HEAD` |
//! | changes before those | `LEDGER#` whose | `ENTRY#` number of the last of them |
//! | how often the catalogue's things were heard | `PLAYS#` kind `#` id | the same |
//! | what things are called | `LABEL#` kind `#` id | the same |
//!
//! **The listens are the truth, and everything here follows from them.** The item of a quarter holds the rows of the
//! listens that were counted. [`Insights::reconcile`] compares it with the rows of the listens that there are, and
//! writes the difference, in one transaction, to that item, to the account's ledger and to one of everybody's ledgers.
//! What was counted before makes no difference, so events may be repeated, late, reordered or handled by several at
//! once.
//!
//! **A ledger is a numbered sequence of changes** without gaps. Adding up those up to a number gives the rows of any
//! period as they were then, so the number is the ledger's version. So that not all have to be added up, older changes
//! are folded into summaries: one object in the bucket for each period, which says up to which change it goes. Whoever
//! reads takes the changes first and the summary then, and adds those that the summary has not: whatever is folded
//! meanwhile is counted once.
//!
//! **Everybody's counts are the sum of several ledgers.** A writer takes any of them, and another one when it meets
//! somebody there; one write holds what a whole batch of listens changes. A track that everybody hears is therefore one
//! row in each batch, and no item of its own is written for each listen.

mod difference;
mod fold;
mod ledger;
mod plays;
mod read;
mod reconcile;
mod summary;

use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use mixtape_domain::AccountId;
use mixtape_domain::insights::{DecodeError, Key, Kind, Quarter};

use crate::listens::Listens;
use crate::table::{self, Item, Table};
use crate::{Objects, StoreError};

pub use ledger::Version;
pub use plays::Plays;
pub use reconcile::{Counted, Touched};

/// The table `insights` and the bucket. Clones share the clients and what was read of everybody's summaries.
#[derive(Debug, Clone)]
pub struct Insights {
    table: Table,
    objects: Objects,
    listens: Listens,
    summaries: summary::Cache,
    /// Which of everybody's ledgers this process writes to, until it meets somebody there.
    share: Arc<AtomicU8>,
}

/// Whose counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Account(AccountId),
    Everybody,
}

impl Insights {
    pub(crate) fn new(table: Table, objects: Objects, listens: Listens) -> Self {
        let share = Arc::new(AtomicU8::new(rand::random_range(0..ledger::SHARES)));
        Self { table, objects, listens, summaries: summary::Cache::default(), share }
    }
}

const QUARTER: &str = "QUARTER#";

fn quarters_pk(account: AccountId) -> String {
    format!("QUARTERS#{account}")
}

fn quarter_sk(quarter: Quarter) -> String {
    format!("{QUARTER}{:010}", quarter.number())
}

fn quarter_key(account: AccountId, quarter: Quarter) -> Item {
    table::key(quarters_pk(account), quarter_sk(quarter))
}

/// The key of an item about one thing.
fn thing_key(prefix: &str, kind: Kind, key: &Key) -> Item {
    let kind = match kind {
        Kind::Artist | Kind::PrimaryArtist => "ARTIST",
        Kind::Album => "ALBUM",
        Kind::Genre => "GENRE",
        Kind::Listener => "LISTENER",
        Kind::Track | Kind::Total | Kind::Day | Kind::Hour | Kind::Weekday => "TRACK",
    };
    let pk = format!("{prefix}{kind}#{:032x}", u128::from_be_bytes(*key));
    table::key(pk.clone(), pk)
}

impl From<DecodeError> for StoreError {
    fn from(error: DecodeError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
