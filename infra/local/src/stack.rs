//! Everything that template.yaml deploys, in this process.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures::future::{BoxFuture, join_all};
use mixtape_domain::Clock;
use mixtape_events::EventError;
use mixtape_http::App;
use mixtape_settings::{S3Store, Settings};
use mixtape_store::Store;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::functions::Functions;
use crate::metrics::{self, Metrics};
use crate::notifications::{self, Notifications};
use crate::pump::{DeadLetters, Events, Pump};
use crate::scheduler::Scheduler;
use crate::server::serve;
use crate::shutdown::Shutdown;
use crate::stores::{CloudSearch, Reach, Stores, Tables};
use crate::template::Template;
use crate::{StartError, gateway};

/// How long requests that are being answered may take once the stack stops.
const DRAIN: Duration = Duration::from_secs(5);

/// How a stack is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API answers; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the object store answers, to which browsers are sent; port 0 takes a free one.
    pub objects: SocketAddr,
    /// Where everything is kept; without it, nothing outlives the stack.
    pub data: Option<PathBuf>,
    /// Overrides of the template's parameters, for example `Registration` = `closed`.
    pub parameters: BTreeMap<String, String>,
    /// What answers searches.
    pub search: SearchWith,
    /// Where objects are kept instead of in the embedded store, in a bucket of the same name. The embedded one then
    /// tells of no uploads.
    pub s3: Option<S3Store>,
    /// How long one shuffle of the home page lasts, instead of the template's schedule.
    pub shuffle_every: Option<Duration>,
    /// The time that handlers and schedules see.
    pub clock: Clock,
    /// The first pause before a failed delivery is tried again; it doubles from there.
    pub retry_base: Duration,
    /// What stands between the functions and DynamoDB.
    pub dynamodb_proxy: Option<Proxy>,
    /// What stands in front of the object store.
    pub objects_front: Option<Front>,
    /// What stands between the functions and the CloudSearch-compatible endpoint.
    pub cloudsearch_proxy: Option<Proxy>,
    /// Whether streams and schedules start functions; without it, only requests do.
    pub runs_events: bool,
    /// Whether functions share what they know of keys and revoked tokens, as one process can. On AWS each knows its
    /// own.
    pub shares_identity: bool,
}

/// What answers searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchWith {
    /// What the template's parameters say, which is the embedded index unless they are overridden.
    #[default]
    Template,
    /// An endpoint that is compatible with Amazon CloudSearch.
    CloudSearch,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            objects: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: None,
            parameters: BTreeMap::new(),
            search: SearchWith::default(),
            s3: None,
            shuffle_every: None,
            clock: Clock::system(),
            retry_base: Duration::from_millis(100),
            dynamodb_proxy: None,
            objects_front: None,
            cloudsearch_proxy: None,
            runs_events: true,
            shares_identity: true,
        }
    }
}

/// Starts something in front of an embedded service: it is given the service's address and answers its own.
#[derive(Clone)]
pub struct Proxy(Arc<dyn Fn(String) -> BoxFuture<'static, String> + Send + Sync>);

impl Proxy {
    /// A proxy that this function starts.
    pub fn new<F>(start: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        Self(Arc::new(move |address| Box::pin(start(address))))
    }

    pub(crate) async fn start(&self, address: String) -> String {
        (self.0)(address).await
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proxy")
    }
}

/// Puts something in front of an embedded service, in the same process.
#[derive(Clone)]
pub struct Front(Arc<dyn Fn(Router) -> Router + Send + Sync>);

impl Front {
    /// What this function makes of the service.
    pub fn new(wrap: impl Fn(Router) -> Router + Send + Sync + 'static) -> Self {
        Self(Arc::new(wrap))
    }

    pub(crate) fn wrap(&self, service: Router) -> Router {
        (self.0)(service)
    }
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Front")
    }
}

/// The running stack. It stops when [`Stack::stop`] is called or, without waiting for anything, when it is dropped.
pub struct Stack {
    address: SocketAddr,
    app: App,
    functions: Functions,
    tables: Tables,
    pump: Option<Pump>,
    uploads: Option<Notifications>,
    schedulers: Vec<Scheduler>,
    dead_letters: DeadLetters,
    /// The address of the CloudSearch-compatible endpoint, if there is one.
    cloudsearch: Option<String>,
    /// The gateway and what events start; they stop before the stores that they use.
    front: Layer,
    stores: Layer,
    /// Held until the stack is gone.
    _folder: Folder,
}

