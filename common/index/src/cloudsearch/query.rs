//! A plan in CloudSearch's query languages.
//!
//! What CloudSearch finds is at least what the plan wants and a little more; results are compared with the plan again.
//! Words are letters and digits only (see [`token`]), so nothing in them has a meaning to a parser.

use std::collections::BTreeMap;

use aws_sdk_cloudsearchdomain::types::QueryParser;
use serde_json::json;

use super::fields::{ALBUM, ARTIST, BEGINNINGS, GENRE_WORDS, KIND, TITLE, WHOLE, YEAR};
use super::token::{beginning_token, is_plain, token, whole_token};
use crate::document::Kind;
use crate::plan::{Plan, Slot, Stage, Way};
use crate::ranking::Places;

/// Finds every document, with [`QueryParser::Structured`].
pub(super) const MATCH_ALL: &str = "matchall";
/// Returns ids only.
pub(super) const NO_FIELDS: &str = "_no_fields";

/// Bytes of a query, as an address writes it, up to which more ways of writing its words are added. The SDK searches
/// with GET, and CloudSearch takes addresses of 8190 bytes.
const MAX_ENCODED: usize = 4_500;
/// Words of runs and pieces that all terms and filters together are looked for by. Results are compared with the whole
/// query again, so the first ones will do.
const MAX_PARTS: usize = 48;

/// A query as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compiled {
    pub(super) query: String,
    pub(super) parser: QueryParser,
    /// Where words are looked for, and what each place counts.
    pub(super) options: Option<String>,
    filters: Vec<String>,
    /// Whether words of filters are looked for everywhere, since filters cannot forgive typing errors. Then only what
    /// is compared again counts.
    pub(super) is_loose: bool,
}

impl Compiled {
    pub(super) fn new(plan: &Plan, stage: Stage) -> Self {
        let slots = plan.slots.iter().filter(|slot| !slot.is_joined()).count() + plan.filters.len();
        let parts = (MAX_PARTS / slots.max(1)).max(1);
        let years = plan.years.iter().map(|(from, to)| format!("(range field={YEAR} [{from},{to}])"));
        let mut filters: Vec<String> = years.collect();
        let mut groups = groups(plan, parts);
        // Filters forgive no typing errors. Where all words belong to one filter's field, they are looked for there.
        let only_place = plan.filters.first().map(|slot| slot.places);
        let only_place = only_place
            .filter(|place| groups.is_empty() && plan.filters.iter().all(|slot| slot.places == *place));
        let is_tolerant = stage == Stage::Tolerant && !plan.filters.is_empty();
        let is_loose = is_tolerant && only_place.is_none();
        if is_tolerant {
            groups.extend(plan.filters.iter().map(|slot| Group::of(slot, parts)));
        } else {
            filters.extend(plan.filters.iter().map(|slot| expression(slot, field(slot.places), parts)));
        }
        if groups.is_empty() {
            let query = MATCH_ALL.to_owned();
            return Self { query, parser: QueryParser::Structured, options: None, filters, is_loose };
        }
        let mut query = written(groups);
        if !plan.asked.whole.is_empty() {
            // What has the name that was asked for comes early enough to be compared.
            query = format!("({query}) | {}", whole_token(&plan.asked.whole));
        }
        let mut fields = match only_place {
            Some(Places::GENRE) => vec![(GENRE_WORDS, 1)],
            Some(place) => vec![(field(place), 1), (BEGINNINGS, 1)],
            None => vec![(WHOLE, 20), (TITLE, 3), (ARTIST, 2), (ALBUM, 1), (BEGINNINGS, 1)],
        };
        if is_loose && plan.filters.iter().any(|slot| slot.places.holds(Places::GENRE)) {
            fields.push((GENRE_WORDS, 1));
        }
        let fields: Vec<String> =
            fields.into_iter().map(|(field, weight)| format!("{field}^{weight}")).collect();
        let options = json!({ "fields": fields, "defaultOperator": "and" }).to_string();
        Self { query, parser: QueryParser::Simple, options: Some(options), filters, is_loose }
    }

    /// The filter for results of one kind.
    pub(super) fn filter(&self, kind: Kind) -> String {
        let kind = format!("(term field={KIND} '{}')", kind.as_str());
        if self.filters.is_empty() { kind } else { format!("(and {kind} {})", self.filters.join(" ")) }
    }
}

