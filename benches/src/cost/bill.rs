//! Arithmetic, and its tables.

use std::collections::BTreeMap;

use mixtape::template::Template;
use mixtape_telemetry::Metric;

use super::listens::{Counting, FOLDED, SUMMARIES};
use super::model::{Model, Scale};
use super::{DAYS, memory};
use crate::Failure;
use crate::report::table;
use crate::routes::function_of;
use crate::units::Units;

/// Codes of errors that occur every month, each of which is a metric.
const ERROR_CODES: usize = 8;

/// The bill that is aimed at, and for how many.
const GOAL_DOLLARS: f64 = 5.0;
const GOAL_LISTENERS: f64 = 1000.0;
/// The length of a track.
const TRACK_HOURS: f64 = 3.5 / 60.0;

/// What a month takes, by the names of `prices.yaml`.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage {
    amounts: BTreeMap<&'static str, f64>,
    /// Of the writes, those that listens and their counting take.
    listen_writes: f64,
    sound_gets: f64,
    sound_gb: f64,
    /// What is sent to listeners.
    sent_gb: f64,
}

impl Usage {
    pub(super) fn new(
        model: &Model,
        scale: &Scale,
        template: &Template,
        asked: &BTreeMap<String, Units>,
        counting: &Counting,
    ) -> Result<Self, Failure> {
        let mut usage = Self::default();
        let listens = scale.listens(model);
        let each = model.activity.listens_a_request as f64;
        for request in &model.activity.requests {
            let times = scale.active() * request.times * DAYS;
            let objects = request.object_gets / request.times;
            usage.ask(model, template, (&request.route, asked[&request.route]), times, objects)?;
            usage.sound_gets += scale.active() * request.sound_gets * DAYS;
        }
        let sends = asked.iter().find(|(name, _)| name.starts_with("POST /v1/listens"));
        let (name, units) = sends.ok_or("sending listens was not measured")?;
        usage.ask(model, template, (name, *units), listens / each, 0.0)?;
        usage.listen_writes += units.writes * listens / each;
        usage.count(model, template, counting, listens)?;
        usage.sent_gb = listens * model.sizes.track_mb / 1e3;
        usage.sound_gb = scale.tracks * model.sizes.track_mb / 1e3;
        let alarms =
            template.resources.values().filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
        usage.add("alarms", alarms.count() as f64);
        usage.add("metrics", (Metric::ALL.len() + ERROR_CODES) as f64);
        let pictures = scale.tracks / 10.0 * model.sizes.cover_kb / 1e6;
        usage.add("s3_gb_months", usage.sound_gb + pictures);
        usage.add("s3_gets", usage.sound_gets);
        usage.add("egress_gb", usage.sent_gb);
        let kilobytes = scale.tracks * model.sizes.track_kb
            + scale.listeners * model.sizes.listener_kb
            + listens * 12.0 * counting.bytes / 1e3;
        usage.add("dynamodb_gb_months", kilobytes / 1e6);
        usage.add("dynamodb_backup_gb_months", kilobytes / 1e6);
        usage.add("log_gb_months", usage.amount("log_gb"));
        Ok(usage)
    }

    fn amount(&self, name: &str) -> f64 {
        self.amounts.get(name).copied().unwrap_or_default()
    }

    fn add(&mut self, name: &'static str, amount: f64) {
        *self.amounts.entry(name).or_default() += amount;
    }

    /// A function runs so often.
    fn run(&mut self, model: &Model, memory: f64, times: f64, calls: f64, objects: f64) {
        let billed = &model.billed;
        let millis = billed.base_ms + calls * billed.table_call_ms + objects * billed.object_call_ms;
        self.add("lambda_requests", times);
        self.add("lambda_gb_seconds", times * memory / 1024.0 * millis / 1e3);
        self.add("log_gb", times * billed.function_line_bytes / 1e9);
        self.add("metrics_log_gb", times * billed.metrics_bytes / 1e9);
    }

