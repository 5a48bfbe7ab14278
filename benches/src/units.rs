//! What something asked of the tables.

use std::iter::Sum;
use std::ops::Add;

use tests::Call;

/// Calls and capacity units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Units {
    pub(crate) calls: usize,
    pub(crate) reads: f64,
    pub(crate) writes: f64,
}

impl Units {
    /// What these calls consumed, apart from looking for public keys, which happens at most every five seconds.
    pub(crate) fn of(calls: &[Call]) -> Self {
        calls.iter().filter(|call| call.tables != ["keys"]).map(Self::of_call).sum()
    }

    fn of_call(call: &Call) -> Self {
        match call.operation.as_str() {
            "GetItem" | "BatchGetItem" | "Query" => Self { calls: 1, reads: call.units, writes: 0.0 },
            _ => Self { calls: 1, reads: 0.0, writes: call.units },
        }
    }

    /// So much of it.
    pub(crate) fn times(self, times: f64) -> Self {
        Self { calls: self.calls, reads: self.reads * times, writes: self.writes * times }
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
        }
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}