/// One term of a query: any of these.
struct Group {
    ways: Vec<String>,
    /// Ways that may be left out of a query that gets too long, the likeliest first.
    more: Vec<String>,
}

/// The terms that must match, each also as one word with its neighbour.
fn groups(plan: &Plan, parts: usize) -> Vec<Group> {
    let mut readings = plan.readings.iter();
    let terms: Vec<usize> = readings.next().cloned().unwrap_or_default();
    let mut groups: BTreeMap<usize, Group> =
        terms.iter().map(|term| (*term, Group::of(&plan.slots[*term], parts))).collect();
    for reading in readings {
        let joined = reading.iter().map(|slot| &plan.slots[*slot]).find(|slot| slot.is_joined());
        for term in terms.iter().filter(|term| !reading.contains(term)) {
            match (joined, groups.get_mut(term)) {
                (Some(joined), Some(group)) => drop(group.more.splice(0..0, Group::of(joined, parts).ways)),
                // It can be left out.
                _ => drop(groups.remove(term)),
            }
        }
    }
    groups.into_values().collect()
}

impl Group {
    fn of(slot: &Slot, parts: usize) -> Self {
        let mut group = Self { ways: Vec::new(), more: Vec::new() };
        for way in &slot.ways {
            if let Way::Split(pairs) = way {
                group
                    .more
                    .extend(pairs.iter().map(|(one, other)| format!("({} {})", token(one), token(other))));
                continue;
            }
            group.ways.extend(written_ways(way, parts));
        }
        group
    }
}

/// A way in the parser's language.
fn written_ways(way: &Way, parts: usize) -> Vec<String> {
    match way {
        Way::Accented(word) | Way::Joined(word) => vec![token(word)],
        Way::Word(word) => {
            let mut ways = vec![token(&word.text)];
            if word.tolerance.is_prefix {
                ways.push(format!("{}*", token(&word.text)));
            }
            if word.tolerance.typos > 0 && is_plain(&word.text) {
                ways.push(format!("{}~{}", word.text, word.tolerance.typos));
                let beginning = beginning_token(&word.text, word.tolerance.typos);
                let beginning = beginning.filter(|_| word.tolerance.is_prefix);
                ways.extend(beginning.map(|beginning| format!("{beginning}~{}", word.tolerance.typos)));
            }
            ways
        }
        Way::Run { pairs, .. } => vec![all(pairs.iter().take(parts).map(|pair| token(pair)).collect())],
        Way::All(ways) => {
            // Each piece may be a run of its own.
            vec![all(ways.iter().take(parts).map(|way| any(written_ways(way, 1))).collect())]
        }
        Way::Split(_) => Vec::new(),
    }
}

fn all(parts: Vec<String>) -> String {
    if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(" ")) }
}

fn any(parts: Vec<String>) -> String {
    if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(" | ")) }
}