/// Tasks that stop together.
#[derive(Default)]
struct Layer {
    shutdown: Shutdown,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Layer {
    fn add(&self, tasks: impl IntoIterator<Item = JoinHandle<()>>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
    }

    async fn stop(&self) {
        self.shutdown.start();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        if tokio::time::timeout(DRAIN, join_all(tasks)).await.is_err() {
            tracing::warn!(
                "not everything finished in time; what was not finished is repeated at the next start"
            );
        }
    }
}

enum Folder {
    Kept { _lock: File },
    Temporary { _folder: TempDir },
}

impl Stack {
    /// Starts everything; when this returns, the API answers.
    ///
    /// # Errors
    /// The port or the data folder is in use, the data folder was made by a version that is too different, or the
    /// template is not one that this program can stand in for.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let mut template = Template::load(&options.parameters)?;
        let listener = TcpListener::bind(options.listen).await.map_err(StartError::listen(options.listen))?;
        let address = listener.local_addr().map_err(StartError::listen(options.listen))?;
        let (folder, path) = open_folder(options.data.as_deref())?;
        let (front, back) = (Layer::default(), Layer::default());
        let mut cloudsearch = None;
        if options.search == SearchWith::CloudSearch {
            let (started, task) =
                CloudSearch::start(&path, options.cloudsearch_proxy.as_ref(), &back.shutdown).await?;
            back.add([task]);
            // The template is read again as it is deployed with a domain.
            let mut parameters = options.parameters.clone();
            parameters.extend(started.parameters());
            template = Template::load(&parameters)?;
            cloudsearch = Some(started.address);
        }
        let is_kept = options.data.is_some();
        let reach = Reach {
            objects: options.objects,
            objects_front: options.objects_front.as_ref(),
            dynamodb: options.dynamodb_proxy.as_ref(),
        };
        let (announcer, announced) = notifications::channel();
        let (stores, tasks) =
            Stores::start(&path, &template, is_kept, &reach, announcer, &back.shutdown).await?;
        back.add(tasks);

        let mut settings = settings(&template)?;
        settings.stores = Some(stores.settings);
        if settings.s3.is_some() {
            return Err(StartError::NeedsAws { parameter: "S3Endpoint" });
        }
        settings.s3 = options.s3;
        settings.scratch_dir = path.join("scratch");
        settings.shuffle_every = options.shuffle_every.unwrap_or(settings.shuffle_every);
        let store = Store::connect(&settings).await;
        let app = App::new(store, settings, options.clock.clone());
        let metrics = Metrics::new();
        let functions = Functions::new(&app, options.shares_identity, metrics.clone()).await;
        let dead_letters = DeadLetters::open(&path).map_err(StartError::folder(&path))?;
        let beside =
            Router::new().route("/metrics", get(metrics::get)).with_state((metrics, dead_letters.clone()));
        let router = gateway::router(&template, &functions)?.merge(beside);
        let events = Events {
            functions: functions.clone(),
            dead_letters: dead_letters.clone(),
            retry_base: options.retry_base,
            shutdown: front.shutdown.clone(),
        };
        let mut pump = None;
        let mut uploads = None;
        let mut schedulers = Vec::new();
        if options.runs_events {
            let (started, tasks) = Pump::start(&template, &stores.tables, &path, &events)?;
            pump = Some(started);
            front.add(tasks);
            let rules = template.object_events.clone();
            let (started, task) =
                Notifications::start(announced, rules, stores.objects, options.clock.clone(), events.clone());
            uploads = Some(started);
            front.add([task]);
        }
        for mut schedule in template.schedules.iter().filter(|_| options.runs_events).cloned() {
            schedule.every = options.shuffle_every.unwrap_or(schedule.every);
            let (scheduler, task) = Scheduler::start(schedule, &options.clock, &events);
            schedulers.push(scheduler);
            front.add([task]);
        }
        front.add([serve(listener, router, &front.shutdown)]);
        Ok(Self {
            address,
            app,
            functions,
            tables: stores.tables,
            pump,
            uploads,
            schedulers,
            dead_letters,
            cloudsearch,
            front,
            stores: back,
            _folder: folder,
        })
    }

