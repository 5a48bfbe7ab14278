//! Objects in a store that is compatible with S3, instead of the stack's own.

use std::collections::BTreeMap;

use mixtape::template::Template;
use mixtape::{Options, Stack};
use mixtape_settings::S3Store;
use serde_json::{Value, json};
use tests::{Fault, When, World};

use super::uploads::long_wav;
use super::{announcement, fixture, objects, put};

/// The object store of another stack.
fn s3_of(elsewhere: &World) -> S3Store {
    let stores = elsewhere.stack().app().settings.stores.clone().unwrap();
    S3Store {
        endpoint: stores.s3,
        region: "us-east-1".to_owned(),
        access_key: stores.access_key,
        secret_key: stores.secret_key,
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs two stacks of its own")]
async fn a_stack_keeps_and_plays_its_objects_elsewhere() {
    let elsewhere = World::unattended().await;
    let s3 = s3_of(&elsewhere);
    let endpoint = s3.endpoint.clone();
    let here = World::with(Options { s3: Some(s3), ..World::options() }).await;
    let ada = here.sign_up("ada").await;
    let bytes = fixture("id3v24.mp3");
    let announced = ada.post("/v1/uploads", announcement("a.mp3", &bytes)).await.expect(201);
    assert!(announced["upload"]["url"].as_str().unwrap().starts_with(&endpoint), "{announced}");
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    let complete = announced["upload"]["complete_url"].as_str().unwrap();
    assert_eq!(complete, format!("{path}/complete"));
    // Said too early, it does no harm.
    ada.post(complete, Value::Null).await.expect(200);
    here.settle().await;
    assert_eq!(put(&announced["upload"], bytes.clone()).await, 200);
    here.settle().await;
    let waiting = ada.get(&path).await.expect(200);
    assert_eq!(
        (&waiting["status"], &waiting["upload"]["complete_url"]),
        (&json!("waiting"), &json!(complete))
    );
    ada.post(complete, Value::Null).await.expect(200);
    here.settle().await;
    // Said again, it changes nothing.
    let upload = ada.post(complete, Value::Null).await.expect(200);
    assert_eq!(upload["status"], "ready", "{upload}");
    let track = format!("/v1/tracks/{}", upload["track_id"].as_str().unwrap());
    let address = ada.get(&format!("{track}/stream?redirect=0")).await.expect(200);
    let address = address["url"].as_str().unwrap().to_owned();
    assert!(address.starts_with(&endpoint), "{address}");
    assert_eq!(reqwest::get(&address).await.unwrap().bytes().await.unwrap(), bytes);
    let kept = objects(&elsewhere).await;
    assert!(kept.iter().any(|key| key.starts_with("audio/")), "{kept:?}");
    assert!(
        elsewhere.store().objects.list("index/").await.unwrap().iter().any(|key| key.ends_with("meta.json"))
    );
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs two stacks of its own")]
async fn a_file_in_parts_arrives_elsewhere_although_the_first_request_to_join_them_broke_off() {
    let elsewhere = World::unattended().await;
    let here = World::with_dynamodb(Options { s3: Some(s3_of(&elsewhere)), ..World::options() }).await;
    let ada = here.sign_up("ada").await;
    let bytes = long_wav(65 << 20);
    let announced = ada.post("/v1/uploads", announcement("long.wav", &bytes)).await.expect(201);
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    let size = usize::try_from(announced["upload"]["part_size_bytes"].as_u64().unwrap()).unwrap();
    for (part, bytes) in announced["upload"]["parts"].as_array().unwrap().iter().zip(bytes.chunks(size)) {
        assert_eq!(put(part, bytes.to_vec()).await, 200);
    }
    let complete = announced["upload"]["complete_url"].as_str().unwrap();
    // The parts are one file then, and nobody was told.
    here.dynamodb().fail("TransactWriteItems", "media", Fault::Refused, When::Before, 1);
    assert!(ada.post(complete, Value::Null).await.status >= 500);
    here.settle().await;
    let left = ada.get(&path).await.expect(200);
    assert_eq!(json!([left["status"], left["upload"]["parts"]]), json!(["waiting", []]), "{left}");
    let complete = left["upload"]["complete_url"].as_str().unwrap();
    ada.post(complete, Value::Null).await.expect(200);
    here.settle().await;
    assert_eq!(ada.get(&path).await.expect(200)["status"], "ready");
}

#[test]
#[cfg_attr(deployed, ignore = "reads the template")]
fn the_template_names_the_store_and_where_its_credentials_are() {
    let parameters =
        [("S3Endpoint", "https://s3.example.org"), ("S3Bucket", "music"), ("S3Secret", "mixtape-s3")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let template = Template::load(&BTreeMap::from(parameters)).unwrap();
    let environment = &template.function("tracks").unwrap().environment;
    assert_eq!(environment["S3_ENDPOINT"], "https://s3.example.org");
    assert_eq!(environment["BUCKET"], "music");
    for (name, field) in
        [("S3_ACCESS_KEY_ID", "access_key_id"), ("S3_SECRET_ACCESS_KEY", "secret_access_key")]
    {
        let reference = format!("{{{{resolve:secretsmanager:mixtape-s3:SecretString:{field}}}}}");
        assert_eq!(environment[name], reference);
    }
    let environment =
        &Template::load(&BTreeMap::new()).unwrap().function("tracks").unwrap().environment.clone();
    assert_eq!((environment["S3_ENDPOINT"].as_str(), environment["S3_ACCESS_KEY_ID"].as_str()), ("", ""));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "is about the local stack")]
async fn a_local_stack_says_that_it_cannot_read_the_credentials() {
    let parameters =
        [("S3Endpoint", "https://s3.example.org"), ("S3Bucket", "music"), ("S3Secret", "mixtape-s3")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options = Options { parameters: BTreeMap::from(parameters), ..World::options() };
    let refused = Stack::start(options).await.err().unwrap();
    assert!(refused.to_string().starts_with("S3Endpoint cannot be set here"), "{refused}");
}
