//! One segment, with everything open that queries look at: opening a column costs more than reading it.

use std::sync::Arc;

use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::fastfield::AliveBitSet;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED};

use super::id::{Ids, full_column};
use super::postings::{Among, Hit, Terms, docs_of};
use super::schema::{self, Facts, Fields};
use crate::document::Kind;
use crate::error::IndexError;
use crate::plan::{Plan, Slot};
use crate::ranking::{Places, Tally};

/// Documents whose facts are read at a time.
const BLOCK: usize = 128;

/// A segment of a generation.
pub(super) struct Segment {
    pub(super) ids: Ids,
    pub(super) start: Arc<InvertedIndexReader>,
    pub(super) edge: Arc<InvertedIndexReader>,
    words: Arc<InvertedIndexReader>,
    genre: Arc<InvertedIndexReader>,
    credit: Arc<InvertedIndexReader>,
    year: Column<u64>,
    genres: Option<StrColumn>,
    facts: Arc<dyn ColumnValues<u64>>,
    popularity: Arc<dyn ColumnValues<u64>>,
    alive: Option<AliveBitSet>,
    pub(super) max_doc: u32,
}

/// A document that matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub(super) doc: DocId,
    pub(super) points: f32,
    pub(super) kind: u8,
}

impl Segment {
    pub(super) fn open(reader: &SegmentReader, fields: &Fields) -> Result<Self, IndexError> {
        let columns = reader.fast_fields();
        Ok(Self {
            ids: Ids::open(reader, fields)?,
            start: reader.inverted_index(fields.start)?,
            edge: reader.inverted_index(fields.edge)?,
            words: reader.inverted_index(fields.words)?,
            genre: reader.inverted_index(fields.genre)?,
            credit: reader.inverted_index(fields.credit)?,
            year: columns.u64(schema::YEAR)?,
            genres: columns.str(schema::GENRES)?,
            facts: full_column(reader, schema::FACTS)?,
            popularity: full_column(reader, schema::POPULARITY)?,
            alive: reader.alive_bitset().cloned(),
            max_doc: reader.max_doc(),
        })
    }

    pub(super) fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    pub(super) fn facts(&self, doc: DocId) -> Facts {
        Facts(self.facts.get_val(doc))
    }

    pub(super) fn popularity(&self, doc: DocId) -> u64 {
        self.popularity.get_val(doc)
    }

    pub(super) fn year(&self, doc: DocId) -> Option<u64> {
        self.year.first(doc)
    }

