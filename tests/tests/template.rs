//! What the template, the code and the layout promise each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mixtape::template::Template;
use serde_json::Value;

fn template() -> Template {
    Template::load(&BTreeMap::new()).unwrap()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The files under a folder whose name ends like this, with their content.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no {ending}");
    found
}

/// Fails for every line that holds one of these, comments apart.
fn must_not_hold(files: &[(PathBuf, String)], words: &[&str], allowed: &[&str]) {
    let mut found = Vec::new();
    for (path, content) in files {
        if allowed.iter().any(|allowed| path.starts_with(workspace().join(allowed))) {
            continue;
        }
        for (number, line) in content.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn all_sources() -> Vec<(PathBuf, String)> {
    ["common", "functions", "infra", "tests"].iter().flat_map(|folder| files(folder, ".rs")).collect()
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_template_has_the_routes_of_the_document_and_no_others() {
    let document: Value = serde_json::from_str(&mixtape::openapi::document().unwrap()).unwrap();
    let documented: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let deployed: BTreeSet<String> = template().routes.into_iter().map(|route| route.path).collect();
    assert_eq!(documented, deployed);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_document_that_is_served_is_current() {
    let served = std::fs::read_to_string(workspace().join("functions/meta/openapi.json")).unwrap();
    let current = mixtape::openapi::document().unwrap();
    assert!(served == current, "run: cargo run -- openapi functions/meta/openapi.json");
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn every_function_is_deployed_and_has_a_sample_event() {
    let deployed: BTreeSet<String> = template().functions.into_iter().map(|function| function.name).collect();
    let folders: BTreeSet<String> = std::fs::read_dir(workspace().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(deployed, folders);
    let samples = files("events", ".json");
    for (path, content) in &samples {
        assert!(serde_json::from_str::<Value>(content).is_ok(), "{}", path.display());
    }
    for function in deployed {
        let is_for_it = |path: &Path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            name == function || name.starts_with(&format!("{function}-"))
        };
        assert!(samples.iter().any(|(path, _)| is_for_it(path)), "events/ has no sample for {function}");
        let main = workspace().join(format!("functions/{function}/src/main.rs"));
        let lines = std::fs::read_to_string(main).unwrap().lines().count();
        assert!(lines <= 20, "the main of {function} has {lines} lines");
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn policies_name_single_verbs_on_resources_of_this_stack() {
    let template = template();
    let mut count = 0;
    for (logical_id, resource) in &template.resources {
        let documents = resource["Properties"]["Policies"].as_array().cloned().unwrap_or_default();
        let documents = documents.iter().chain([&resource["Properties"]["PolicyDocument"]]);
        for statement in
            documents.flat_map(|document| document["Statement"].as_array().cloned().unwrap_or_default())
        {
            if statement["Effect"] != "Allow" {
                continue;
            }
            let texts = |value: &Value| match value {
                Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
                other => vec![other.as_str().unwrap().to_owned()],
            };
            for action in texts(&statement["Action"]) {
                let (service, verb) = action.split_once(':').unwrap();
                assert!(!service.is_empty() && !verb.contains('*'), "{logical_id}: {action}");
                count += 1;
            }
            for arn in texts(&statement["Resource"]) {
                let owner = arn.split('.').next().unwrap();
                assert!(template.resources.contains_key(owner), "{logical_id}: {arn}");
            }
        }
    }
    assert!(count > 50);
}

/// What the template deploys, as tests/deployed.md may call it: its name, and its type.
fn deployed_things() -> Vec<(String, String)> {
    let mut things = Vec::new();
    for (name, resource) in template().resources {
        things.push((name.clone(), resource["Type"].as_str().unwrap().to_owned()));
        let events = resource["Properties"]["Events"].as_object().cloned().unwrap_or_default();
        let events = events.into_iter().map(|(event, described)| (event, described["Type"].clone()));
        things.extend(
            events.map(|(event, kind)| (format!("{name}.{event}"), kind.as_str().unwrap().to_owned())),
        );
        if resource["Properties"]["EventInvokeConfig"].is_object() {
            things.push((format!("{name}.EventInvokeConfig"), "EventInvokeConfig".to_owned()));
        }
    }
    things
}

/// Whether a module of these tests, or a command of deployed.py, does something in a deployment.
fn runs_in_a_deployment(name: &str) -> bool {
    if let Some(command) = name.strip_prefix("deployed.py ") {
        let script = std::fs::read_to_string(workspace().join("tests/deployed.sh")).unwrap();
        return script.contains(&format!("deployed.py --stack \"$stack\" {command}"));
    }
    let path = workspace().join("tests/tests").join(format!("{}.rs", name.replace("::", "/")));
    let Ok(source) = std::fs::read_to_string(path) else { return false };
    let heads = source.split("#[tokio::test").skip(1).filter_map(|test| test.split("fn ").next());
    heads.into_iter().any(|attributes| !attributes.contains("ignore"))
}

#[test]
#[cfg_attr(deployed, ignore = "reads the template")]
fn a_call_to_a_store_ends_before_the_function_and_the_function_before_the_gateway() {
    const GATEWAY: Duration = Duration::from_secs(30);
    let template = template();
    let answers: BTreeSet<String> = template.routes.iter().map(|route| route.function.clone()).collect();
    for function in &template.functions {
        assert!(mixtape_store::CALL_TIMEOUT * 2 < function.timeout, "{}", function.name);
        assert!(!answers.contains(&function.name) || function.timeout < GATEWAY, "{}", function.name);
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the template")]
fn what_costs_much_is_throttled_on_its_own() {
    let template = template();
    let settings = template.resources["Api"]["Properties"]["RouteSettings"].as_object().unwrap().clone();
    let most =
        template.resources["Api"]["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"].as_u64();
    for (route, limits) in &settings {
        let path = route.strip_prefix("ANY ").unwrap();
        assert!(template.routes.iter().any(|route| route.path == path), "{route} is no route");
        assert!(limits["ThrottlingRateLimit"].as_u64() < most, "{route}");
    }
    for path in ["/v1/accounts", "/v1/sessions", "/v1/me/password", "/v1/me/export"] {
        assert!(settings.contains_key(&format!("ANY {path}")), "{path}");
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn cargo_lambda_watch_serves_the_routes_of_the_template() {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.metadata.lambda.watch.router]\n").nth(1).unwrap();
    let lines = section.lines().take_while(|line| !line.is_empty());
    let watched: BTreeSet<(String, String)> = lines
        .map(|line| {
            let (path, function) = line.split_once(" = ").unwrap();
            (path.trim_matches('"').to_owned(), function.trim_matches('"').to_owned())
        })
        .collect();
    let routes = template().routes.into_iter().map(|route| (route.path, route.function));
    assert_eq!(watched, routes.collect());
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn every_resource_is_exercised_in_a_deployment_or_listed_with_the_reason_why_not() {
    let document = std::fs::read_to_string(workspace().join("tests/deployed.md")).unwrap();
    let section =
        document.split("\n## ").find(|section| section.starts_with("What of the template")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> =
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(listed.len(), rows.len(), "tests/deployed.md lists something twice");

    let things = deployed_things();
    let is_listed =
        |name: &String, kind: &String| [name, kind].iter().any(|one| listed.contains(one.as_str()));
    let missing: Vec<_> = things.iter().filter(|(name, kind)| !is_listed(name, kind)).collect();
    assert!(missing.is_empty(), "tests/deployed.md does not say what exercises {missing:?}");
    for row in rows {
        let [resource, is_exercised, how] = row[..] else { panic!("{row:?} has not three cells") };
        let resource = resource.trim_matches('`');
        assert!(
            things.iter().any(|(name, kind)| name == resource || kind == resource),
            "tests/deployed.md lists {resource}, which is not in the template"
        );
        let named: Vec<&str> = how.split('`').skip(1).step_by(2).collect();
        match is_exercised {
            "yes" => assert!(
                !named.is_empty() && named.iter().all(|name| runs_in_a_deployment(name)),
                "{resource}: not all of {named:?} run against a deployment"
            ),
            "no" => assert!(!how.is_empty(), "{resource}: why not?"),
            other => panic!("{resource}: {other} is neither yes nor no"),
        }
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_domain_knows_no_aws_no_http_and_nothing_async() {
    let words =
        ["aws", "lambda", "axum", "tokio", "hyper", "reqwest", "mixtape-store", "mixtape-http", "futures"];
    must_not_hold(&files("common/domain", "Cargo.toml"), &words, &[]);
    let words = [
        "aws_",
        "lambda_",
        "axum",
        "tokio",
        "http::",
        "async ",
        ".await",
        "SystemTime",
        "std::env",
        "std::fs",
    ];
    must_not_hold(&files("common/domain", ".rs"), &words, &[]);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn media_knows_bytes_and_nothing_else() {
    let words =
        ["aws", "lambda", "axum", "tokio", "hyper", "reqwest", "mixtape-store", "mixtape-http", "futures"];
    must_not_hold(&files("common/media", "Cargo.toml"), &words, &[]);
    let words = ["aws_", "lambda_", "axum", "tokio", "http::", "async ", ".await", "std::env", "std::fs"];
    must_not_hold(&files("common/media/src", ".rs"), &words, &[]);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn only_the_store_knows_dynamodb_and_s3() {
    let allowed = ["common/store", "tests/tests/template.rs"];
    must_not_hold(&all_sources(), &["aws_sdk_dynamodb", "aws_sdk_s3"], &allowed);
    let manifests: Vec<_> =
        ["common", "functions", "infra"].iter().flat_map(|folder| files(folder, "Cargo.toml")).collect();
    must_not_hold(&manifests, &["aws-sdk-dynamodb", "aws-sdk-s3"], &allowed);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn only_the_index_and_its_set_up_know_cloudsearch() {
    let allowed =
        ["common/index", "infra/cloudsearch", "infra/cloudsearch-local/tests", "tests/tests/template.rs"];
    must_not_hold(&all_sources(), &["aws_sdk_cloudsearch"], &allowed);
    let manifests: Vec<_> =
        ["common", "functions", "infra"].iter().flat_map(|folder| files(folder, "Cargo.toml")).collect();
    let allowed = ["common/index", "infra/cloudsearch", "infra/cloudsearch-local"];
    must_not_hold(&manifests, &["aws-sdk-cloudsearch"], &allowed);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn a_domain_is_used_only_where_it_is_chosen() {
    let actions = |parameters: &[(&str, &str)]| {
        let parameters =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let template = Template::load(&parameters).unwrap();
        let mut found = Vec::new();
        for (logical_id, resource) in &template.resources {
            let policies = resource["Properties"]["Policies"].as_array().cloned().unwrap_or_default();
            let statements = policies
                .iter()
                .flat_map(|policy| policy["Statement"].as_array().cloned().unwrap_or_default());
            for statement in statements.filter(|statement| statement.to_string().contains("cloudsearch")) {
                found.push(format!("{logical_id} {} {}", statement["Action"], statement["Resource"]));
            }
        }
        found
    };
    assert!(actions(&[]).is_empty());
    let arn = "\"arn:aws:cloudsearch:us-east-1:000000000000:domain/music\"";
    assert_eq!(
        actions(&[("SearchBackend", "cloudsearch"), ("CloudSearchDomain", "music")]),
        [
            format!("IndexerFunction [\"cloudsearch:document\",\"cloudsearch:search\"] {arn}"),
            format!("SearchFunction \"cloudsearch:search\" {arn}"),
        ]
    );
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn no_function_names_another() {
    let names: Vec<String> = template().functions.into_iter().map(|function| function.name).collect();
    for name in &names {
        let others: Vec<String> = names.iter().filter(|other| *other != name).cloned().collect();
        let words: Vec<String> = others.iter().map(|other| format!("{other}.workspace")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        must_not_hold(&files(&format!("functions/{name}"), "Cargo.toml"), &words, &[]);
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_environment_is_read_in_one_place() {
    let allowed = ["common/settings", "tests/build.rs", "tests/src/deployed.rs", "tests/tests/template.rs"];
    must_not_hold(&all_sources(), &["env::var", "env::vars"], &allowed);
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn nothing_scans_a_table() {
    must_not_hold(&files("common/store", ".rs"), &[".scan()", "Scan"], &[]);
    for resource in template().resources.values() {
        assert!(!resource.to_string().contains("dynamodb:Scan"));
    }
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn nothing_gpl_is_linked() {
    let deny = std::fs::read_to_string(workspace().join("deny.toml")).unwrap();
    let allow = deny.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
    let allowed: BTreeSet<&str> = allow.split('"').skip(1).step_by(2).collect();
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let license = package["license"].as_str().unwrap_or("none").replace('/', " OR ");
        assert!(is_allowed(&license, &allowed), "{}: {license}", package["name"]);
    }
}

/// Whether an SPDX expression can be fulfilled with these licences. Exceptions only add permissions.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let parts = split_outside_parentheses(expression, " AND ");
    if parts.len() > 1 {
        return parts.iter().all(|part| is_allowed(part, allowed));
    }
    let choices = split_outside_parentheses(expression, " OR ");
    if choices.len() > 1 {
        return choices.iter().any(|choice| is_allowed(choice, allowed));
    }
    let single = expression.trim();
    if let Some(inner) = single.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return is_allowed(inner, allowed);
    }
    allowed.contains(single.split(" WITH ").next().unwrap_or_default().trim())
}

fn split_outside_parentheses<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && place >= start && text[place..].starts_with(separator) => {
                parts.push(&text[start..place]);
                start = place + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
