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
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|wanted| wanted != etag) {
        return Asked::All;
    }
    let range = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return Asked::All };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if first >= size && (last.is_empty() || last.parse::<u64>().is_ok()) => Asked::Outside,
        (Ok(first), Ok(last)) if first <= last => Asked::Range { first, last: last.min(size - 1) },
        (Ok(first), Err(_)) if last.is_empty() => Asked::Range { first, last: size - 1 },
        (Err(_), Ok(0)) if first.is_empty() => Asked::Outside,
        (Err(_), Ok(length)) if first.is_empty() && size > 0 => {
            Asked::Range { first: size.saturating_sub(length), last: size - 1 }
        }
        _ => Asked::All,
    }
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
            ("bytes=99999999999999999999-", Asked::All),
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
