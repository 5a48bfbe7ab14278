//! The header `Range`, [RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14), as far as one range.

use axum::http::{HeaderMap, header};

/// Which bytes somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing in particular, or something that may be ignored: several ranges, other units, another version.
    All,
    /// From the first to the last, both included and inside.
    Range { first: u64, last: u64 },
    /// None that there are.
    Outside,
}

/// Reads what is asked of something with this ETag and size.
pub(crate) fn ask(headers: &HeaderMap, etag: &str, size: u64) -> Asked {
    if headers.get(header::IF_RANGE).is_some_and(|wanted| wanted.as_bytes() != etag.as_bytes()) {
        return Asked::All;
    }
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let range = range.and_then(|range| range.trim().split_once('='));
    let range = range.filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = range.and_then(|(_, range)| range.split_once('-')) else { return Asked::All };
    match (position(first), position(last)) {
        (Some(first), Some(last)) if first > last => Asked::All,
        (Some(first), _) if first >= size && (last.is_empty() || position(last).is_some()) => Asked::Outside,
        (Some(first), Some(last)) => Asked::Range { first, last: last.min(size - 1) },
        (Some(first), None) if last.is_empty() => Asked::Range { first, last: size - 1 },
        (None, Some(0)) if first.is_empty() => Asked::Outside,
        (None, Some(length)) if first.is_empty() && size > 0 => {
            Asked::Range { first: size.saturating_sub(length), last: size - 1 }
        }
        _ => Asked::All,
    }
}

/// A number of digits alone; one that is too large is as good as the largest.
fn position(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let range = |first, last| Asked::Range { first, last };
        for (text, expected) in [
            ("bytes=0-", range(0, 99)),
            ("bytes=0-0", range(0, 0)),
            ("bytes=10-19", range(10, 19)),
            ("bytes=90-1000", range(90, 99)),
            ("bytes=-10", range(90, 99)),
            ("bytes=-1000", range(0, 99)),
            ("bytes=100-", Asked::Outside),
            ("bytes=100-200", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=20-10", Asked::All),
            ("bytes=0-1,5-6", Asked::All),
            ("items=0-1", Asked::All),
            ("bytes=a-b", Asked::All),
            ("bytes=", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=99999999999999999999-", Asked::Outside),
            ("Bytes=0-5", range(0, 5)),
            ("bytes=+5-+7", Asked::All),
            ("bytes= 0 - 5 ", Asked::All),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, text.parse().unwrap())]);
            assert_eq!(ask(&headers, "\"a\"", 100), expected, "{text}");
        }
        let mut headers = HeaderMap::from_iter([(header::RANGE, "bytes=0-1".parse().unwrap())]);
        headers.insert(header::IF_RANGE, "\"b\"".parse().unwrap());
        assert_eq!(ask(&headers, "\"a\"", 100), Asked::All);
        assert_eq!(ask(&headers, "\"b\"", 100), range(0, 1));
    }
}
