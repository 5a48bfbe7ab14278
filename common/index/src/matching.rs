//! Whether and how closely a word of a query is a word of a name.

use std::sync::LazyLock;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};

use crate::query::Closeness;
use crate::ranking::{EXACT, ONE_TYPO, ONE_TYPO_PREFIX, PREFIX, TWO_TYPOS, TWO_TYPOS_PREFIX};

/// Letters from which a word may hold one typing error.
const ONE_TYPO_FROM: usize = 4;
/// Letters from which a word may hold two typing errors.
const TWO_TYPOS_FROM: usize = 8;
/// Words that are longer must match without typing errors; the automata would grow with them.
const TYPOS_UP_TO: usize = 40;

/// How many typing errors a word of so many letters may hold.
fn typos_of(letters: usize) -> u8 {
    match letters {
        TWO_TYPOS_FROM.. => 2,
        ONE_TYPO_FROM.. => 1,
        _ => 0,
    }
}

/// Building one takes milliseconds. Two letters that changed places are one typing error.
static ONE_TYPO_AUTOMATA: LazyLock<LevenshteinAutomatonBuilder> =
    LazyLock::new(|| LevenshteinAutomatonBuilder::new(1, true));
static TWO_TYPOS_AUTOMATA: LazyLock<LevenshteinAutomatonBuilder> =
    LazyLock::new(|| LevenshteinAutomatonBuilder::new(2, true));

/// How far a word may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tolerance {
    pub(crate) typos: u8,
    pub(crate) is_prefix: bool,
}

impl Tolerance {
    /// The word that is meant may be longer than what was typed, since letters are left out: it decides in the end.
    pub(crate) fn of(word: &str, closeness: Closeness) -> Self {
        let letters = word.chars().count();
        let is_number = word.chars().all(char::is_numeric);
        let is_strict = closeness == Closeness::Exact || is_number || letters > TYPOS_UP_TO;
        let typos = (1..=2).filter(|left_out| typos_of(letters + usize::from(*left_out)) >= *left_out).max();
        Self {
            typos: if is_strict { 0 } else { typos.unwrap_or(0) },
            is_prefix: closeness == Closeness::TyposAndPrefix,
        }
    }

    pub(crate) fn without_typos(self) -> Self {
        Self { typos: 0, ..self }
    }
}

/// A word of a query, ready to be compared with many words. It is also the automaton by which a dictionary is
/// searched for everything that it matches.
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) tolerance: Tolerance,
    letters: usize,
    automaton: Option<DFA>,
}

impl Word {
    pub(crate) fn new(text: &str, tolerance: Tolerance) -> Self {
        let automaton = match tolerance.typos {
            0 => None,
            1 => Some(ONE_TYPO_AUTOMATA.build_dfa(text)),
            _ => Some(TWO_TYPOS_AUTOMATA.build_dfa(text)),
        };
        Self { text: text.to_owned(), tolerance, letters: text.chars().count(), automaton }
    }

    /// The points of a word that matches.
    pub(crate) fn points(&self, word: &[u8]) -> Option<f32> {
        if word == self.text.as_bytes() {
            return Some(EXACT);
        }
        if self.tolerance.is_prefix && word.starts_with(self.text.as_bytes()) {
            return Some(PREFIX);
        }
        self.automaton.as_ref()?;
        let state = word.iter().fold(self.start(), |state, byte| self.step(state, *byte));
        // The longer of the two words may be the one without errors.
        let letters = word.iter().filter(|byte| !is_continuation(**byte)).count();
        let at_most = typos_of(self.letters.max(letters));
        let whole = self.typos(state.dfa).filter(|typos| *typos <= at_most);
        match (whole, state.least.filter(|_| self.tolerance.is_prefix)) {
            (Some(1), _) => Some(ONE_TYPO),
            (_, Some(1)) => Some(ONE_TYPO_PREFIX),
            (Some(_), _) => Some(TWO_TYPOS),
            (None, Some(_)) => Some(TWO_TYPOS_PREFIX),
            (None, None) => None,
        }
    }

    fn start(&self) -> State {
        let dfa = self.automaton.as_ref().map_or(SINK_STATE, DFA::initial_state);
        State { dfa, least: self.least(None, dfa) }
    }

