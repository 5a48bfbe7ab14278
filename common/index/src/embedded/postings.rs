//! Which documents of one segment meet a slot, and how well.

use std::sync::Arc;

use tantivy::postings::{Postings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, TERMINATED};

use crate::error::IndexError;
use crate::matching::Word;
use crate::plan::Way;
use crate::ranking::{ACCENTED, EXACT, JOINED, PREFIX, Places};

/// A union of so many documents, compared with those of the segment, is made in a table of all of them.
const SPARSE: u64 = 16;
/// A list that is so many times longer than the candidates is not walked through but asked for each of them.
const LONG: u64 = 8;

/// A document that meets a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) doc: DocId,
    pub(super) points: f32,
    pub(super) places: Places,
}

/// A term of the dictionary that meets a slot by itself, for these points.
struct List {
    info: TermInfo,
    points: f32,
}

/// Terms that only together meet a slot.
enum Group {
    /// All in one place, for these points.
    Run(Vec<TermInfo>, f32),
    /// All anywhere; the points are their mean.
    All(Vec<Terms>),
}

/// What of a segment's dictionary meets a slot.
pub(super) struct Terms {
    index: Arc<InvertedIndexReader>,
    places: Places,
    lists: Vec<List>,
    groups: Vec<Group>,
}

impl Terms {
    /// Looks the ways up in the dictionary. `places` are those that count; an index without places has exactly these.
    pub(super) fn find(
        index: &Arc<InvertedIndexReader>,
        ways: &[Way],
        places: Places,
    ) -> Result<Self, IndexError> {
        let mut terms = Self { index: Arc::clone(index), places, lists: Vec::new(), groups: Vec::new() };
        for way in ways {
            terms.add(way)?;
        }
        Ok(terms)
    }

    fn add(&mut self, way: &Way) -> Result<(), IndexError> {
        match way {
            Way::Accented(word) => self.add_word(word, ACCENTED),
            Way::Joined(word) => self.add_word(word, JOINED),
            Way::Word(word) => self.add_like(word),
            Way::Run { pairs, .. } => self.add_run(pairs, EXACT),
            Way::Split(pairs) => pairs.iter().try_for_each(|(one, other)| self.add_run([one, other], JOINED)),
            Way::All(ways) => {
                let each = |way| Self::find(&self.index, std::slice::from_ref(way), self.places);
                let all = ways.iter().map(each).collect::<Result<Vec<_>, _>>()?;
                if all.iter().all(|terms| terms.most() > 0) {
                    self.groups.push(Group::All(all));
                }
                Ok(())
            }
        }
    }

    fn add_word(&mut self, word: &str, points: f32) -> Result<(), IndexError> {
        let info = self.index.terms().get(word)?;
        self.lists.extend(info.map(|info| List { info, points }));
        Ok(())
    }

