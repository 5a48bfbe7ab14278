//! The order of results: by score, id and fields, with what lacks a value last; and the page that is wanted of it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::layout;

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Criterion {
    pub(crate) by: By,
    pub(crate) is_descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum By {
    Score,
    /// A fast field of numbers.
    Number(String),
    /// A fast field of text.
    Text(String),
}

impl Criterion {
    pub(crate) fn new(by: By, is_descending: bool) -> Self {
        Self { by, is_descending }
    }

    /// By the document's id, which decides between what is equal otherwise.
    pub(crate) fn id(is_descending: bool) -> Self {
        Self::new(By::Text(layout::ID.to_owned()), is_descending)
    }
}

/// What a document has for a criterion. Numbers are mapped so that they compare as they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Part {
    Missing,
    Number(u64),
    Text(String),
}

/// A result's place in the order: its part for each criterion.
pub(crate) type Place = Vec<Part>;

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub(crate) place: Place,
    pub(crate) address: DocAddress,
    pub(crate) score: Score,
}

/// The first results and the number of all.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) found: u64,
    pub(crate) hits: Vec<Hit>,
}

/// Collects the first `limit` results after a place.
pub(crate) struct Top {
    pub(crate) order: Vec<Criterion>,
    pub(crate) after: Option<Place>,
    pub(crate) limit: usize,
}

/// A part that is comparable within a segment, in the wanted direction: missing ones are greater than all others.
type Local = (bool, u64);

pub(crate) struct SegmentTop {
    segment: SegmentOrdinal,
    criteria: Vec<LocalCriterion>,
    after: Option<Vec<Local>>,
    limit: usize,
    found: u64,
    /// The greatest on top.
    heap: BinaryHeap<(Vec<Local>, DocId, Scored)>,
    buffer: Vec<Local>,
}

struct LocalCriterion {
    column: LocalColumn,
    is_descending: bool,
}

enum LocalColumn {
    Score,
    Number(Option<Column<u64>>),
    Text(Option<StrColumn>),
}

/// A score that takes no part in comparisons.
#[derive(Clone, Copy)]
struct Scored(Score);