    /// A route is asked for so often.
    fn ask(
        &mut self,
        model: &Model,
        template: &Template,
        (route, units): (&str, Units),
        times: f64,
        objects: f64,
    ) -> Result<(), Failure> {
        self.add("http_api_requests", times);
        self.add("log_gb", times * model.billed.gateway_line_bytes / 1e9);
        self.run(model, memory(template, function_of(template, route)?)?, times, units.calls as f64, objects);
        self.add("dynamodb_reads", times * units.reads);
        self.add("dynamodb_writes", times * units.writes);
        self.add("s3_gets", times * objects);
        Ok(())
    }

    /// So many listens are counted.
    fn count(
        &mut self,
        model: &Model,
        template: &Template,
        counting: &Counting,
        listens: f64,
    ) -> Result<(), Failure> {
        let entries = listens / model.activity.listens_a_request as f64;
        let runs = entries / counting.together as f64;
        self.run(model, memory(template, "tally")?, runs, counting.calls_a_run, 0.0);
        self.add("dynamodb_reads", listens * counting.units.reads);
        self.add("dynamodb_writes", listens * counting.units.writes);
        self.listen_writes += listens * counting.units.writes;
        let objects = entries / FOLDED * SUMMARIES.0 + runs / FOLDED * SUMMARIES.1;
        self.add("s3_puts", objects);
        self.add("s3_gets", objects);
        Ok(())
    }
}

/// A month in dollars.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    usage: Usage,
    lines: BTreeMap<&'static str, f64>,
    after_free: BTreeMap<&'static str, f64>,
    /// What is sent, by way of a CDN, and its requests; what a store without charges for it takes instead of S3.
    cdn: f64,
    elsewhere: f64,
}

impl Bill {
    pub(super) fn new(model: &Model, usage: Usage) -> Result<Self, Failure> {
        let price = |name: &str, amount: f64| {
            let price = model.prices.get(name).ok_or_else(|| format!("prices.yaml has no {name}"))?;
            Ok::<_, Failure>(amount / price.per * price.dollars)
        };
        let mut lines = BTreeMap::new();
        let mut after_free = BTreeMap::new();
        for (name, amount) in &usage.amounts {
            let free = model.free.get(*name).copied().unwrap_or_default();
            lines.insert(*name, price(name, *amount)?);
            after_free.insert(*name, price(name, (amount - free).max(0.0))?);
        }
        let over = |name: &str, amount: f64| {
            let free = model.free.get(name).copied().unwrap_or_default();
            price(name, (amount - free).max(0.0))
        };
        let cdn = over("cdn_gb", usage.sent_gb)? + over("cdn_requests", usage.sound_gets)?;
        let elsewhere = over("r2_gb_months", usage.sound_gb)?
            + over("r2_gets", usage.amount("s3_gets"))?
            + over("r2_puts", usage.amount("s3_puts"))?;
        Ok(Self { usage, lines, after_free, cdn, elsewhere })
    }

    fn sum(lines: &BTreeMap<&'static str, f64>, names: &[&str]) -> f64 {
        names.iter().filter_map(|name| lines.get(name)).sum()
    }
}

/// The parts of a bill that are shown, and what they are the sum of.
const PARTS: [(&str, &[&str]); 6] = [
    ("gateway", &["http_api_requests"]),
    ("compute", &["lambda_requests", "lambda_gb_seconds"]),
    ("tables", &["dynamodb_reads", "dynamodb_writes"]),
    ("storage", &["dynamodb_gb_months", "dynamodb_backup_gb_months", "s3_gb_months"]),
    ("requests to the bucket", &["s3_puts", "s3_gets"]),
    ("logs", &["log_gb", "log_gb_months"]),
];

