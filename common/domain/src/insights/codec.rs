//! Rows as bytes.
//!
//! Numbers are of variable length, seven bits a byte and the lowest first
//! ([LEB128](https://en.wikipedia.org/wiki/LEB128)); signed ones are folded so that small ones stay short ("zigzag").
//! Rows are their number, then for each its kind (one byte), its key and its two counts. A key that is a small number
//! is one: the kind says which.

use super::rows::{key_number, number_key};
use super::{Count, Key, Kind, Row, Rows};

/// What was read is not what [`Encoder`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the counts cannot be read")]
pub struct DecodeError;

/// Writes numbers and rows.
#[derive(Debug, Default)]
pub struct Encoder(Vec<u8>);

/// Reads what [`Encoder`] wrote.
#[derive(Debug)]
pub struct Decoder<'a>(&'a [u8]);

fn has_small_keys(kind: Kind) -> bool {
    matches!(kind, Kind::Total | Kind::Day | Kind::Hour | Kind::Weekday)
}

impl Encoder {
    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    pub fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub fn rows(&mut self, rows: &Rows) {
        self.number(rows.len() as u64);
        for row in rows.iter() {
            self.0.push(row.kind as u8);
            if has_small_keys(row.kind) {
                self.number(u64::from(key_number(&row.key)));
            } else {
                self.0.extend(row.key);
            }
            self.signed(row.count.listens);
            self.signed(row.count.listening_ms);
        }
    }
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.0.split_first().ok_or(DecodeError)?;
        self.0 = rest;
        Ok(*first)
    }

    /// A number.
    ///
    /// # Errors
    /// There is none.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError)
    }

    /// A number that can be negative.
    ///
    /// # Errors
    /// There is none.
    pub fn signed(&mut self) -> Result<i64, DecodeError> {
        let folded = self.number()?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    fn key(&mut self, kind: Kind) -> Result<Key, DecodeError> {
        if has_small_keys(kind) {
            return Ok(number_key(u32::try_from(self.number()?).map_err(|_| DecodeError)?));
        }
        let (key, rest) = self.0.split_first_chunk().ok_or(DecodeError)?;
        self.0 = rest;
        Ok(*key)
    }

    /// Rows.
    ///
    /// # Errors
    /// There are none.
    pub fn rows(&mut self) -> Result<Rows, DecodeError> {
        let length = self.number()?;
        let row = |_| {
            let kind = *Kind::ALL.get(usize::from(self.byte()?)).ok_or(DecodeError)?;
            let key = self.key(kind)?;
            let count = Count { listens: self.signed()?, listening_ms: self.signed()? };
            Ok(Row { kind, key, count })
        };
        (0..length).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rows_of_one_listen_take_little_room() {
        let count = Count { listens: 1, listening_ms: 213_000 };
        let row = |kind, key| Row { kind, key, count };
        let rows: Rows = [
            Row::total(count),
            row(Kind::Hour, number_key(21)),
            row(Kind::Track, [7; 16]),
            row(Kind::Artist, [8; 16]),
            row(Kind::PrimaryArtist, [8; 16]),
            row(Kind::Album, [9; 16]),
            row(Kind::Genre, [10; 16]),
        ]
        .into_iter()
        .collect();
        let mut encoder = Encoder::default();
        encoder.rows(&rows);
        assert!(encoder.finish().len() < 120);
    }

    proptest! {
        #[test]
        fn rows_are_read_as_they_were_written(
            rows in prop::collection::vec((0..10_usize, any::<u32>(), -9..9_i64, any::<i32>()), 0..30)
        ) {
            let rows: Rows = rows
                .into_iter()
                .map(|(kind, key, listens, ms)| Row {
                    kind: Kind::ALL[kind],
                    key: number_key(key),
                    count: Count { listens, listening_ms: i64::from(ms) },
                })
                .collect();
            let mut encoder = Encoder::default();
            encoder.signed(i64::MIN);
            encoder.rows(&rows);
            encoder.number(u64::MAX);
            let bytes = encoder.finish();
            let mut decoder = Decoder::new(&bytes);
            prop_assert_eq!(decoder.signed(), Ok(i64::MIN));
            prop_assert_eq!(decoder.rows(), Ok(rows));
            prop_assert_eq!(decoder.number(), Ok(u64::MAX));
            prop_assert!(decoder.is_at_end());
            for end in 0..bytes.len() {
                let mut decoder = Decoder::new(&bytes[..end]);
                let all = decoder.signed().and_then(|_| decoder.rows()).and_then(|_| decoder.number());
                prop_assert_eq!(all, Err(DecodeError), "cut at {}", end);
            }
        }
    }
}