    fn step(&self, state: State, byte: u8) -> State {
        let dfa =
            self.automaton.as_ref().map_or(SINK_STATE, |automaton| automaton.transition(state.dfa, byte));
        State { dfa, least: self.least(state.least, dfa) }
    }

    /// Of a beginning nobody knows how long the word is that is meant: as long as what was typed.
    fn least(&self, before: Option<u8>, dfa: u32) -> Option<u8> {
        let now = self.typos(dfa).filter(|typos| *typos <= typos_of(self.letters));
        before.into_iter().chain(now).min()
    }

    /// The typing errors between the whole word and what was read, unless there are too many.
    fn typos(&self, dfa: u32) -> Option<u8> {
        match self.automaton.as_ref()?.distance(dfa) {
            Distance::Exact(typos) if typos <= self.tolerance.typos => Some(typos),
            _ => None,
        }
    }
}

/// Whether a byte of UTF-8 goes on with a letter.
fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Word")
            .field("text", &self.text)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// What the automaton knows after some letters of a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    dfa: u32,
    /// The fewest typing errors between the query's word and any beginning of what was read.
    least: Option<u8>,
}

impl tantivy_fst::Automaton for &Word {
    type State = State;

    fn start(&self) -> State {
        Word::start(self)
    }

    fn is_match(&self, state: &State) -> bool {
        self.typos(state.dfa).is_some() || self.will_always_match(state)
    }

    fn can_match(&self, state: &State) -> bool {
        state.dfa != SINK_STATE || self.will_always_match(state)
    }

    fn will_always_match(&self, state: &State) -> bool {
        self.tolerance.is_prefix && state.least.is_some()
    }

    fn accept(&self, state: &State, byte: u8) -> State {
        self.step(*state, byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn closer_words_have_more_points() {
        for (typed, closeness, word, points) in [
            ("army", Closeness::Typos, "army", Some(EXACT)),
            ("army", Closeness::Typos, "armys", Some(ONE_TYPO)),
            ("army", Closeness::Typos, "amry", Some(ONE_TYPO)),
            ("army", Closeness::Typos, "armies", None),
            ("army", Closeness::TyposAndPrefix, "armys", Some(PREFIX)),
            ("arny", Closeness::TyposAndPrefix, "armadillo", None),
            ("armi", Closeness::TyposAndPrefix, "armytage", Some(ONE_TYPO_PREFIX)),
            ("army", Closeness::Exact, "armys", None),
            ("arm", Closeness::Typos, "army", Some(ONE_TYPO)),
            ("arm", Closeness::Typos, "are", None),
            ("arm", Closeness::TyposAndPrefix, "aim", None),
            ("arm", Closeness::TyposAndPrefix, "almonds", None),
            ("ar", Closeness::Typos, "army", None),
            ("thndrs", Closeness::Typos, "thunders", Some(TWO_TYPOS)),
            ("thndrs", Closeness::Typos, "thunder", None),
            ("1999", Closeness::Typos, "1998", None),
            ("thunderstuck", Closeness::Typos, "thunderstruck", Some(ONE_TYPO)),
            ("tunderstuck", Closeness::Typos, "thunderstruck", Some(TWO_TYPOS)),
            ("tunderstuck", Closeness::TyposAndPrefix, "thunderstrucken", Some(TWO_TYPOS_PREFIX)),
            ("tunderstck", Closeness::Typos, "thunderstruck", None),
            ("дорога", Closeness::Typos, "дорого", Some(ONE_TYPO)),
        ] {
            assert_eq!(
                Word::new(typed, Tolerance::of(typed, closeness)).points(word.as_bytes()),
                points,
                "{typed} {word}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_automaton_finds_what_has_points(typed in "[ab\u{e9}]{1,10}", word in "[ab\u{e9}]{0,12}", prefix: bool) {
            use tantivy_fst::Automaton;
            let closeness = if prefix { Closeness::TyposAndPrefix } else { Closeness::Typos };
            let typed = Word::new(&typed, Tolerance::of(&typed, closeness));
            prop_assume!(typed.tolerance.typos > 0);
            let automaton = &typed;
            let mut state = Automaton::start(&automaton);
            for byte in word.bytes() {
                prop_assert!(automaton.can_match(&state) || typed.points(word.as_bytes()).is_none());
                state = automaton.accept(&state, byte);
            }
            prop_assert!(automaton.is_match(&state) || typed.points(word.as_bytes()).is_none());
        }
    }
}
