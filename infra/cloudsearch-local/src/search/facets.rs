//! Facets: how many results have each value of a field, or a value in each of some ranges.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use serde_json::{Value as Json, json};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::SearchError;
use crate::layout;
use crate::loose_json;
use crate::model::Field;
use crate::query::parse_range;
use crate::value::{Kind, Value};

/// Values that are answered if the request does not say.
const DEFAULT_SIZE: usize = 10;
/// Most values that are answered, and most buckets.
const MAX_SIZE: usize = 10_000;
const MAX_BUCKETS: usize = 1024;

/// A facet that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Facet {
    field: String,
    kind: Kind,
    column: String,
    wanted: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    Values {
        by_value: bool,
        size: usize,
    },
    /// As written in the request, and what they hold.
    Buckets(Vec<(String, Bucket)>),
}

/// What one bucket counts. Numbers are mapped as in fast fields.
#[derive(Debug, Clone)]
enum Bucket {
    Numbers(u64, u64),
    Text(String),
    Nothing,
}

impl Facet {
    /// Reads the options of a facet.
    pub(crate) fn parse(field: &Field, options: &Json) -> Result<Self, SearchError> {
        let name = &field.name;
        let wrong = |what: &str| SearchError::invalid(format!("Invalid value for facet.{name}: {what}"));
        let column = layout::fast_name(field).filter(|_| field.can_facet());
        let column = column.ok_or_else(|| wrong("the field is not facet enabled"))?;
        let options = options.as_object().ok_or_else(|| wrong("the options must be a JSON object"))?;
        if let Some(unknown) = options.keys().find(|key| !["sort", "size", "buckets"].contains(&key.as_str()))
        {
            return Err(wrong(&format!("unknown option {unknown:?}")));
        }
        if let Some(buckets) = options.get("buckets") {
            if options.len() > 1 {
                return Err(wrong("buckets cannot be combined with sort or size"));
            }
            let buckets = buckets.as_array().ok_or_else(|| wrong("buckets must be an array"))?;
            if buckets.len() > MAX_BUCKETS {
                return Err(wrong(&format!("more than {MAX_BUCKETS} buckets")));
            }
            let read = |written: &Json| {
                let text = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
                let bucket = bucket(field.kind, &text).ok_or_else(|| wrong("a bucket cannot be read"))?;
                Ok((text, bucket))
            };
            let buckets = buckets.iter().map(read).collect::<Result<Vec<_>, SearchError>>()?;
            let wanted = Wanted::Buckets(buckets);
            return Ok(Self { field: name.clone(), kind: field.kind, column, wanted });
        }
        let by_value = match options.get("sort").map(Json::as_str) {
            None | Some(Some("count")) => false,
            Some(Some("bucket")) => true,
            _ => return Err(wrong("sort must be 'count' or 'bucket'")),
        };
        let size = match options.get("size") {
            None => DEFAULT_SIZE,
            Some(size) => {
                let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
                size.filter(|size| (1..=MAX_SIZE).contains(size))
                    .ok_or_else(|| wrong(&format!("size must be 1 to {MAX_SIZE}")))?
            }
        };
        let wanted = Wanted::Values { by_value, size };
        Ok(Self { field: name.clone(), kind: field.kind, column, wanted })
    }

    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// The facet as answers write it.
    pub(crate) fn answer(&self, counts: &Counts) -> Json {
        let buckets: Vec<Json> = match &self.wanted {
            Wanted::Buckets(buckets) => {
                let counted = buckets.iter().zip(&counts.buckets);
                counted.map(|((text, _), count)| json!({"value": text, "count": count})).collect()
            }
            Wanted::Values { by_value, size } => {
                let mut values: Vec<(&FacetValue, &u64)> = counts.values.iter().collect();
                values.sort();
                if !by_value {
                    // Values that occur equally often stay in their own order.
                    values.sort_by(|a, b| b.1.cmp(a.1));
                }
                values.truncate(*size);
                let written = values.into_iter().map(|(value, count)| (value.write(self.kind), count));
                written.map(|(value, count)| json!({"value": value, "count": count})).collect()
            }
        };
        json!({ "buckets": buckets })
    }
}

/// The options of all facets of a request by field, from `facet.FIELD=…` or from the SDKs' `facet={FIELD: …}`.
pub(crate) fn parse_options(name: &str, text: &str) -> Result<Json, SearchError> {
    loose_json::parse(text).ok_or_else(|| {
        SearchError::invalid(format!("Invalid value for {name}: the options must be a JSON object"))
    })
}

fn bucket(kind: Kind, text: &str) -> Option<Bucket> {
    if kind == Kind::Literal {
        return Some(Bucket::Text(text.to_owned()));
    }
    let number = |text: &str| kind.parse(text).and_then(|value| mapped(&value));
    let Some((from, to)) = parse_range(text) else {
        return number(text).map(|number| Bucket::Numbers(number, number));
    };
    let from = match from {
        Bound::Unbounded => Some(0),
        Bound::Included(text) => Some(number(&text)?),
        Bound::Excluded(text) => number(&text)?.checked_add(1),
    };
    let to = match to {
        Bound::Unbounded => Some(u64::MAX),
        Bound::Included(text) => Some(number(&text)?),
        Bound::Excluded(text) => number(&text)?.checked_sub(1),
    };
    Some(from.zip(to).map_or(Bucket::Nothing, |(from, to)| Bucket::Numbers(from, to)))
}