    /// The genres of a document, as numbers that belong to this segment.
    pub(super) fn genres(&self, doc: DocId) -> impl Iterator<Item = u64> + '_ {
        self.genres.iter().flat_map(move |genres| genres.term_ords(doc))
    }

    /// What a genre's number stands for.
    pub(super) fn genre_name(&self, number: u64) -> Result<String, IndexError> {
        let mut name = String::new();
        if let Some(genres) = &self.genres {
            genres.ord_to_str(number, &mut name)?;
        }
        Ok(name)
    }

    /// Calls `found` for the documents that a query means, in order, each once. Answers how many at most meet each of
    /// the query's slots.
    pub(super) fn matches(&self, plan: &Plan, mut found: impl FnMut(Match)) -> Result<Vec<u64>, IndexError> {
        let filters = plan.filters.iter().map(|slot| self.terms(slot)).collect::<Result<Vec<_>, _>>()?;
        let terms = plan.slots.iter().map(|slot| self.terms(slot)).collect::<Result<Vec<_>, _>>()?;
        let same_names = self.same_names(plan, &filters)?;
        let mut readings = Vec::new();
        for reading in &plan.readings {
            let scored = reading.iter().map(|slot| (&terms[*slot], Some(plan.slots[*slot].weight)));
            let filters = filters.iter().map(|terms| (terms, None));
            readings.push(self.intersect(scored.chain(filters).collect())?);
        }
        if !same_names.is_empty() {
            readings.push(same_names);
        }
        readings.retain(|tallies| !tallies.is_empty());
        if let [tallies] = readings.as_slice() {
            self.judge(plan, tallies, found)?;
        } else {
            let mut matches = Vec::new();
            for tallies in &readings {
                self.judge(plan, tallies, |found| matches.push(found))?;
            }
            matches.sort_by(|one, other| one.doc.cmp(&other.doc).then(other.points.total_cmp(&one.points)));
            matches.dedup_by_key(|found| found.doc);
            matches.into_iter().for_each(&mut found);
        }
        Ok(terms.iter().map(Terms::most).collect())
    }

    /// Those of the documents that meet the slot in their titles or names.
    pub(super) fn in_titles(&self, slot: &Slot, docs: &[DocId]) -> Result<Vec<DocId>, IndexError> {
        let terms = Terms::find(&self.words, &slot.ways, Places::TITLE)?;
        Ok(docs_of(&terms.hits(Among::Some { docs, of: self.max_doc })?))
    }

    fn terms(&self, slot: &Slot) -> Result<Terms, IndexError> {
        let index = if slot.places == Places::GENRE { &self.genre } else { &self.words };
        Terms::find(index, &slot.ways, slot.places)
    }

    /// The documents that meet all of these, where terms count with their weights and filters have none; of nothing,
    /// all documents.
    fn intersect(&self, mut order: Vec<(&Terms, Option<u16>)>) -> Result<Vec<(DocId, Tally)>, IndexError> {
        // The rarest first: what follows is only asked for the few that are left.
        order.sort_by_cached_key(|(terms, _)| terms.most());
        if order.first().is_some_and(|(terms, _)| terms.most() == 0) {
            return Ok(Vec::new());
        }
        let mut met: Option<Vec<(DocId, Tally)>> = None;
        for (terms, weight) in order {
            let add = |tally: Tally, hit: &Hit| match weight {
                Some(weight) => tally.with(hit.points, hit.places, weight),
                None => tally,
            };
            met = Some(match met {
                None => {
                    let hits = terms.hits(Among::All { of: self.max_doc })?;
                    hits.into_iter().map(|hit| (hit.doc, add(Tally::ZERO, &hit))).collect()
                }
                Some(before) => {
                    let docs: Vec<DocId> = before.iter().map(|(doc, _)| *doc).collect();
                    let hits = terms.hits(Among::Some { docs: &docs, of: self.max_doc })?;
                    let mut before = before.into_iter();
                    let tally = |hit: Hit| {
                        let (doc, tally) = before.find(|(doc, _)| *doc == hit.doc)?;
                        Some((doc, add(tally, &hit)))
                    };
                    hits.into_iter().filter_map(tally).collect()
                }
            });
        }
        Ok(met.unwrap_or_else(|| (0..self.max_doc).map(|doc| (doc, Tally::ZERO)).collect()))
    }

    /// The documents whose name, or whose artist's name, is the whole query, however it is cut into words.
    fn same_names(&self, plan: &Plan, filters: &[Terms]) -> Result<Vec<(DocId, Tally)>, IndexError> {
        let whole = &plan.asked.whole;
        if plan.slots.is_empty() || whole.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for doc in docs(&self.start, &schema::start(whole))? {
            if plan.asked.is_name(self.facts(doc).shape().hashes) {
                hits.push(Hit { doc, points: 1.0, places: Places::TITLE });
            }
        }
        for doc in docs(&self.credit, whole)? {
            hits.push(Hit { doc, points: 0.0, places: Places::ARTIST });
        }
        hits.sort_by(|one, other| one.doc.cmp(&other.doc).then(other.points.total_cmp(&one.points)));
        hits.dedup_by_key(|hit| hit.doc);
        for terms in filters {
            let docs = docs_of(&hits);
            let passed = docs_of(&terms.hits(Among::Some { docs: &docs, of: self.max_doc })?);
            hits.retain(|hit| passed.binary_search(&hit.doc).is_ok());
        }
        Ok(hits.iter().map(|hit| (hit.doc, plan.as_whole(hit.places))).collect())
    }

    /// Leaves out what is deleted or excluded by the query, and counts the points of the rest.
    fn judge(
        &self,
        plan: &Plan,
        tallies: &[(DocId, Tally)],
        mut found: impl FnMut(Match),
    ) -> Result<(), IndexError> {
        let credited = if tallies.is_empty() { Vec::new() } else { docs(&self.credit, &plan.asked.whole)? };
        let mut credited = credited.into_iter().peekable();
        let (mut docs, mut facts) = ([0; BLOCK], [0; BLOCK]);
        for block in tallies.chunks(BLOCK) {
            let (docs, facts) = (&mut docs[..block.len()], &mut facts[..block.len()]);
            docs.iter_mut().zip(block).for_each(|(doc, (met, _))| *doc = *met);
            self.facts.get_vals(docs, facts);
            for ((doc, tally), facts) in block.iter().zip(facts.iter().copied().map(Facts)) {
                let in_years = |(from, to): &(u16, u16)| {
                    self.year(*doc).is_some_and(|year| (u64::from(*from)..=u64::from(*to)).contains(&year))
                };
                let is_excluded = plan.only_tracks && facts.kind() != Kind::Track.number();
                if is_excluded || !self.is_alive(*doc) || !plan.years.iter().all(in_years) {
                    continue;
                }
                while credited.next_if(|credited| credited < doc).is_some() {}
                let points = plan.asked.total(*tally, facts.shape(), credited.peek() == Some(doc));
                found(Match { doc: *doc, points, kind: u8::try_from(facts.kind()).unwrap_or(u8::MAX) });
            }
        }
        Ok(())
    }
}

/// The documents of a term, in order.
pub(super) fn docs(index: &InvertedIndexReader, term: &str) -> Result<Vec<DocId>, IndexError> {
    let info = index.terms().get(term)?;
    let Some(info) = info else { return Ok(Vec::new()) };
    let mut postings = index.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
    let mut docs = Vec::new();
    while postings.doc() != TERMINATED {
        docs.push(postings.doc());
        postings.advance();
    }
    Ok(docs)
}
