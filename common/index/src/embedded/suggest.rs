//! Names that start with what is being typed.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use mixtape_domain::text;
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, TERMINATED, TantivyDocument};

use super::collect::{Rank, rank};
use super::find::Snapshot;
use super::schema::{EDGE_CHARS, START_CHARS, start};
use super::segment::{Segment, docs};
use crate::document::Kind;
use crate::error::IndexError;
use crate::matching::{Tolerance, Word};
use crate::plan::{Plan, Stage};
use crate::query::{Closeness, MAX_QUERY_CHARS, Query};
use crate::ranking::{Hashes, PREFIX, Shape};
use crate::words::{bare, cut, whole};
use crate::{MAX_SUGGESTIONS, Suggestion};

/// Names that are looked at: those beyond them are less likely to be meant.
const CANDIDATES: usize = 64;
/// What a name that is typed to its end is worth more.
const IS_WHOLE: f32 = 1.0;
/// What a letter more than another name costs, up to ten words.
const LENGTH_PENALTY: f32 = 0.05;

/// The likeliest names, each once.
struct Candidates {
    /// By a hash of the name.
    best: HashMap<u32, Candidate>,
    least: Option<Candidate>,
}

/// How likely a name is meant: by its rank; of names of one rank artists, then albums.
type Candidate = (Rank, Reverse<u8>, Reverse<DocAddress>);

impl Snapshot {
    /// Names that start with the text, at most [`MAX_SUGGESTIONS`], each once.
    pub(super) fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, IndexError> {
        let typed = cut(text, MAX_QUERY_CHARS);
        let typed_whole = whole(&typed);
        if typed_whole.is_empty() {
            return Ok(Vec::new());
        }
        let word = Word::new(&start(&typed), Tolerance::of(&start(&typed), Closeness::TyposAndPrefix));
        let asked = Hashes::of(&typed);
        let mut candidates = Candidates { best: HashMap::new(), least: None };
        let words = words_of(&typed);
        for (ordinal, segment) in (0..).zip(&self.segments) {
            for (doc, points) in holding(segment, starting_with(segment, &word)?, words.as_ref())? {
                if !segment.is_alive(doc) {
                    continue;
                }
                let facts = segment.facts(doc);
                let Shape { length, hashes, .. } = facts.shape();
                let end = if hashes.whole() == asked.whole() { IS_WHOLE } else { 0.0 };
                let length = u8::try_from(length).unwrap_or(u8::MAX);
                let points = points + end - LENGTH_PENALTY * f32::from(length);
                let rank = rank(points, segment.popularity(doc));
                let address = Reverse(DocAddress::new(ordinal, doc));
                candidates.add(hashes.whole(), (rank, Reverse(order(facts.kind())), address));
            }
        }
        self.named(candidates, &typed_whole)
    }

    /// Reads the names, leaves out those that only start as the index tells beginnings apart, and names nothing twice.
    fn named(&self, candidates: Candidates, typed: &str) -> Result<Vec<Suggestion>, IndexError> {
        let is_long = typed.chars().count() > START_CHARS;
        let word = Word::new(typed, Tolerance::of(typed, Closeness::TyposAndPrefix));
        let starts = |name: &str| {
            let forms = [whole(name), whole(bare(name))];
            !is_long || forms.iter().any(|form| word.points(form.as_bytes()).is_some())
        };
        let mut texts = HashSet::new();
        let mut suggestions = Vec::new();
        for address in candidates.into_sorted() {
            let document: TantivyDocument = self.searcher.doc(address)?;
            let text =
                document.get_first(self.fields.label).and_then(|label| label.as_str().map(str::to_owned));
            let text = text.ok_or_else(|| IndexError::Broken("a document without its name".to_owned()))?;
            if starts(&text) && texts.insert(text::collapse(&text)) {
                let place = self.segments[address.segment_ord as usize].ids.place(address.doc_id);
                suggestions.push(Suggestion { text, key: place.key()? });
            }
            if suggestions.len() == MAX_SUGGESTIONS {
                break;
            }
        }
        Ok(suggestions)
    }
}

