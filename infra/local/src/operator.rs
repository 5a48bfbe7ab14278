//! What an operator does to the data of a server, whether one is running or not.

use std::error::Error;
use std::path::Path;

use mixtape_events::EventError;
use serde_json::{Value, json};

use crate::control::Remote;
use crate::{Options, Stack, backend};

/// A running server, or the stack started for one command.
pub(crate) enum Server {
    Running(Remote),
    Own(Box<Stack>),
}

impl Server {
    pub(crate) async fn reach(data: &Path) -> Result<Self, Box<dyn Error>> {
        if let Some(remote) = Remote::find(data).await {
            return Ok(Self::Running(remote));
        }
        must_exist(data)?;
        let search = backend::last(data);
        let options = Options { data: Some(data.to_owned()), search, ..Options::default() };
        Ok(Self::Own(Box::new(Stack::start(options).await?)))
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Box<dyn Error>> {
        match self {
            Self::Running(remote) => remote.invoke(function, event).await,
            Self::Own(stack) => stack.invoke(function, event).await.map_err(|error| reason(&error).into()),
        }
    }

    async fn redrive(&self) -> Result<(usize, usize), Box<dyn Error>> {
        match self {
            Self::Running(remote) => remote.redrive().await,
            Self::Own(stack) => Ok(stack.redrive().await?),
        }
    }

    /// Where its API answers.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Running(remote) => remote.url().to_owned(),
            Self::Own(stack) => stack.url(),
        }
    }

    /// Whether it goes on when the command has ended.
    pub(crate) fn stays(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    pub(crate) async fn leave(self) {
        if let Self::Own(stack) = self {
            stack.settle().await;
            stack.stop().await;
        }
    }
}

/// A mistyped folder is not made, as if all were well.
pub(crate) fn must_exist(data: &Path) -> Result<(), String> {
    if data.exists() {
        return Ok(());
    }
    Err(format!("there is no data in {}; name the folder with --data DIR", data.display()))
}

/// Why a function refused, without what only another program would want to know.
pub(crate) fn reason(error: &EventError) -> &str {
    match error {
        EventError::Malformed(reason) | EventError::Retryable(reason) => reason,
    }
}

/// Makes an account an admin, or an ordinary one again.
pub(crate) async fn admin(data: &Path, username: &str, grant: bool) -> Result<String, Box<dyn Error>> {
    let server = Server::reach(data).await?;
    let event = json!({ "admin": { "username": username, "grant": grant } });
    let outcome = server.invoke("accounts", event).await;
    server.leave().await;
    let account = &outcome?["account"];
    let username = account["username"].as_str().unwrap_or(username);
    Ok(if grant {
        format!("{username} is an admin now. Sign in again, or renew the session, for a token that says so.")
    } else {
        format!("{username} is an ordinary account now.")
    })
}

/// Rebuilds the search index, slice by slice, as the function asks for.
pub(crate) async fn reindex(data: &Path) -> Result<String, Box<dyn Error>> {
    let server = Server::reach(data).await?;
    let outcome = reindex_all(async |event| server.invoke("indexer", event).await).await;
    server.leave().await;
    Ok(format!("The search index was rebuilt: {} documents were looked at.", outcome?))
}

/// Rebuilds the search index of a stack.
pub(crate) async fn reindex_stack(stack: &Stack) -> Result<u64, Box<dyn Error>> {
    reindex_all(async |event| stack.invoke("indexer", event).await.map_err(|error| reason(&error).into()))
        .await
}

/// Invokes the indexer until it is done; answers how many documents it looked at.
async fn reindex_all(
    invoke: impl AsyncFn(Value) -> Result<Value, Box<dyn Error>>,
) -> Result<u64, Box<dyn Error>> {
    let (mut after, mut count) = (Value::Null, 0);
    loop {
        let slice = invoke(json!({ "reindex": true, "after": after })).await?;
        count += slice["indexed"].as_u64().unwrap_or_default();
        if slice["done"] == true {
            return Ok(count);
        }
        if slice["next"] == after {
            return Err("the reindex does not advance".into());
        }
        after = slice["next"].clone();
    }
}

/// Looks for objects without an item and items without objects, slice by slice, and says what it found.
pub(crate) async fn sweep(data: &Path, repair: bool) -> Result<String, Box<dyn Error>> {
    let server = Server::reach(data).await?;
    let outcome = sweep_all(&server, repair).await;
    server.leave().await;
    let Swept { looked_at, without_item, without_objects, repaired } = outcome?;
    let mut lines = vec![format!("{looked_at} looked at.")];
    lines.extend(without_item.iter().map(|name| format!("belongs to nothing: {name}")));
    lines.extend(without_objects.iter().map(|name| format!("has lost its objects: {name}")));
    if repair {
        lines.push(format!("{repaired} deleted."));
    } else if !without_item.is_empty() {
        lines.push("Delete what belongs to nothing with --repair.".to_owned());
    }
    Ok(lines.join("\n"))
}

#[derive(Default)]
struct Swept {
    looked_at: u64,
    without_item: Vec<String>,
    without_objects: Vec<String>,
    repaired: u64,
}

async fn sweep_all(server: &Server, repair: bool) -> Result<Swept, Box<dyn Error>> {
    let mut swept = Swept::default();
    let mut after = Value::Null;
    loop {
        let slice =
            server.invoke("cleanup", json!({ "sweep": { "repair": repair, "after": after } })).await?;
        let names = |list: &str| -> Vec<String> {
            let items = slice[list].as_array().into_iter().flatten();
            items.filter_map(|name| name.as_str().map(str::to_owned)).collect()
        };
        swept.looked_at += slice["looked_at"].as_u64().unwrap_or_default();
        swept.repaired += slice["repaired"].as_u64().unwrap_or_default();
        swept.without_item.extend(names("objects_without_item"));
        swept.without_objects.extend(names("items_without_objects"));
        if slice["done"] == true {
            return Ok(swept);
        }
        if slice["next"] == after {
            return Err("the sweep does not advance".into());
        }
        after = slice["next"].clone();
    }
}

/// Delivers dead letters once more.
pub(crate) async fn redrive(data: &Path) -> Result<String, Box<dyn Error>> {
    let server = Server::reach(data).await?;
    let outcome = server.redrive().await;
    server.leave().await;
    let (handled, failed) = outcome?;
    Ok(format!("{handled} were handled now, {failed} failed again."))
}