    fn add_run<'a>(
        &mut self,
        words: impl IntoIterator<Item = &'a String>,
        points: f32,
    ) -> Result<(), IndexError> {
        let mut infos = Vec::new();
        for word in words {
            let Some(info) = self.index.terms().get(word)? else { return Ok(()) };
            infos.push(info);
        }
        match infos.pop() {
            Some(info) if infos.is_empty() => self.lists.push(List { info, points }),
            Some(info) => {
                infos.push(info);
                self.groups.push(Group::Run(infos, points));
            }
            None => {}
        }
        Ok(())
    }

    /// All words of the dictionary that are like this one.
    fn add_like(&mut self, word: &Word) -> Result<(), IndexError> {
        let index = Arc::clone(&self.index);
        if word.tolerance.typos > 0 {
            let mut found = index.terms().search(word).into_stream()?;
            while found.advance() {
                let list =
                    word.points(found.key()).map(|points| List { info: found.value().clone(), points });
                self.lists.extend(list);
            }
            return Ok(());
        }
        self.add_word(&word.text, EXACT)?;
        if word.tolerance.is_prefix {
            let mut found = index.terms().range().gt(&word.text).into_stream()?;
            while found.advance() && found.key().starts_with(word.text.as_bytes()) {
                self.lists.push(List { info: found.value().clone(), points: PREFIX });
            }
        }
        Ok(())
    }

    /// How many documents there are at most.
    pub(super) fn most(&self) -> u64 {
        let lists = self.lists.iter().map(|list| u64::from(list.info.doc_freq));
        let groups = self.groups.iter().map(|group| match group {
            Group::Run(infos, _) => infos.iter().map(|info| u64::from(info.doc_freq)).min().unwrap_or(0),
            Group::All(all) => all.iter().map(Self::most).min().unwrap_or(0),
        });
        lists.chain(groups).sum()
    }

    /// The documents, in order, of all those of the segment or of some.
    pub(super) fn hits(&self, among: Among<'_>) -> Result<Vec<Hit>, IndexError> {
        let mut hits = Union::new(among, self.most());
        for List { info, points } in &self.lists {
            self.walk(info, among, |doc, places| hits.add(doc, *points + places.points(), places))?;
        }
        for group in &self.groups {
            for Hit { doc, points, places } in self.of_group(group, among)? {
                hits.add(doc, points, places);
            }
        }
        Ok(hits.finish())
    }

    fn of_group(&self, group: &Group, among: Among<'_>) -> Result<Vec<Hit>, IndexError> {
        match group {
            Group::Run(infos, points) => {
                let mut infos: Vec<&TermInfo> = infos.iter().collect();
                infos.sort_by_key(|info| info.doc_freq);
                let mut docs: Option<(Vec<DocId>, Vec<Places>)> = None;
                for info in infos {
                    let (mut met, mut places) = (Vec::new(), Vec::new());
                    let before = docs.as_ref().map(|(docs, places)| (docs.as_slice(), places.as_slice()));
                    let within = before.map_or(among, |(docs, _)| Among::Some { docs, of: among.of() });
                    let mut at = 0;
                    self.walk(info, within, |doc, found| {
                        let both = before.map_or(Some(found), |(docs, places)| {
                            at += docs[at..].iter().take_while(|before| **before < doc).count();
                            places[at].within(found).if_any()
                        });
                        if let Some(both) = both {
                            met.push(doc);
                            places.push(both);
                        }
                    })?;
                    docs = Some((met, places));
                }
                let (docs, places) = docs.unwrap_or_default();
                let hit =
                    |(doc, places): (DocId, Places)| Hit { doc, points: points + places.points(), places };
                Ok(docs.into_iter().zip(places).map(hit).collect())
            }
            Group::All(all) => {
                let mut order: Vec<&Self> = all.iter().collect();
                order.sort_by_key(|terms| terms.most());
                let mut hits: Option<Vec<Hit>> = None;
                for terms in order {
                    hits = Some(match hits {
                        None => terms.hits(among)?,
                        Some(before) => both(&before, &terms.hits(among.these(&docs_of(&before)))?),
                    });
                }
                let share = 1.0 / all.len().max(1) as f32;
                let mean = |hit: Hit| Hit { points: hit.points * share, ..hit };
                Ok(hits.unwrap_or_default().into_iter().map(mean).collect())
            }
        }
    }

    /// Calls `found` for the documents of one term, in order, with the places that count, where there are any.
    fn walk(
        &self,
        info: &TermInfo,
        among: Among<'_>,
        mut found: impl FnMut(DocId, Places),
    ) -> Result<(), IndexError> {
        let has_places = self.places != Places::GENRE;
        let mut each = |doc: DocId, freq: u32| {
            let of_term =
                if has_places { Places(u8::try_from(freq).unwrap_or(u8::MAX)) } else { self.places };
            if let Some(places) = of_term.within(self.places).if_any() {
                found(doc, places);
            }
        };
        match among {
            Among::Some { docs, .. } if u64::from(info.doc_freq) > LONG * docs.len() as u64 => {
                let mut postings =
                    self.index.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                for doc in docs {
                    if postings.doc() < *doc {
                        postings.seek(*doc);
                    }
                    if postings.doc() == *doc {
                        each(*doc, postings.term_freq());
                    }
                    if postings.doc() == TERMINATED {
                        break;
                    }
                }
            }
            _ => {
                let mut candidates = among.docs();
                let mut blocks =
                    self.index.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                while blocks.block_len() > 0 {
                    // An index without places reads no frequencies.
                    let freqs = if has_places { blocks.freqs() } else { blocks.docs() };
                    for (doc, freq) in blocks.docs().iter().zip(freqs) {
                        if let Some(docs) = &mut candidates {
                            while let [candidate, rest @ ..] = *docs
                                && candidate < doc
                            {
                                *docs = rest;
                            }
                            if docs.first() != Some(doc) {
                                continue;
                            }
                        }
                        each(*doc, *freq);
                    }
                    blocks.advance();
                }
            }
        }
        Ok(())
    }
}