/// What else a name must hold when more is typed than beginnings are told apart by.
fn words_of(typed: &str) -> Option<Plan> {
    let is_long = whole(typed).chars().count() > START_CHARS;
    let query = is_long.then(|| Query::parse(typed).ok()).flatten()?;
    Some(Plan::new(&query, Stage::Tolerant))
}

/// Those of the documents whose names hold all words, or all documents if none does: words may be run together.
fn holding(
    segment: &Segment,
    found: Vec<(DocId, f32)>,
    words: Option<&Plan>,
) -> Result<Vec<(DocId, f32)>, IndexError> {
    let Some(plan) = words else { return Ok(found) };
    let mut docs: Vec<DocId> = found.iter().map(|(doc, _)| *doc).collect();
    docs.sort_unstable();
    docs.dedup();
    for slot in plan.slots.iter().filter(|slot| !slot.is_joined()) {
        docs = segment.in_titles(slot, &docs)?;
    }
    if docs.is_empty() {
        return Ok(found);
    }
    Ok(found.into_iter().filter(|(doc, _)| docs.binary_search(doc).is_ok()).collect())
}

/// Of names that match equally well, artists and then albums are more likely to be meant.
fn order(kind: u64) -> u8 {
    match kind {
        kind if kind == Kind::Artist.number() => 0,
        kind if kind == Kind::Album.number() => 1,
        _ => 2,
    }
}

/// The documents whose names start with the word, in any order, and how closely. Some come twice.
fn starting_with(segment: &Segment, word: &Word) -> Result<Vec<(DocId, f32)>, IndexError> {
    if word.text.chars().count() <= EDGE_CHARS {
        return Ok(docs(&segment.edge, &word.text)?.into_iter().map(|doc| (doc, PREFIX)).collect());
    }
    let mut terms = Vec::new();
    if word.tolerance.typos > 0 {
        let mut stream = segment.start.terms().search(word).into_stream()?;
        while stream.advance() {
            // To the index, a name that ends here and one that goes on are the same.
            let points = word.points(stream.key()).map(|points| points.min(PREFIX));
            terms.extend(points.map(|points| (stream.value().clone(), points)));
        }
    } else {
        let mut stream = segment.start.terms().range().ge(&word.text).into_stream()?;
        while stream.advance() && stream.key().starts_with(word.text.as_bytes()) {
            terms.push((stream.value().clone(), PREFIX));
        }
    }
    let is_enough = terms.iter().filter(|(_, points)| *points == PREFIX).count() >= CANDIDATES;
    terms.retain(|(_, points)| *points == PREFIX || !is_enough);
    let mut found = Vec::new();
    for (info, points) in terms {
        let mut postings = segment.start.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
        while postings.doc() != TERMINATED {
            found.push((postings.doc(), points));
            postings.advance();
        }
    }
    Ok(found)
}

impl Candidates {
    /// Keeps a name if it is likelier than what is known, and the likeliest of those of one name.
    fn add(&mut self, name: u32, candidate: Candidate) {
        if let Some(before) = self.best.get_mut(&name) {
            *before = candidate.max(*before);
            return;
        }
        if self.least.is_some_and(|least| candidate <= least) {
            return;
        }
        self.best.insert(name, candidate);
        if self.best.len() > 2 * CANDIDATES {
            let mut sorted: Vec<Candidate> = self.best.values().copied().collect();
            sorted.sort_unstable_by(|one, other| other.cmp(one));
            let least = sorted[CANDIDATES - 1];
            self.best.retain(|_, candidate| *candidate >= least);
            self.least = Some(least);
        }
    }

    fn into_sorted(self) -> Vec<DocAddress> {
        let mut sorted: Vec<Candidate> = self.best.into_values().collect();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        sorted.into_iter().map(|(_, _, Reverse(address))| address).collect()
    }
}