/// All groups must match.
fn written(groups: Vec<Group>) -> String {
    let mut budget = MAX_ENCODED;
    for group in &groups {
        budget = budget.saturating_sub(group.ways.iter().map(|way| encoded_len(way)).sum());
    }
    let groups = groups.into_iter().map(|group| {
        let mut ways: Vec<String> = Vec::new();
        for way in group.ways {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        for way in group.more {
            let Some(rest) = budget.checked_sub(encoded_len(&way)) else { break };
            budget = rest;
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        format!("({})", ways.join(" | "))
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Bytes of a way in an address, with what separates it from the next.
fn encoded_len(way: &str) -> usize {
    let separator = " | ".len() * 3;
    separator + way.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>()
}

/// The field in which words of these places are.
fn field(places: Places) -> &'static str {
    match places {
        Places::ARTIST => ARTIST,
        Places::ALBUM => ALBUM,
        Places::GENRE => GENRE_WORDS,
        _ => TITLE,
    }
}

/// A slot in the language of filters, which knows no typing errors.
fn expression(slot: &Slot, field: &str, parts: usize) -> String {
    operator("or", slot.ways.iter().filter_map(|way| way_expression(way, field, parts)).collect())
}

fn way_expression(way: &Way, field: &str, parts: usize) -> Option<String> {
    let term = |word: &str| format!("(term field={field} '{}')", token(word));
    Some(match way {
        Way::Accented(word) | Way::Joined(word) => term(word),
        Way::Word(word) if word.tolerance.is_prefix => {
            let prefix = format!("(prefix field={field} '{}')", token(&word.text));
            operator("or", vec![term(&word.text), prefix])
        }
        Way::Word(word) => term(&word.text),
        Way::Run { pairs, .. } => operator("and", pairs.iter().take(parts).map(|pair| term(pair)).collect()),
        Way::All(ways) => {
            let pieces = ways.iter().take(parts).filter_map(|way| way_expression(way, field, 1));
            operator("and", pieces.collect())
        }
        Way::Split(_) => return None,
    })
}

fn operator(name: &str, parts: Vec<String>) -> String {
    if parts.len() == 1 { parts.concat() } else { format!("({name} {})", parts.join(" ")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::Query;

    fn compiled(text: &str, stage: Stage) -> Compiled {
        Compiled::new(&Plan::new(&Query::parse(text).unwrap(), stage), stage)
    }

    #[test]
    fn words_become_groups_of_what_they_may_be() {
        for (text, expected) in [
            ("daft punk", "((daft) (punk | punk*)) | \u{1C1}daftpunk"),
            ("björk", "((björk | bjork | bjork*)) | \u{1C1}bjork"),
            ("ac/dc live", "((acdc | (ac dc)) (live | live*)) | \u{1C1}acdclive"),
            ("\"army of me\"", "((army) (of) (me)) | \u{1C1}armyofme"),
            ("東京", "((\u{1C0}67714eac)) | \u{1C1}67714eac"),
            ("東京事変", "(((\u{1C0}67714eac \u{1C0}4eac4e8b \u{1C0}4e8b5909))) | \u{1C1}67714eac4e8b5909"),
            ("!!!", "((\u{1C0}002100210021)) | \u{1C1}002100210021"),
        ] {
            let query = compiled(text, Stage::Literal).query;
            assert_eq!(query, expected, "{text:?}");
        }
    }

    #[test]
    fn typing_errors_are_forgiven_in_long_words() {
        let query = compiled("bjrok army", Stage::Tolerant).query;
        for way in ["bjrok~1", "army~1", "(bj rok)", "bjrokarmy", "\u{1C2}army~1"] {
            assert!(query.contains(way), "{way} in {query}");
        }
        assert!(compiled("thundrestruck", Stage::Tolerant).query.contains("thundrestruck~2"));
        assert!(!compiled("ab 1999", Stage::Tolerant).query.contains('~'));
    }

    #[test]
    fn filters_are_structured() {
        for (text, expected) in [
            ("love year:1990..1999", "(and (term field=kind 'track') (range field=year [1990,1999]))"),
            (
                "artist:\"daft punk\" around",
                "(and (term field=kind 'track') (term field=artist_words 'daft') (term field=artist_words 'punk'))",
            ),
            (
                "genre:roc",
                "(and (term field=kind 'track') (or (term field=genre_words 'roc') (prefix field=genre_words 'roc')))",
            ),
        ] {
            assert_eq!(compiled(text, Stage::Literal).filter(Kind::Track), expected, "{text:?}");
        }
        let only_filters = compiled("year:1999", Stage::Literal);
        assert_eq!((only_filters.query.as_str(), only_filters.parser), (MATCH_ALL, QueryParser::Structured));
        let loose = compiled("artist:bjrok army", Stage::Tolerant);
        assert!(loose.is_loose && loose.query.contains("bjrok~1"));
    }

    proptest! {
        #[test]
        fn any_query_can_be_sent(text in "(\\PC|㍿|(genre|artist):[東㍿a]{1,190}|[\u{4E00}-\u{4E20}а-я ]|artist:|['\"()|*~+\\\\-]){1,200}") {
            if let Ok(query) = Query::parse(&text) {
                for stage in [Stage::Literal, Stage::Tolerant] {
                    let compiled = Compiled::new(&Plan::new(&query, stage), stage);
                    let is_known = |letter: char| letter.is_alphanumeric() || " ()|*~^".contains(letter);
                    prop_assert!(compiled.query.chars().all(is_known), "{}", compiled.query);
                    let opened = compiled.query.matches('(').count();
                    prop_assert_eq!(opened, compiled.query.matches(')').count());
                    let parts = [&compiled.query, &compiled.filter(Kind::Track)];
                    let bytes: usize = parts.iter().map(|part| encoded_len(part)).sum();
                    prop_assert!(bytes <= 7_900, "{bytes}");
                }
            }
        }
    }
}
