//! The names of one thing, compared with a query word by word: for backends that do not count points themselves, and
//! for showing which words of a name were meant.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::plan::{Plan, Slot, Way};
use crate::ranking::{ACCENTED, EXACT, JOINED, Places, Shape, Tally};
use crate::words::words;

/// The words of some names and where they stand.
#[derive(Debug, Default)]
pub(crate) struct Bag(BTreeMap<String, Places>);

impl Bag {
    pub(crate) fn of(document: &Document) -> Self {
        let mut bag = Self(document.words());
        bag.add(document.genres(), Places::GENRE);
        bag
    }

    pub(crate) fn add(&mut self, texts: impl IntoIterator<Item = impl AsRef<str>>, places: Places) {
        for word in words(texts) {
            let before = self.0.entry(word).or_insert(places);
            *before = before.with(places);
        }
    }

    /// The most points for which the slot is met, and all places where it is.
    pub(crate) fn meets(&self, slot: &Slot) -> Option<(f32, Places)> {
        best(slot.ways.iter().filter_map(|way| self.goes(way, slot.places)))
    }

    fn goes(&self, way: &Way, allowed: Places) -> Option<(f32, Places)> {
        match way {
            Way::Accented(word) => self.run([word], ACCENTED, allowed),
            Way::Joined(word) => self.run([word], JOINED, allowed),
            Way::Run { pairs, .. } => self.run(pairs, EXACT, allowed),
            Way::Split(pairs) => {
                best(pairs.iter().filter_map(|(one, other)| self.run([one, other], JOINED, allowed)))
            }
            Way::Word(word) => best(self.0.iter().filter_map(|(candidate, places)| {
                let places = places.within(allowed).if_any()?;
                Some((word.points(candidate.as_bytes())? + places.points(), places))
            })),
            Way::All(ways) => {
                let all: Vec<_> = ways.iter().map(|way| self.goes(way, allowed)).collect::<Option<_>>()?;
                let mean = all.iter().map(|(points, _)| points).sum::<f32>() / all.len() as f32;
                let places = all.into_iter().map(|(_, places)| places).reduce(Places::with)?;
                Some((mean, places))
            }
        }
    }

    /// All of these words in one place.
    fn run<'a>(
        &self,
        words: impl IntoIterator<Item = &'a String>,
        points: f32,
        allowed: Places,
    ) -> Option<(f32, Places)> {
        let mut places = allowed;
        for word in words {
            places = places.within(*self.0.get(word)?).if_any()?;
        }
        Some((points + places.points(), places))
    }
}

/// The most points, and all places.
fn best(ways: impl Iterator<Item = (f32, Places)>) -> Option<(f32, Places)> {
    ways.reduce(|(points, places), (others, more)| (points.max(others), places.with(more)))
}

/// How many points a document has for a query, if it matches.
pub(crate) fn points(document: &Document, plan: &Plan) -> Option<f32> {
    let bag = Bag::of(document);
    let is_excluded = plan.only_tracks && !matches!(document, Document::Track(_));
    let is_in_years =
        |years: &(u16, u16)| document.year().is_some_and(|year| (years.0..=years.1).contains(&year));
    if is_excluded
        || !plan.years.iter().all(is_in_years)
        || !plan.filters.iter().all(|slot| bag.meets(slot).is_some())
    {
        return None;
    }
    let shape = Shape::of(document);
    let is_credited = document.whole_credits().contains(&plan.asked.whole);
    let met: Vec<Option<(f32, Places)>> = plan.slots.iter().map(|slot| bag.meets(slot)).collect();
    let tallies = plan.readings.iter().filter_map(|slots| {
        let add = |tally: Tally, slot: &usize| {
            let (points, places) = met[*slot]?;
            Some(tally.with(points, places, plan.slots[*slot].weight))
        };
        slots.iter().try_fold(Tally::ZERO, add)
    });
    let as_name = plan.asked.is_name(shape.hashes).then(|| plan.as_whole(Places::TITLE));
    let as_credit = is_credited.then(|| plan.as_whole(Places::ARTIST));
    let totals =
        tallies.chain(as_name).chain(as_credit).map(|tally| plan.asked.total(tally, shape, is_credited));
    totals.reduce(f32::max)
}