pub(super) fn tables(model: &Model, bills: &[(&Scale, Bill)]) -> String {
    let mut text = String::from("\n### The bill of a month\n\nIn US dollars, without any free tier.\n\n");
    let dollars = |value: f64| format!("{value:.2}");
    let all: Vec<&str> = PARTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut rows = Vec::new();
    let mut row = |what: String, value: &dyn Fn(&Bill) -> f64| {
        rows.push(
            [what].into_iter().chain(bills.iter().map(|(_, bill)| dollars(value(bill)))).collect::<Vec<_>>(),
        );
    };
    for (part, names) in PARTS {
        row(part.to_owned(), &|bill| Bill::sum(&bill.lines, names));
    }
    row("**without egress**".to_owned(), &|bill| Bill::sum(&bill.lines, &all));
    row("the same after what is always free".to_owned(), &|bill| Bill::sum(&bill.after_free, &all));
    row("metrics and alarms, which are chosen, beside that".to_owned(), &|bill| {
        Bill::sum(&bill.after_free, &["metrics", "metrics_log_gb", "alarms"])
    });
    let writes = model.prices.get("dynamodb_writes").map_or(0.0, |price| price.dollars / price.per);
    row("of it writes for listens and their counts".to_owned(), &|bill| bill.usage.listen_writes * writes);
    row("egress from S3".to_owned(), &|bill| bill.lines["egress_gb"]);
    row("instead, through a CDN (always free part deducted)".to_owned(), &|bill| bill.cdn);
    row(
        "instead, with objects in R2 (the same; replaces S3's storage and requests, too)".to_owned(),
        &|bill| bill.elsewhere,
    );
    let heads: Vec<String> = bills
        .iter()
        .map(|(scale, _)| format!("{} listeners, {:.0} % a day", scale.listeners, scale.active * 100.0))
        .collect();
    let columns: Vec<&str> = [""].into_iter().chain(heads.iter().map(String::as_str)).collect();
    text += &table(&columns, &rows);
    text += &affordable(model, bills).unwrap_or_default();
    text += "\n### The arithmetic\n\nAmounts of a month, and what they come to.\n\n";
    let names: Vec<&str> = bills.first().map_or(Vec::new(), |(_, bill)| bill.lines.keys().copied().collect());
    let mut rows = Vec::new();
    for name in names {
        let price = &model.prices[name];
        let cells = bills
            .iter()
            .map(|(_, bill)| format!("{} → {}", amount(bill.usage.amount(name)), dollars(bill.lines[name])));
        let head = [name.replace('_', " "), format!("{} / {}", price.dollars, amount(price.per))];
        rows.push(head.into_iter().chain(cells).collect::<Vec<_>>());
    }
    let columns: Vec<&str> = ["", "price"].into_iter().chain(heads.iter().map(String::as_str)).collect();
    text += &table(&columns, &rows);
    text += &format!(
        "\nPrices as known in {}, from what others have published of these pages; check them before you rely on a bill:\n\n",
        model.as_of
    );
    let sources: std::collections::BTreeSet<&str> =
        model.prices.values().map(|price| price.source.as_str()).collect();
    sources.iter().for_each(|source| text += &format!("- <{source}>\n"));
    text
}

/// How much a thousand may hear before the bill is the one that was set as a goal: between two of the bills, which are
/// straight lines in between.
fn affordable(model: &Model, bills: &[(&Scale, Bill)]) -> Option<String> {
    let all: Vec<&str> = PARTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let known = bills.iter().filter(|(scale, _)| scale.listeners == GOAL_LISTENERS);
    let mut known = known.map(|(scale, bill)| (scale.active, Bill::sum(&bill.lines, &all)));
    let ((low, cheap), (high, dear)) = (known.next()?, known.next()?);
    let active = low + (GOAL_DOLLARS - cheap) * (high - low) / (dear - cheap);
    let hours = active * model.activity.tracks_heard * DAYS * TRACK_HOURS;
    Some(format!(
        "\n{GOAL_DOLLARS} dollars pay for {GOAL_LISTENERS} listeners who hear {hours:.1} hours a month each: {:.0} % of \
         them {} tracks on a day.\n",
        active * 100.0,
        model.activity.tracks_heard
    ))
}

fn amount(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 100.0 => format!("{value:.0}"),
        value => format!("{value:.2}"),
    }
}
