//! What came of a demo, and how that is told.

use std::fmt;
use std::time::Duration;

use mixtape_domain::Timestamp;

use super::send::Counts;
use super::sitting::Listen;
use super::taste::Catalogue;

/// What came of a demo.
#[derive(Debug)]
pub(crate) struct DemoOutcome {
    pub(crate) accounts: Vec<AccountOutcome>,
    /// The listens that were asked for.
    pub(crate) asked: usize,
    pub(crate) since: Timestamp,
    /// The beginning of the first day without listens.
    pub(crate) until: Timestamp,
    /// The title and the artist of the track that was heard most, and how often.
    pub(crate) most_played: Option<(String, String, usize)>,
    pub(crate) took: Duration,
}

/// What became of the listens of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountOutcome {
    pub(crate) username: String,
    pub(crate) added: usize,
    pub(crate) known: usize,
    pub(crate) rejected: usize,
}

impl From<(String, Counts)> for AccountOutcome {
    fn from((username, Counts { added, known, rejected }): (String, Counts)) -> Self {
        Self { username, added, known, rejected }
    }
}

/// The track that all accounts together heard most, as its title, its artist and how often.
pub(super) fn most_played(
    catalogue: &Catalogue,
    histories: &[Vec<Listen>],
) -> Option<(String, String, usize)> {
    let mut counts = vec![0; catalogue.tracks.len()];
    for listen in histories.iter().flatten() {
        counts[listen.track] += 1;
    }
    let (count, track) = counts.into_iter().zip(&catalogue.tracks).max_by_key(|(count, _)| *count)?;
    (count > 0).then(|| (track.title.clone(), track.artist.clone(), count))
}

impl fmt::Display for DemoOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |part: fn(&AccountOutcome) -> usize| self.accounts.iter().map(part).sum::<usize>();
        let (added, known, rejected) = (sum(|one| one.added), sum(|one| one.known), sum(|one| one.rejected));
        writeln!(
            f,
            "Listened in {:.1} s: {added} added, {known} already there, {rejected} rejected.\n",
            self.took.as_secs_f64()
        )?;
        let widest = self.accounts.iter().map(|account| account.username.len()).max().unwrap_or_default();
        for AccountOutcome { username, added, known, .. } in &self.accounts {
            writeln!(f, "  {username:<widest$} {:>8} listens", added + known)?;
        }
        let last = self.until.minus(Duration::from_millis(1));
        write!(f, "\nThey are from {} to {}.", date(self.since), date(last))?;
        if let Some((title, artist, count)) = &self.most_played {
            let (title, artist) = (one_line(title), one_line(artist));
            write!(f, " Most played: {title} by {artist}, {count} times.")?;
        }
        let made = added + known + rejected;
        if made * 10 < self.asked * 9 {
            write!(f, "\nOf {} only {made} were made: nobody listens to more in these days.", self.asked)?;
        }
        Ok(())
    }
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take_while(|character| *character != 'T').collect()
}

fn one_line(name: &str) -> String {
    name.replace(char::is_control, "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::testing::catalogue;

    fn outcome() -> DemoOutcome {
        let account = |number: usize| AccountOutcome {
            username: format!("demo-{number}"),
            added: 10 * number,
            known: 1,
            rejected: 0,
        };
        DemoOutcome {
            accounts: vec![account(1), account(12)],
            asked: 140,
            since: "2025-11-21T00:00:00.000Z".parse().unwrap(),
            until: "2026-11-21T00:00:00.000Z".parse().unwrap(),
            most_played: Some(("A\nsong".into(), "Ada".into(), 17)),
            took: Duration::from_millis(2340),
        }
    }

    #[test]
    fn a_demo_ends_with_what_was_made() {
        let expected = "\
Listened in 2.3 s: 130 added, 2 already there, 0 rejected.

  demo-1        11 listens
  demo-12      121 listens

They are from 2025-11-21 to 2026-11-20. Most played: A\u{FFFD}song by Ada, 17 times.";
        assert_eq!(outcome().to_string(), expected);
    }

    #[test]
    fn it_says_when_the_days_hold_less_than_was_asked_for() {
        let text = DemoOutcome { asked: 1000, ..outcome() }.to_string();
        assert!(
            text.ends_with("Of 1000 only 132 were made: nobody listens to more in these days."),
            "{text}"
        );
    }

    #[test]
    fn the_track_that_all_heard_most_is_named() {
        let listen = |track| Listen { track, at: 0, played_ms: 0 };
        let histories = [vec![listen(1), listen(2)], vec![listen(2), listen(0)]];
        let expected = Some(("Song 2".to_owned(), "Artist 0".to_owned(), 2));
        assert_eq!(most_played(&catalogue(40), &histories), expected);
        assert_eq!(most_played(&catalogue(40), &[]), None);
    }
}
