//! The JSON of options, as people type it into addresses: keys may be bare and strings in single quotes.

use serde_json::{Map, Value};

/// Deepest nesting.
const MAX_DEPTH: usize = 16;

/// Reads an option's value; `None` if it cannot be read.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.skip();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip();
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.skip();
        match self.rest.chars().next()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            '"' | '\'' => self.string().map(Value::String),
            _ => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        self.eat('{');
        while !self.eat('}') {
            if !members.is_empty() && !self.eat(',') {
                return None;
            }
            self.skip();
            let key =
                if self.rest.starts_with(['"', '\'']) { self.string()? } else { self.word()?.to_owned() };
            if !self.eat(':') {
                return None;
            }
            members.insert(key, self.value(depth + 1)?);
        }
        Some(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.eat('[');
        while !self.eat(']') {
            if !items.is_empty() && !self.eat(',') {
                return None;
            }
            items.push(self.value(depth + 1)?);
        }
        Some(Value::Array(items))
    }

    fn string(&mut self) -> Option<String> {
        let mut characters = self.rest.chars();
        let quote = characters.next()?;
        let mut text = String::new();
        loop {
            let character = match characters.next()? {
                '\\' => escaped(&mut characters)?,
                end if end == quote => break,
                character => character,
            };
            text.push(character);
        }
        self.rest = characters.as_str();
        Some(text)
    }

    fn word(&mut self) -> Option<&str> {
        let is_of_words = |character: char| character.is_alphanumeric() || "_-.+%".contains(character);
        let end = self.rest.find(|character| !is_of_words(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A number, a truth value, or a string without quotes.
    fn bare(&mut self) -> Option<Value> {
        let word = self.word()?;
        Some(serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned())))
    }
}

fn escaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match characters.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{C}',
        'u' => {
            let digits: String = characters.by_ref().take(4).collect();
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)?
        }
        character => character,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_loose_json() {
        for (text, expected) in [
            (
                "{fields: ['title^3','artist^2'], defaultOperator: 'and'}",
                json!({"fields": ["title^3", "artist^2"], "defaultOperator": "and"}),
            ),
            (r#"{"sort":"count","size":3}"#, json!({"sort": "count", "size": 3})),
            ("{}", json!({})),
            ("{buckets:[\"[1970,1979]\",'[2010,}']}", json!({"buckets": ["[1970,1979]", "[2010,}"]})),
            ("{defaultOperator: 50%}", json!({"defaultOperator": "50%"})),
            (r"{a: 'don\'t', b: true, c: -1.5}", json!({"a": "don't", "b": true, "c": -1.5})),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{a}", "{a:}", "{a:1,}", "['a'", "{a:1} b", "'a", &"[".repeat(100)] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_tried(text in r#"(\PC|[\{\}\[\]'":,\\]){0,40}"#) {
            let _ = parse(&text);
        }

        #[test]
        fn strict_json_is_loose_json(text in r#"[a-z"\\' ]{0,20}"#) {
            let value = json!({"key": [text]});
            prop_assert_eq!(parse(&value.to_string()), Some(value));
        }
    }
}
