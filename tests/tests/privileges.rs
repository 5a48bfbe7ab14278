//! Whether functions may do what they do, and nothing else. It runs after all other tests and looks at what they
//! caused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics fails, and its helpers with it"
)]

use std::collections::{BTreeMap, BTreeSet};

use mixtape::SearchWith;
use tests::privileges::record::{Record, is_of_all_tests};
use tests::privileges::{Grant, Policies};

const EXCEPTIONS: &str = include_str!("../privileges.md");

fn granted() -> BTreeSet<Grant> {
    let backends = [SearchWith::Template, SearchWith::CloudSearch];
    backends.into_iter().flat_map(|search| Policies::get(search).grants()).cloned().collect()
}

/// The cells of the table under a heading, without the marks of code.
fn table(heading: &str) -> Vec<Vec<String>> {
    let section = EXCEPTIONS.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells =
        |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(!rows.is_empty() && rows.iter().flatten().all(|cell| !cell.is_empty()), "{heading}: {rows:?}");
    rows
}

fn lines(grants: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    grants.into_iter().map(|grant| format!("\n  {grant}")).collect()
}

/// A line for each function and resource, with what it may do there.
fn as_markdown(grants: &BTreeSet<Grant>) -> String {
    let mut actions: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for grant in grants {
        let partition = grant.partition.as_ref().map(|pattern| format!(" ({pattern})")).unwrap_or_default();
        let place = (grant.function.clone(), format!("{}{partition}", grant.resource));
        actions.entry(place).or_default().insert(&grant.action);
    }
    let mut text = "| function | resource | actions |\n| --- | --- | --- |\n".to_owned();
    for ((function, resource), actions) in actions {
        let service = actions.first().and_then(|action| action.split(':').next()).unwrap().to_owned();
        let verbs: Vec<&str> = actions.iter().filter_map(|action| action.split(':').nth(1)).collect();
        text.push_str(&format!("| {function} | `{resource}` | {service}: {} |\n", verbs.join(", ")));
    }
    text
}

#[test]
#[cfg_attr(deployed, ignore = "the roles of a deployment record nothing")]
fn functions_may_do_what_they_do_and_nothing_else() {
    if !is_of_all_tests() {
        println!("skipped: only some tests were chosen, so that not all calls were seen");
        return;
    }
    let record = Record::take().expect(
        "this compares what the tests of `main` have caused, which has to run first: cargo test -p tests",
    );
    let denied: BTreeSet<Grant> = record.denied.into_iter().collect();
    assert!(denied.is_empty(), "called and not granted in template.yaml:{}", lines(denied));

    let granted = granted();
    let called: BTreeSet<Grant> = record.called.into_iter().collect();
    let exceptions = table("Granted, and used by Lambda");
    let is_exception = |grant: &Grant| {
        exceptions.iter().any(|row| {
            let is_resource = row[1]
                .strip_prefix('*')
                .map_or(grant.resource == row[1], |end| grant.resource.ends_with(end));
            row[0] == grant.action && is_resource
        })
    };
    println!("{}", as_markdown(&granted));
    let unused: Vec<&Grant> = granted.difference(&called).filter(|grant| !is_exception(grant)).collect();
    assert!(
        unused.is_empty(),
        "granted in template.yaml and called by no test: take it away, or write the test that needs it:{}",
        lines(unused)
    );
    let needless: Vec<&Grant> = called.iter().filter(|grant| is_exception(grant)).collect();
    assert!(needless.is_empty(), "called, so that tests/privileges.md need not list it:{}", lines(needless));
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_exceptions_are_those_that_there_are() {
    let granted = granted();
    for row in table("Granted, and used by Lambda") {
        let end = row[1].trim_start_matches('*');
        let is_granted = granted.iter().any(|grant| grant.action == row[0] && grant.resource.ends_with(end));
        assert!(is_granted, "tests/privileges.md lists what is not granted: {row:?}");
    }
    let wildcards = granted.iter().flat_map(|grant| [Some(grant.resource.clone()), grant.partition.clone()]);
    let wildcards: BTreeSet<String> = wildcards.flatten().filter(|pattern| pattern.contains('*')).collect();
    let listed: BTreeSet<String> = table("Wildcards").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(wildcards, listed, "the wildcards of template.yaml, and those of tests/privileges.md");
    assert!(granted.iter().all(|grant| !grant.action.contains('*')), "an action is no single verb");
}
