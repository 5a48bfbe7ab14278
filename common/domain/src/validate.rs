//! Collects what is wrong with an input, field by field, so that a caller reads it all at once.

use serde::Serialize;

/// One field that does not hold what it must, with a message for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Invalid {
    /// The field's path, for example `tracks[3].title`.
    pub field: String,
    /// What the field must hold.
    pub message: String,
}

impl Invalid {
    /// An error about one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Gathers the errors of one input. Every check answers the cleaned value; `finish` says whether all of them held.
#[derive(Debug, Default)]
pub struct Validator {
    errors: Vec<Invalid>,
}

impl Validator {
    /// Notes an error when `holds` is false.
    pub fn check(&mut self, holds: bool, field: &str, message: impl Into<String>) {
        if !holds {
            self.errors.push(Invalid::new(field, message));
        }
    }

    /// A line of text: trimmed, without control characters, 1 to `max` characters.
    pub fn line(&mut self, field: &str, text: &str, max: usize) -> String {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        self.check((1..=max).contains(&length), field, format!("must be 1 to {max} characters long"));
        self.check(!trimmed.chars().any(char::is_control), field, "must not hold control characters");
        trimmed.to_owned()
    }

    /// A text of several lines: trimmed, no control characters but line breaks and tabs, at most `max` characters.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> String {
        let trimmed = text.trim();
        self.check(trimmed.chars().count() <= max, field, format!("must be at most {max} characters long"));
        let is_allowed = |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
        self.check(trimmed.chars().all(is_allowed), field, "must not hold control characters");
        trimmed.to_owned()
    }

    /// A number within bounds, both included.
    pub fn range<N: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        field: &str,
        number: N,
        min: N,
        max: N,
    ) -> N {
        self.check(number >= min && number <= max, field, format!("must be {min} to {max}"));
        number
    }

    /// `value` when every check held.
    ///
    /// # Errors
    /// All the fields that did not hold what they must.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<Invalid>> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}
