//! What was heard how often: periods, counts, and what follows from them.
//!
//! Everything is counted in rows. A row says how often and how long something was heard, and rows add up: those of a
//! listen are [`Listen::rows`](crate::listen::Listen::rows), those of a stretch of time are the sum over its listens,
//! and a change is the difference of two sums.

mod change;
mod codec;
mod period;
mod rows;
mod streak;
mod trend;

pub use change::Change;
pub use codec::{DecodeError, Decoder, Encoder};
pub use period::{Day, Length, Period, Quarter};
pub use rows::{Count, Key, Kind, Ranked, Row, Rows, key_number, number_key};
pub use streak::{Streak, Streaks};
pub use trend::{HALF_LIFE_DAYS, TREND_DAYS, trending};
