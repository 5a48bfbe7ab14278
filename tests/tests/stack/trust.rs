//! Whom functions believe to be AWS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mixtape_domain::account::API_KEY_PREFIX;
use rcgen::CertifiedKey;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Function, Program, World, http_event};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::telemetry::ACCOUNTS;

/// A server behind TLS, with a certificate that nobody vouches for.
struct Unknown {
    address: String,
    certificate: String,
    /// Clients that believed it.
    believers: Arc<AtomicUsize>,
}

async fn unknown(server: &str) -> Unknown {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = server.trim_start_matches("http://").to_owned();
    let believers = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&believers);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, server, count) = (acceptor.clone(), server.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut client = acceptor.accept(connection).await?;
                count.fetch_add(1, Ordering::Relaxed);
                copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await
            });
        }
    });
    Unknown { address, certificate: cert.pem(), believers }
}

/// What a function answers to an API key that nobody has, whose tables are behind TLS.
async fn answer(world: &World, address: &str, authorities: &str) -> Value {
    let stores = world.stack().app().settings.stores.as_ref().unwrap();
    let mut program = Program::new(ACCOUNTS, "accounts", stores);
    program.environment.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), address.into());
    program.environment.insert("SSL_CERT_FILE".into(), authorities.into());
    let scratch = TempDir::new().unwrap();
    let mut function = Function::start(&program, scratch.path()).await;
    let key = format!("{API_KEY_PREFIX}{}", "A".repeat(86));
    let answer = function.invoke(http_event("GET", "/v1/me", &key, None)).await.result.unwrap();
    function.end().await;
    json!([
        answer["statusCode"],
        serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()["code"]
    ])
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "starts functions by itself")]
async fn a_function_tells_nothing_to_a_server_that_amazon_does_not_vouch_for() {
    let world = World::start().await;
    let stores = world.stack().app().settings.stores.as_ref().unwrap();
    let Unknown { address, certificate, believers } = unknown(&stores.dynamodb).await;
    assert_eq!(answer(&world, &address, "").await, json!([503, "unavailable"]));
    assert_eq!(believers.load(Ordering::Relaxed), 0);

    // The same server is asked when its certificate stands in the file of those that are trusted.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, certificate).unwrap();
    assert_eq!(answer(&world, &address, file.to_str().unwrap()).await, json!([401, "invalid_token"]));
    assert_eq!(believers.load(Ordering::Relaxed), 1);
}