/// A number as fast fields hold it, in an order that is that of the numbers.
fn mapped(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) | Value::Date(number) => Some(tantivy::i64_to_u64(*number)),
        Value::Double(number) => Some(tantivy::f64_to_u64(*number)),
        Value::Text(_) | Value::Latlon(..) => None,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum FacetValue {
    Number(u64),
    Text(String),
}

impl FacetValue {
    fn write(&self, kind: Kind) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => match kind {
                Kind::Double => Value::Double(tantivy::u64_to_f64(*number)),
                Kind::Date => Value::Date(tantivy::u64_to_i64(*number)),
                _ => Value::Int(tantivy::u64_to_i64(*number)),
            }
            .write(),
        }
    }
}

/// What was counted for one facet.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    values: HashMap<FacetValue, u64>,
    buckets: Vec<u64>,
}

/// Counts facets over all results.
pub(crate) struct Counter(pub(crate) Vec<Facet>);

pub(crate) struct SegmentCounter(Vec<Counting>);

struct Counting {
    column: LocalColumn,
    buckets: Option<Vec<Bucket>>,
    bucket_counts: Vec<u64>,
    value_counts: HashMap<u64, u64>,
    /// The values of the present document.
    values: BTreeSet<u64>,
}

enum LocalColumn {
    None,
    Numbers(Column<u64>),
    Text(StrColumn),
}

impl Collector for Counter {
    type Fruit = Vec<Counts>;
    type Child = SegmentCounter;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentCounter> {
        let counting = self.0.iter().map(|facet| Counting::open(facet, reader));
        Ok(SegmentCounter(counting.collect::<tantivy::Result<_>>()?))
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Vec<Counts>>>) -> tantivy::Result<Vec<Counts>> {
        let mut all: Vec<Counts> = self.0.iter().map(|_| Counts::default()).collect();
        for segment in segments {
            for (sum, counts) in all.iter_mut().zip(segment?) {
                for (value, count) in counts.values {
                    *sum.values.entry(value).or_default() += count;
                }
                sum.buckets.resize(counts.buckets.len(), 0);
                for (sum, count) in sum.buckets.iter_mut().zip(counts.buckets) {
                    *sum += count;
                }
            }
        }
        for (sum, facet) in all.iter_mut().zip(&self.0) {
            // An index without segments has counted nothing.
            if let Wanted::Buckets(buckets) = &facet.wanted {
                sum.buckets.resize(buckets.len(), 0);
            }
        }
        Ok(all)
    }
}

impl Counting {
    fn open(facet: &Facet, reader: &SegmentReader) -> tantivy::Result<Self> {
        let fields = reader.fast_fields();
        let column = match facet.kind {
            Kind::Literal => fields.str(&facet.column)?.map(LocalColumn::Text),
            _ => fields.u64_lenient(&facet.column)?.map(|(column, _)| LocalColumn::Numbers(column)),
        };
        let column = column.unwrap_or(LocalColumn::None);
        let buckets = match &facet.wanted {
            Wanted::Values { .. } => None,
            Wanted::Buckets(buckets) => {
                let local = buckets.iter().map(|(_, bucket)| column.local(bucket));
                Some(local.collect::<std::io::Result<Vec<Bucket>>>()?)
            }
        };
        let bucket_counts = vec![0; buckets.as_ref().map_or(0, Vec::len)];
        let (value_counts, values) = (HashMap::new(), BTreeSet::new());
        Ok(Self { column, buckets, bucket_counts, value_counts, values })
    }

    fn count(&mut self, document: DocId) {
        self.values.clear();
        match &self.column {
            LocalColumn::None => {}
            LocalColumn::Numbers(column) => self.values.extend(column.values_for_doc(document)),
            LocalColumn::Text(column) => self.values.extend(column.ords().values_for_doc(document)),
        }
        let Some(buckets) = &self.buckets else {
            for value in &self.values {
                *self.value_counts.entry(*value).or_default() += 1;
            }
            return;
        };
        for (bucket, count) in buckets.iter().zip(&mut self.bucket_counts) {
            if let Bucket::Numbers(from, to) = bucket {
                *count += u64::from(self.values.iter().any(|value| (from..=to).contains(&value)));
            }
        }
    }

    fn counts(self) -> tantivy::Result<Counts> {
        let mut values = HashMap::new();
        for (value, count) in self.value_counts {
            let value = match &self.column {
                LocalColumn::Text(column) => {
                    let mut text = String::new();
                    column.ord_to_str(value, &mut text)?;
                    FacetValue::Text(text)
                }
                _ => FacetValue::Number(value),
            };
            values.insert(value, count);
        }
        Ok(Counts { values, buckets: self.bucket_counts })
    }
}

impl LocalColumn {
    /// A bucket in the numbers of this segment.
    fn local(&self, bucket: &Bucket) -> std::io::Result<Bucket> {
        Ok(match (self, bucket) {
            (Self::Text(column), Bucket::Text(text)) => {
                let ordinal = column.dictionary().term_ord(text)?;
                ordinal.map_or(Bucket::Nothing, |ordinal| Bucket::Numbers(ordinal, ordinal))
            }
            (_, Bucket::Text(_)) => Bucket::Nothing,
            (_, bucket) => bucket.clone(),
        })
    }
}

impl SegmentCollector for SegmentCounter {
    type Fruit = tantivy::Result<Vec<Counts>>;

    fn collect(&mut self, document: DocId, _: Score) {
        for counting in &mut self.0 {
            counting.count(document);
        }
    }

    fn harvest(self) -> tantivy::Result<Vec<Counts>> {
        self.0.into_iter().map(Counting::counts).collect()
    }
}
