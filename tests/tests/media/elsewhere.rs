//! Objects in a store that is compatible with S3, instead of the stack's own.

use std::collections::BTreeMap;

use mixtape::template::Template;
use mixtape::{Options, Stack};
use mixtape_settings::S3Store;
use serde_json::{Value, json};
use tests::World;

use super::{announcement, fixture, objects, put};

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs two stacks of its own")]
async fn a_stack_keeps_and_plays_its_objects_elsewhere() {
    let elsewhere = World::unattended().await;
    let stores = elsewhere.stack().app().settings.stores.clone().unwrap();
    let s3 = S3Store {
        endpoint: stores.s3.clone(),
        region: "us-east-1".to_owned(),
        access_key: stores.access_key,
        secret_key: stores.secret_key,
    };
    let here = World::with(Options { s3: Some(s3), ..World::options() }).await;
    let ada = here.sign_up("ada").await;
    let bytes = fixture("id3v24.mp3");
    let announced = ada.post("/v1/uploads", announcement("a.mp3", &bytes)).await.expect(201);
    assert!(announced["upload"]["url"].as_str().unwrap().starts_with(&stores.s3), "{announced}");
    assert_eq!(put(&announced["upload"], bytes.clone()).await, 200);
    let mut event: Value = serde_json::from_str(include_str!("../../../events/ingest.json")).unwrap();
    let id = announced["id"].as_str().unwrap();
    event["detail"]["object"]["key"] = json!(format!("uploads/{}/{id}", ada.id()));
    assert_eq!(here.invoke("ingest", event).await["status"], "ready");
    here.settle().await;

    let upload = ada.get(&format!("/v1/uploads/{id}")).await.expect(200);
    let track = format!("/v1/tracks/{}", upload["track_id"].as_str().unwrap());
    let address = ada.get(&format!("{track}/stream?redirect=0")).await.expect(200);
    let address = address["url"].as_str().unwrap().to_owned();
    assert!(address.starts_with(&stores.s3), "{address}");
    assert_eq!(reqwest::get(&address).await.unwrap().bytes().await.unwrap(), bytes);
    let kept = objects(&elsewhere).await;
    assert!(kept.iter().any(|key| key.starts_with("audio/")), "{kept:?}");
    assert!(
        elsewhere.store().objects.list("index/").await.unwrap().iter().any(|key| key.ends_with("meta.json"))
    );
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
