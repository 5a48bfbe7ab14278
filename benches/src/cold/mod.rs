//! Cold starts: each function as a process of its own under the Runtime API, beside hello worlds, all in turn, so that
//! what disturbs one disturbs the others.

mod rivals;
mod subject;

use std::time::Duration;

use mixtape::{Options, Stack};
use tests::Function;

use crate::Failure;
use crate::api::Api;
use crate::programs::{build, eprintln_progress, megabytes, memory, processor_time};
use crate::report::{millis, table};
use crate::scenario::Scenario;
use crate::times::Times;
use subject::Subject;

/// Events without I/O that a process answers while it is warm; the first ones are not counted.
const WARM: usize = 300;
const WARM_UP: usize = 50;
/// Repetitions in which warm events are sent, too.
const WARM_ROUNDS: usize = 5;
const HELLO: &str = "hello world in Rust";

/// What was measured of one subject.
#[derive(Default)]
struct Measured {
    /// From the start of the process to its first poll.
    poll: Times,
    /// Processor time until then: what others do on the machine is not in it.
    work: Times,
    /// From the start of the process to its first answer.
    answer: Times,
    warm: Times,
    /// Processor time of warm events, and how many they were. Waking up from waiting is not in it.
    warm_work: (Duration, u32),
    resident: u64,
    peak: u64,
}

impl Measured {
    /// Seconds of processor time that a warm event takes.
    fn warm_work_of_one(&self) -> Option<f64> {
        let (time, count) = self.warm_work;
        (count > 0).then(|| time.as_secs_f64() / f64::from(count))
    }
}

pub(crate) async fn run(names: &[String], repetitions: usize) -> Result<String, Failure> {
    let folder = build()?;
    let stack = Stack::start(Options::default()).await?;
    let api = Api::new(stack.url());
    let scenario = Scenario::prepare(&api).await?;
    stack.settle().await;
    stack.run_schedules().await;
    stack.settle().await;

    let mut subjects = vec![Subject::hello(HELLO, folder.join("hello"), Vec::new(), &stack)?];
    let mut absent = Vec::new();
    for rival in rivals::all() {
        match rival.start {
            Ok((program, script)) => {
                subjects.push(Subject::hello(rival.name, program, vec![script], &stack)?);
            }
            Err(why) => absent.push((rival.name, why)),
        }
    }
    for name in names {
        subjects.push(Subject::function(name, &folder, &stack, &scenario)?);
    }
    let mut measured: Vec<Measured> = subjects.iter().map(|_| Measured::default()).collect();
    for repetition in 0..repetitions {
        eprintln_progress(&format!("cold starts: repetition {} of {repetitions}", repetition + 1));
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            let once = start(subject, measured, repetition < WARM_ROUNDS).await;
            once.map_err(|error| format!("{}: {error}", subject.name))?;
        }
    }
    stack.stop().await;
    Ok(format!("{}\n{}", starts(&subjects, &measured, &absent), verdicts(&subjects, &measured)))
}

/// Starts a process, lets it answer its first event, and perhaps more, and ends it.
async fn start(subject: &Subject, measured: &mut Measured, is_warm_round: bool) -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let mut function = Function::start(&subject.program, scratch.path()).await;
    let polled = function.first_poll().await;
    measured.work.add(processor_time(function.process())?);
    let first = function.invoke(subject.first.clone()).await;
    let body = first.result.map_err(|why| format!("it failed: {why}"))?;
    if body.get("statusCode").is_some_and(|status| status != 200) {
        return Err(format!("its first answer is {body}").into());
    }
    measured.poll.add(polled - function.started);
    measured.answer.add(first.at - function.started);
    if is_warm_round && let Some(idle) = &subject.idle {
        for _ in 0..WARM_UP {
            function.invoke(idle.clone()).await;
        }
        let before = processor_time(function.process())?;
        for _ in 0..WARM {
            measured.warm.add(function.invoke(idle.clone()).await.took);
        }
        measured.warm_work.0 += processor_time(function.process())?.saturating_sub(before);
        measured.warm_work.1 += WARM as u32;
    }
    let (resident, peak) = memory(function.process())?;
    measured.resident = measured.resident.max(resident);
    measured.peak = measured.peak.max(peak);
    function.end().await;
    Ok(())
}

fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}

