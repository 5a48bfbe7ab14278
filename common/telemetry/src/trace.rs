//! Calls of traced invocations, told to the daemon of X-Ray that runs beside every function which is traced.
//!
//! Lambda makes a segment of each invocation; a call becomes a subsegment of it:
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>. The daemon takes one in a datagram,
//! after a line that says what it is: <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html>.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

const HEAD: &str = "{\"format\": \"json\", \"version\": 1}\n";

/// A call to a service of AWS that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// For example `DynamoDB`.
    pub service: &'a str,
    /// For example `GetItem`.
    pub operation: &'a str,
    pub began: SystemTime,
    /// Of the last answer, if there was one.
    pub status: Option<u16>,
}

/// Where calls are told.
#[derive(Debug)]
pub(crate) struct Daemon(UdpSocket);

impl Daemon {
    /// The daemon at this address. Without one that can be reached nothing is traced, which is no reason not to run.
    pub(crate) fn at(address: &str) -> Option<Self> {
        let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.connect(address).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self(socket))
    }
}

/// The trace that an invocation belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    daemon: Arc<Daemon>,
    id: String,
    /// The segment of the invocation.
    parent: String,
}

impl Trace {
    /// Reads a header like `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. Nothing, unless
    /// this invocation is one of those that are traced.
    pub(crate) fn read(header: &str, daemon: &Arc<Daemon>) -> Option<Self> {
        let field =
            |name| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let is_sampled = field("Sampled") == Some("1");
        let (id, parent) = (field("Root")?.to_owned(), field("Parent")?.to_owned());
        is_sampled.then(|| Self { daemon: Arc::clone(daemon), id, parent })
    }

    pub(crate) fn tell(&self, call: &Call<'_>, ended: SystemTime) {
        let text = format!("{HEAD}{}", self.subsegment(call, ended));
        // One that is lost is missed by nobody.
        let _ = self.daemon.0.send(text.as_bytes());
    }

    fn subsegment(&self, call: &Call<'_>, ended: SystemTime) -> serde_json::Value {
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let mut segment = json!({
            "name": call.service,
            "id": format!("{:016x}", rand::random::<u64>()),
            "trace_id": self.id,
            "parent_id": self.parent,
            "type": "subsegment",
            "namespace": "aws",
            "start_time": seconds(call.began),
            "end_time": seconds(ended),
            "aws": { "operation": call.operation },
        });
        match call.status {
            Some(status) => {
                segment["http"] = json!({ "response": { "status": status } });
                if status >= 500 {
                    segment["fault"] = json!(true);
                } else if status >= 400 {
                    segment["error"] = json!(true);
                }
            }
            None => segment["fault"] = json!(true),
        }
        segment
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn daemon() -> (Arc<Daemon>, UdpSocket) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        (Arc::new(Daemon::at(&socket.local_addr().unwrap().to_string()).unwrap()), socket)
    }

    #[test]
    fn only_what_is_sampled_is_traced() {
        let (daemon, _socket) = daemon();
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=";
        assert!(Trace::read(&format!("{header}1;Lineage=1:a:0"), &daemon).is_some());
        for other in [&format!("{header}0"), "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", ""] {
            assert!(Trace::read(other, &daemon).is_none(), "{other}");
        }
    }

    #[test]
    fn a_call_is_a_subsegment_of_the_invocation() {
        let (daemon, socket) = daemon();
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let trace = Trace::read(header, &daemon).unwrap();
        let began = UNIX_EPOCH + Duration::from_millis(1_790_000_000_250);
        let told = |status| {
            let call = Call { service: "DynamoDB", operation: "GetItem", began, status };
            trace.tell(&call, began + Duration::from_millis(500));
            let mut datagram = [0; 2000];
            let length = socket.recv(&mut datagram).unwrap();
            let text = std::str::from_utf8(&datagram[..length]).unwrap();
            let (head, body) = text.split_once('\n').unwrap();
            assert_eq!(head, r#"{"format": "json", "version": 1}"#);
            serde_json::from_str::<serde_json::Value>(body).unwrap()
        };
        let mut segment = told(Some(200));
        let id = segment.as_object_mut().unwrap().remove("id").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 16);
        assert_eq!(
            segment,
            json!({
                "name": "DynamoDB", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
                "parent_id": "53995c3f42cd8ad8", "type": "subsegment", "namespace": "aws",
                "start_time": 1_790_000_000.25, "end_time": 1_790_000_000.75,
                "aws": { "operation": "GetItem" }, "http": { "response": { "status": 200 } },
            })
        );
        assert_eq!((&told(Some(400))["error"], &told(Some(503))["fault"]), (&json!(true), &json!(true)));
        assert_eq!(told(None)["fault"], true);
    }
}
