//! The metrics that there are.

/// One metric. Its name in CloudWatch is [`Metric::name`], in Prometheus [`Metric::prometheus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    Requests,
    Latency,
    Events,
    EventAge,
    Errors,
    ColdStarts,
    DynamoDbCalls,
    DynamoDbReadUnits,
    DynamoDbWriteUnits,
    IndexGeneration,
    IndexBytes,
    Listens,
    Ingests,
}

/// What a metric's values are counted in, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Count,
    Milliseconds,
    None,
    Seconds,
}

/// How values of a metric go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They add up.
    Counter,
    /// The last one holds.
    Gauge,
    /// How they are spread is what matters.
    Histogram,
}

impl Metric {
    pub const ALL: [Self; 13] = [
        Self::Requests,
        Self::Latency,
        Self::Events,
        Self::EventAge,
        Self::Errors,
        Self::ColdStarts,
        Self::DynamoDbCalls,
        Self::DynamoDbReadUnits,
        Self::DynamoDbWriteUnits,
        Self::IndexGeneration,
        Self::IndexBytes,
        Self::Listens,
        Self::Ingests,
    ];

    /// The name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Latency => "Latency",
            Self::Events => "Events",
            Self::EventAge => "EventAge",
            Self::Errors => "Errors",
            Self::ColdStarts => "ColdStarts",
            Self::DynamoDbCalls => "DynamoDbCalls",
            Self::DynamoDbReadUnits => "DynamoDbReadUnits",
            Self::DynamoDbWriteUnits => "DynamoDbWriteUnits",
            Self::IndexGeneration => "IndexGeneration",
            Self::IndexBytes => "IndexBytes",
            Self::Listens => "Listens",
            Self::Ingests => "Ingests",
        }
    }

    /// The name in Prometheus, without the `_total` of counters: base units, as its naming conventions ask for
    /// (<https://prometheus.io/docs/practices/naming/>).
    pub const fn prometheus(self) -> &'static str {
        match self {
            Self::Requests => "mixtape_requests",
            Self::Latency => "mixtape_latency_seconds",
            Self::Events => "mixtape_events",
            Self::EventAge => "mixtape_event_age_seconds",
            Self::Errors => "mixtape_errors",
            Self::ColdStarts => "mixtape_cold_starts",
            Self::DynamoDbCalls => "mixtape_dynamodb_calls",
            Self::DynamoDbReadUnits => "mixtape_dynamodb_read_units",
            Self::DynamoDbWriteUnits => "mixtape_dynamodb_write_units",
            Self::IndexGeneration => "mixtape_index_generation",
            Self::IndexBytes => "mixtape_index_bytes",
            Self::Listens => "mixtape_listens",
            Self::Ingests => "mixtape_ingests",
        }
    }

    /// What it says.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Requests => "HTTP requests that were answered",
            Self::Latency => "Time from a request's arrival in the function to its answer",
            Self::Events => "Events that were handled, whatever came of it",
            Self::EventAge => "Time from what an event tells of to its being handled",
            Self::Errors => "Requests that were answered with a problem and events that failed, by code",
            Self::ColdStarts => "Invocations that were the first of their process",
            Self::DynamoDbCalls => "Calls to DynamoDB, without their repetitions",
            Self::DynamoDbReadUnits => "Read capacity units that DynamoDB says it used",
            Self::DynamoDbWriteUnits => "Write capacity units that DynamoDB says it used",
            Self::IndexGeneration => "Number of the search index's latest publication",
            Self::IndexBytes => "Size of the search index's files",
            Self::Listens => "Listens that were counted",
            Self::Ingests => "Uploaded files that became tracks",
        }
    }

    /// What its values are counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::EventAge => Unit::Seconds,
            Self::IndexGeneration => Unit::None,
            Self::IndexBytes => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// How its values go together.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Latency | Self::EventAge => Kind::Histogram,
            Self::IndexGeneration | Self::IndexBytes => Kind::Gauge,
            _ => Kind::Counter,
        }
    }
}

impl Unit {
    /// The name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "Bytes",
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
            Self::Seconds => "Seconds",
        }
    }
}