fn starts(subjects: &[Subject], measured: &[Measured], absent: &[(&str, String)]) -> String {
    let hello = &measured[0];
    let mut rows = Vec::new();
    for (subject, measured) in subjects.iter().zip(measured) {
        let warm = |share| match measured.warm.count() {
            0 => "–".to_owned(),
            _ => format!("{:.3} ms", measured.warm.quantile(share).as_secs_f64() * 1e3),
        };
        rows.push(vec![
            subject.name.clone(),
            millis(measured.poll.median()),
            millis(measured.poll.quantile(0.95)),
            format!("{:.2}", ratio(measured.poll.median(), hello.poll.median())),
            millis(measured.work.median()),
            format!("{:.2}", ratio(measured.work.median(), hello.work.median())),
            millis(measured.answer.median()),
            millis(measured.answer.quantile(0.95)),
            format!("{:.2}", ratio(measured.answer.median(), hello.answer.median())),
            warm(0.5),
            warm(0.99),
            measured.warm_work_of_one().map_or("–".to_owned(), |time| format!("{:.3} ms", time * 1e3)),
            megabytes(measured.resident),
            megabytes(measured.peak),
        ]);
    }
    for (name, why) in absent {
        let mut row = vec![format!("{name}: {why}")];
        row.resize(14, "–".to_owned());
        rows.push(row);
    }
    let columns = [
        "function",
        "start to first poll, median",
        "p95",
        "× hello",
        "processor time of it, median",
        "× hello",
        "start to first answer, median",
        "p95",
        "× hello",
        "warm, no I/O, p50",
        "p99",
        "processor time of one, mean",
        "resident",
        "peak",
    ];
    table(&columns, &rows)
}

/// Whether the goals were met.
fn verdicts(subjects: &[Subject], measured: &[Measured]) -> String {
    let hello = measured[0].poll.median();
    let python = subjects.iter().position(|subject| subject.name.contains("Python"));
    let http = || subjects.iter().zip(measured).filter(|(subject, _)| is_http(subject));
    let worst = |value: &dyn Fn(&Measured) -> f64| {
        http()
            .map(|(subject, measured)| (value(measured), subject.name.as_str()))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let mut rows = Vec::new();
    let mut row = |what: &str, value: String, goal: &str, is_met: bool| {
        let verdict = if is_met { "yes" } else { "no" };
        rows.push(vec![what.to_owned(), value, goal.to_owned(), verdict.to_owned()]);
    };
    if let Some((value, name)) = worst(&|measured| ratio(measured.poll.median(), hello)) {
        row("slowest start against hello world", format!("{value:.2} ({name})"), "≤ 1.5", value <= 1.5);
    }
    if let Some(python) = python.map(|place| measured[place].poll.median())
        && let Some((value, name)) = worst(&|measured| 1.0 / ratio(python, measured.poll.median()))
    {
        let times = 1.0 / value;
        row("Python's start against the slowest", format!("{times:.0} × ({name})"), "≥ 30 ×", times >= 30.0);
    }
    if let Some((value, name)) = worst(&|measured| measured.warm.median().as_secs_f64() * 1e3) {
        row(
            "slowest warm event without I/O, p50",
            format!("{value:.3} ms ({name})"),
            "≤ 0.2 ms",
            value <= 0.2,
        );
    }
    let work = |measured: &Measured| measured.warm_work_of_one().unwrap_or_default() * 1e3;
    if let Some((value, name)) = worst(&work) {
        let value_and_name = format!("{value:.3} ms ({name})");
        row(
            "processor time of a warm event without I/O, mean, the most",
            value_and_name,
            "≤ 0.2 ms",
            value <= 0.2,
        );
    }
    // Those that decode pictures or hold an index are no plain resource functions.
    let plain =
        http().filter(|(subject, _)| !["images", "search", "insights"].contains(&subject.name.as_str()));
    if let Some((bytes, name)) =
        plain.map(|(subject, measured)| (measured.resident, subject.name.as_str())).max()
    {
        let value = format!("{} ({name})", megabytes(bytes));
        row("largest plain function, resident", value, "≤ 32 MB", bytes <= 32_000_000);
    }
    table(&["goal", "measured", "limit", "met"], &rows)
}

fn is_http(subject: &Subject) -> bool {
    subject.idle.is_some() && !subject.name.starts_with("hello")
}