/// The documents that come into question, in order. A segment has `of` documents.
#[derive(Debug, Clone, Copy)]
pub(super) enum Among<'a> {
    All { of: u32 },
    Some { docs: &'a [DocId], of: u32 },
}

impl<'a> Among<'a> {
    fn of(self) -> u32 {
        match self {
            Self::All { of } | Self::Some { of, .. } => of,
        }
    }

    fn docs(self) -> Option<&'a [DocId]> {
        match self {
            Self::All { .. } => None,
            Self::Some { docs, .. } => Some(docs),
        }
    }

    fn these(self, docs: &[DocId]) -> Among<'_> {
        Among::Some { docs, of: self.of() }
    }
}

pub(super) fn docs_of(hits: &[Hit]) -> Vec<DocId> {
    hits.iter().map(|hit| hit.doc).collect()
}

/// Documents of both, with the points of both.
fn both(one: &[Hit], other: &[Hit]) -> Vec<Hit> {
    let mut rest = one.iter();
    let sum = |hit: &Hit| {
        // Every document of the other is one of these.
        let before = rest.find(|before| before.doc == hit.doc)?;
        Some(Hit { points: before.points + hit.points, places: before.places.with(hit.places), ..*hit })
    };
    other.iter().filter_map(sum).collect()
}

/// Documents from several lists: each once, with its best points and all its places.
enum Union {
    /// One entry for each document of the segment; those without places were not met.
    Table { entries: Vec<(f32, Places)>, met: usize },
    /// In the order of the lists.
    Entries(Vec<Hit>),
}

impl Union {
    fn new(among: Among<'_>, most: u64) -> Self {
        let of = among.of();
        let is_dense = matches!(among, Among::All { .. }) && most * SPARSE > u64::from(of);
        if is_dense {
            Self::Table { entries: vec![(0.0, Places::NOWHERE); of as usize], met: 0 }
        } else {
            Self::Entries(Vec::new())
        }
    }

    fn add(&mut self, doc: DocId, new_points: f32, new_places: Places) {
        match self {
            Self::Table { entries, met } => {
                let (points, places) = &mut entries[doc as usize];
                *met += usize::from(*places == Places::NOWHERE);
                *points = points.max(new_points);
                *places = places.with(new_places);
            }
            Self::Entries(hits) => hits.push(Hit { doc, points: new_points, places: new_places }),
        }
    }

    fn finish(self) -> Vec<Hit> {
        match self {
            Self::Table { entries, met } => {
                let mut hits = Vec::with_capacity(met);
                for ((points, places), doc) in entries.into_iter().zip(0..) {
                    if places != Places::NOWHERE {
                        hits.push(Hit { doc, points, places });
                    }
                }
                hits
            }
            Self::Entries(mut hits) => {
                hits.sort_by_key(|hit| hit.doc);
                hits.dedup_by(|next, kept| {
                    let is_same = next.doc == kept.doc;
                    if is_same {
                        kept.points = kept.points.max(next.points);
                        kept.places = kept.places.with(next.places);
                    }
                    is_same
                });
                hits
            }
        }
    }
}