impl PartialEq for Scored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Scored {}
impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scored {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl Collector for Top {
    type Fruit = Page;
    type Child = SegmentTop;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentTop> {
        let mut criteria = Vec::new();
        for criterion in &self.order {
            let column = match &criterion.by {
                By::Score => LocalColumn::Score,
                By::Number(name) => {
                    LocalColumn::Number(reader.fast_fields().u64_lenient(name)?.map(|(column, _)| column))
                }
                By::Text(name) => LocalColumn::Text(reader.fast_fields().str(name)?),
            };
            criteria.push(LocalCriterion { column, is_descending: criterion.is_descending });
        }
        let after = match &self.after {
            None => None,
            Some(place) => {
                let parts = criteria.iter().zip(place).map(|(criterion, part)| criterion.bound(part));
                Some(parts.collect::<std::io::Result<Vec<Local>>>()?)
            }
        };
        let heap = BinaryHeap::new();
        Ok(SegmentTop { segment, criteria, after, limit: self.limit, found: 0, heap, buffer: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, pages: Vec<tantivy::Result<Page>>) -> tantivy::Result<Page> {
        let mut all = Page { found: 0, hits: Vec::new() };
        for page in pages {
            let page = page?;
            all.found += page.found;
            all.hits.extend(page.hits);
        }
        all.hits.sort_by(|a, b| compare(&a.place, &b.place, &self.order));
        all.hits.truncate(self.limit);
        Ok(all)
    }
}

impl SegmentCollector for SegmentTop {
    type Fruit = tantivy::Result<Page>;

    fn collect(&mut self, document: DocId, score: Score) {
        self.found += 1;
        self.buffer.clear();
        for criterion in &self.criteria {
            self.buffer.push(criterion.local(document, score));
        }
        let is_later = self.after.as_ref().is_none_or(|after| self.buffer > *after);
        if !is_later || self.limit == 0 {
            return;
        }
        if self.heap.len() == self.limit {
            let is_better = self.heap.peek().is_some_and(|(worst, _, _)| self.buffer < *worst);
            if !is_better {
                return;
            }
            self.heap.pop();
        }
        self.heap.push((self.buffer.clone(), document, Scored(score)));
    }

    fn harvest(self) -> tantivy::Result<Page> {
        let mut hits = Vec::with_capacity(self.heap.len());
        for (locals, document, Scored(score)) in self.heap {
            let parts = self.criteria.iter().zip(locals).map(|(criterion, local)| criterion.part(local));
            let place = parts.collect::<std::io::Result<Place>>()?;
            hits.push(Hit { place, address: DocAddress::new(self.segment, document), score });
        }
        Ok(Page { found: self.found, hits })
    }
}

impl LocalCriterion {
    fn directed(&self, number: u64) -> Local {
        (false, if self.is_descending { !number } else { number })
    }

    fn local(&self, document: DocId, score: Score) -> Local {
        let number = match &self.column {
            LocalColumn::Score => Some(tantivy::f64_to_u64(f64::from(score))),
            LocalColumn::Number(column) => column.as_ref().and_then(|column| column.first(document)),
            // Between two terms of a segment there is room for one of another segment.
            LocalColumn::Text(column) => column
                .as_ref()
                .and_then(|column| column.ords().first(document))
                .map(|ordinal| 2 * ordinal + 2),
        };
        number.map_or((true, 0), |number| self.directed(number))
    }

    /// Where a part of any segment lies among those of this one.
    fn bound(&self, part: &Part) -> std::io::Result<Local> {
        Ok(match (&self.column, part) {
            (_, Part::Missing) => (true, 0),
            (_, Part::Number(number)) => self.directed(*number),
            (LocalColumn::Text(Some(column)), Part::Text(text)) => {
                let dictionary = column.dictionary();
                if let Some(ordinal) = dictionary.term_ord(text)? {
                    return Ok(self.directed(2 * ordinal + 2));
                }
                let next = dictionary.term_bounds_to_ord(Bound::Included(text), Bound::Unbounded)?;
                let next = match next.0 {
                    Bound::Included(ordinal) | Bound::Excluded(ordinal) => ordinal,
                    Bound::Unbounded => 0,
                };
                // Behind the last term, the next one is any great number.
                let terms = u64::try_from(dictionary.num_terms()).unwrap_or(u64::MAX / 4);
                self.directed(2 * next.min(terms) + 1)
            }
            (_, Part::Text(_)) => self.directed(0),
        })
    }

    fn part(&self, (is_missing, number): Local) -> std::io::Result<Part> {
        if is_missing {
            return Ok(Part::Missing);
        }
        let number = if self.is_descending { !number } else { number };
        Ok(match &self.column {
            LocalColumn::Text(Some(column)) => {
                let mut text = String::new();
                column.ord_to_str((number / 2).saturating_sub(1), &mut text)?;
                Part::Text(text)
            }
            _ => Part::Number(number),
        })
    }
}

fn compare(a: &Place, b: &Place, order: &[Criterion]) -> Ordering {
    for ((a, b), criterion) in a.iter().zip(b).zip(order) {
        let ordering = match (a, b) {
            (Part::Missing, Part::Missing) => Ordering::Equal,
            (Part::Missing, _) => return Ordering::Greater,
            (_, Part::Missing) => return Ordering::Less,
            (Part::Number(a), Part::Number(b)) => a.cmp(b),
            (Part::Text(a), Part::Text(b)) => a.cmp(b),
            (Part::Number(_), Part::Text(_)) => Ordering::Less,
            (Part::Text(_), Part::Number(_)) => Ordering::Greater,
        };
        let ordering = if criterion.is_descending { ordering.reverse() } else { ordering };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}
