//! The values of fields: what each type accepts, and how answers write it.
//!
//! Values are kept as the text that was uploaded, so that a field whose type changes can be read anew.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most characters of a value of a literal field.
const MAX_LITERAL_CHARS: usize = 4096;

/// What a field holds, without regard to how many of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Int,
    Double,
    Literal,
    Text,
    Date,
    Latlon,
}

/// A value in the form in which it is indexed and compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Double(f64),
    /// A literal or a text.
    Text(String),
    /// Milliseconds since 1970.
    Date(i64),
    /// Latitude and longitude in degrees.
    Latlon(f64, f64),
}

impl Kind {
    /// Reads a value of this kind; `None` if it is none.
    pub(crate) fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Int => text.trim().parse().ok().map(Value::Int),
            Self::Double => finite(text).map(Value::Double),
            Self::Literal => {
                (text.chars().count() <= MAX_LITERAL_CHARS).then(|| Value::Text(text.to_owned()))
            }
            Self::Text => Some(Value::Text(text.to_owned())),
            Self::Date => date(text).map(Value::Date),
            Self::Latlon => latlon(text),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Double => "double",
            Self::Literal => "literal",
            Self::Text => "text",
            Self::Date => "date",
            Self::Latlon => "latlon",
        }
    }
}

impl Value {
    /// The value as answers write it.
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Int(number) => number.to_string(),
            // With at least one decimal place, as in `5.0`.
            Self::Double(number) => format!("{number:?}"),
            Self::Text(text) => text.clone(),
            Self::Date(milliseconds) => write_date(*milliseconds),
            Self::Latlon(latitude, longitude) => format!("{latitude},{longitude}"),
        }
    }
}

/// RFC 3339 in UTC. Every instant that [`Kind::parse`] accepts can be written.
fn write_date(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(|at| at.to_string()).unwrap_or_default()
}

fn finite(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// RFC 3339 in UTC: `yyyy-mm-ddTHH:mm:ss.SSSZ`.
fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    let at: Timestamp = text.ends_with('Z').then(|| text.parse().ok()).flatten()?;
    Some(at.as_millisecond())
}

/// `latitude,longitude` in degrees.
fn latlon(text: &str) -> Option<Value> {
    let (latitude, longitude) = text.split_once(',')?;
    let latitude = finite(latitude).filter(|degrees| degrees.abs() <= 90.0)?;
    let longitude = finite(longitude).filter(|degrees| degrees.abs() <= 180.0)?;
    Some(Value::Latlon(latitude, longitude))
}

/// Whether documents may hold the character: one of XML's, in the basic plane.
pub(crate) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_reads_its_values_only() {
        for (kind, text, expected) in [
            (Kind::Int, "-12", Some("-12")),
            (Kind::Int, "1.5", None),
            (Kind::Int, "9223372036854775808", None),
            (Kind::Double, "5", Some("5.0")),
            (Kind::Double, "6.9", Some("6.9")),
            (Kind::Double, "NaN", None),
            (Kind::Double, "1e999", None),
            (Kind::Date, "2012-09-20T00:00:00Z", Some("2012-09-20T00:00:00Z")),
            (Kind::Date, "1967-01-31T23:20:50.650Z", Some("1967-01-31T23:20:50.65Z")),
            (Kind::Date, "2012-09-20", None),
            (Kind::Date, "2012-09-20T00:00:00+02:00", None),
            (Kind::Latlon, "52.5,13.4", Some("52.5,13.4")),
            (Kind::Latlon, "91,0", None),
            (Kind::Literal, "Sci-Fi", Some("Sci-Fi")),
        ] {
            let written = kind.parse(text).map(|value| value.write());
            assert_eq!(written.as_deref(), expected, "{kind:?} {text}");
        }
        assert_eq!(Kind::Literal.parse(&"a".repeat(4097)), None);
    }

    #[test]
    fn documents_hold_characters_of_the_basic_plane_only() {
        assert!("Björk 東京 \t\n".chars().all(is_allowed));
        for character in ['\u{0}', '\u{1F}', '\u{FFFE}', '😀'] {
            assert!(!is_allowed(character), "{character:?}");
        }
    }
}