    /// Where the API answers, for example `http://127.0.0.1:3000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of the CloudSearch-compatible endpoint, if that is what answers searches.
    pub fn cloudsearch(&self) -> Option<&str> {
        self.cloudsearch.as_deref()
    }

    /// What the handlers are given: the stores, the clock, the settings.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What a function that runs by itself has in its environment to work on these stores, a variable a line.
    pub fn environment(&self) -> String {
        let settings = &self.app.settings;
        let stores = settings.stores.as_ref();
        let of_stores = stores.map(|stores| {
            [
                ("AWS_ACCESS_KEY_ID", stores.access_key.as_str()),
                ("AWS_ENDPOINT_URL_DYNAMODB", &stores.dynamodb),
                ("AWS_ENDPOINT_URL_S3", &stores.s3),
                ("AWS_REGION", "us-east-1"),
                ("AWS_SECRET_ACCESS_KEY", &stores.secret_key),
            ]
        });
        let others = [("BUCKET", settings.bucket.as_str()), ("TABLE_PREFIX", &settings.table_prefix)];
        let lines = of_stores.iter().flatten().chain(&others);
        lines.map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    /// The embedded DynamoDB.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// What event functions gave up on.
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.dead_letters
    }

    /// Invokes a function with an event, as an operator can.
    ///
    /// # Errors
    /// The function answers an error, or takes no events.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, EventError> {
        self.functions.invoke(function, event).await
    }

    /// Waits until all events that were caused so far have been handled, and those that these caused, and the current
    /// slot of every schedule.
    pub async fn settle(&self) {
        if let Some(uploads) = &self.uploads {
            uploads.settle().await;
        }
        if let Some(pump) = &self.pump {
            pump.settle().await;
        }
        for scheduler in &self.schedulers {
            scheduler.settle().await;
        }
    }

    /// Runs the schedules for the current slot once more, because there is more data than before.
    pub async fn run_schedules(&self) {
        for scheduler in &self.schedulers {
            scheduler.again().await;
        }
    }

    /// Delivers what was given up once more and forgets what was handled. Answers how many were and were not.
    ///
    /// # Errors
    /// The folder of dead letters cannot be read.
    pub async fn redrive(&self) -> std::io::Result<(usize, usize)> {
        let (mut handled, mut failed) = (0, 0);
        for letter in self.dead_letters.list()? {
            match self.invoke(&letter.request_context.function_name, letter.event).await {
                Ok(answer) if answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty) => {
                    tokio::fs::remove_file(&letter.file).await?;
                    handled += 1;
                }
                _ => failed += 1,
            }
        }
        Ok((handled, failed))
    }

    /// Stops taking requests, finishes those that are being answered, and closes the stores.
    pub async fn stop(&self) {
        self.front.stop().await;
        self.stores.stop().await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.front.shutdown.start();
        self.stores.shutdown.start();
    }
}

/// The settings that the template gives to the functions.
fn settings(template: &Template) -> Result<Settings, StartError> {
    let environment = template.functions.first().map(|function| function.environment.clone());
    Ok(Settings::from_map(&environment.unwrap_or_default())?)
}

fn open_folder(data: Option<&Path>) -> Result<(Folder, PathBuf), StartError> {
    let Some(path) = data else {
        let temporary = TempDir::with_prefix("mixtape-");
        let temporary = temporary.map_err(StartError::folder(&std::env::temp_dir()))?;
        let path = temporary.path().to_owned();
        return Ok((Folder::Temporary { _folder: temporary }, path));
    };
    crate::files::make_private(path).map_err(StartError::folder(path))?;
    let lock = File::create(path.join("lock")).map_err(StartError::folder(path))?;
    match lock.try_lock() {
        Ok(()) => Ok((Folder::Kept { _lock: lock }, path.to_owned())),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse { folder: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StartError::folder(path)(error)),
    }
}
