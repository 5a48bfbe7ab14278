//! A page of another origin uploads, plays and seeks, in a real browser where one is installed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use base64::Engine;
use serde_json::{Value, json};
use tests::World;
use tokio::net::TcpListener;

use super::tone;

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Nobody is there to click.
    "--autoplay-policy=no-user-gesture-required",
];

/// What the page does. Its last argument takes the result.
const SCRIPT: &str = r#"
const [api, token, file, done] = arguments;
const steps = [];
const wait = (target, event) => new Promise((resolve, reject) => {
  target.addEventListener(event, resolve, { once: true });
  target.addEventListener("error", () => reject(new Error(event + ": " + (target.error?.message ?? "error"))), { once: true });
  setTimeout(() => reject(new Error("no " + event)), 45000);
});
const call = async (method, path, body) => {
  const headers = { authorization: "Bearer " + token };
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(path + ": " + answer.status + " " + await answer.text());
  return answer.json();
};
(async () => {
  const bytes = Uint8Array.from(atob(file), character => character.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = [...digest].map(byte => byte.toString(16).padStart(2, "0")).join("");
  const announcement = { filename: "tone.wav", content_type: "audio/wav", size_bytes: bytes.length, sha256 };
  const announced = await call("POST", "/v1/uploads", announcement);
  const { method, url, headers } = announced.upload;
  // A browser sets the length by itself and lets nobody else do it.
  const { "content-length": _, ...allowed } = headers;
  const sent = await fetch(url, { method, headers: allowed, body: bytes });
  if (!sent.ok) throw new Error("upload: " + sent.status);
  steps.push("uploaded");
  let upload;
  do {
    await new Promise(resolve => setTimeout(resolve, 100));
    upload = await call("GET", "/v1/uploads/" + announced.id);
  } while (upload.status === "waiting" || upload.status === "processing");
  steps.push(upload.status);
  const audio = new Audio();
  audio.crossOrigin = "anonymous";
  audio.preload = "metadata";
  audio.src = api + "/v1/tracks/" + upload.track_id + "/stream";
  await wait(audio, "loadedmetadata");
  steps.push("loaded");
  await audio.play();
  await wait(audio, "timeupdate");
  steps.push("played");
  const seeked = wait(audio, "seeked");
  audio.currentTime = 45;
  await seeked;
  await wait(audio, "timeupdate");
  steps.push("seeked");
  const range = await fetch(audio.src, { headers: { range: "bytes=100-199" } });
  const part = { status: range.status, range: range.headers.get("content-range"), bytes: (await range.arrayBuffer()).byteLength };
  done({ steps, duration: audio.duration, time: audio.currentTime, error: null, part });
})().catch(error => done({ steps, error: String(error) }));
"#;

/// A WebDriver, which ends with this value.
struct Driver {
    process: Child,
    http: reqwest::Client,
    address: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    async fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().ok()?;
        let address = format!("http://127.0.0.1:{port}");
        let driver = Self { process, http: reqwest::Client::new(), address };
        for _ in 0..200 {
            if driver.http.get(format!("{}/status", driver.address)).send().await.is_ok() {
                return Some(driver);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("chromedriver does not answer");
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.address)).json(&body).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        assert!(body["value"]["stacktrace"].is_null(), "{path}: {body}");
        body["value"].clone()
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn a_page_of_another_origin_uploads_plays_and_seeks() {
    let Some(driver) = Driver::start().await else {
        println!("skipped: chromedriver is not installed");
        return;
    };
    let page = Router::new().route("/", get(async || Html("<!doctype html><title>player</title>")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, page).await });
    // Only this origin, so that the answers have to name it.
    let world = World::with_parameters(&[("CorsOrigins", &origin)]).await;
    let ada = world.sign_up("ada").await;

    let options = json!({ "args": ARGUMENTS });
    let capabilities = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
    let session = driver.post("/session", capabilities).await;
    let session = format!("/session/{}", session["sessionId"].as_str().unwrap());
    driver.post(&format!("{session}/timeouts"), json!({ "script": 240_000 })).await;
    driver.post(&format!("{session}/url"), json!({ "url": origin })).await;
    let file = base64::engine::general_purpose::STANDARD.encode(minute());
    let body = json!({ "script": SCRIPT, "args": [world.stack().url(), ada.token(), file] });
    let result = driver.post(&format!("{session}/execute/async"), body).await;
    let _ = driver.http.delete(format!("{}{session}", driver.address)).send().await;

    assert_eq!(result["error"], Value::Null, "{result}");
    assert_eq!(result["steps"], json!(["uploaded", "ready", "loaded", "played", "seeked"]));
    assert!((result["duration"].as_f64().unwrap() - 60.0).abs() < 0.1, "{result}");
    assert!(result["time"].as_f64().unwrap() >= 45.0, "{result}");
    assert_eq!((&result["part"]["status"], &result["part"]["bytes"]), (&json!(206), &json!(100)), "{result}");
    assert!(result["part"]["range"].as_str().unwrap().starts_with("bytes 100-199/"), "{result}");
}

/// A tone of a minute.
fn minute() -> Vec<u8> {
    let second = tone(220);
    let (header, data) = second.split_at(44);
    let mut bytes = header.to_vec();
    (0..60).for_each(|_| bytes.extend(data));
    let size = u32::try_from(bytes.len() - 44).unwrap();
    bytes[4..8].copy_from_slice(&(size + 36).to_le_bytes());
    bytes[40..44].copy_from_slice(&size.to_le_bytes());
    bytes
}
