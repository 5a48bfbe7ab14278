//! Password hashes: Argon2id, away from the threads that serve requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{Error, Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use mixtape_domain::account::Password;
use mixtape_http::Problem;
use tokio::sync::Semaphore;

// The second choice of https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: the least
// memory at which it recommends two passes, which fits a function of 128 MB.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords, as many at once as there are processors. Clones share the queue.
#[derive(Debug, Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    runs: Arc<AtomicU64>,
    memory: Memory,
}

/// What Argon2id works in, used again and again: one for each that runs at once. Freed, they would stay with the
/// allocator, which then has one for each thread that ever ran it.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<Block>>>>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is in it was made of passwords.
        f.write_str("Memory(…)")
    }
}

impl Memory {
    /// The output of Argon2id with these parameters.
    fn run(&self, argon2: &Argon2<'_>, password: &Password, salt: Salt<'_>) -> Result<Output, Error> {
        let params = argon2.params();
        let mut decoded = [0; Salt::MAX_LENGTH];
        let salt = salt.decode_b64(&mut decoded)?;
        let mut blocks = self.locked().pop().unwrap_or_default();
        blocks.resize(params.block_count(), Block::default());
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = Output::init_with(length, |output| {
            Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, &mut blocks)?)
        });
        self.locked().push(blocks);
        output
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // Whatever is in it is overwritten.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(at_once)), runs: Arc::default(), memory: Memory::default() }
    }
}

impl Passwords {
    /// How often Argon2id was run: what a request costs, told without a clock.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// The hash to store, as a [PHC string](https://github.com/P-H-C/phc-string-format).
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Problem> {
        let memory = self.memory.clone();
        let hash = move || {
            let salt = new_salt()?;
            phc(&salt, memory.run(&argon2(params()?), &password, salt.as_salt())?)
        };
        self.run(hash).await
    }

    /// Whether this is the password of the hash. Without a hash, which is to say for an account that does not exist,
    /// the answer is no and takes the same work.
    pub(crate) async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, Problem> {
        let memory = self.memory.clone();
        let verify = move || {
            let has_account = hash.is_some();
            let phc = hash.map_or_else(unmatchable_hash, Ok)?;
            let known = PasswordHash::new(&phc)?;
            let salt = known.salt.ok_or(Error::PhcStringField)?;
            let output = memory.run(&argon2(Params::try_from(&known)?), &password, salt)?;
            // Outputs are compared in constant time.
            Ok(has_account && known.hash == Some(output))
        };
        self.run(verify).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| Problem::internal(error.to_string()))?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let task = tokio::task::spawn_blocking(move || {
            // Held here, so that a caller who goes away does not let another one in too early.
            let _permit = permit;
            work()
        });
        let result = task.await.map_err(|error| Problem::internal(error.to_string()))?;
        result.map_err(|error| Problem::internal(format!("argon2: {error}")))
    }
}

fn params() -> Result<Params, Error> {
    Ok(Params::new(MEMORY_KIB, PASSES, LANES, None)?)
}

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn new_salt() -> Result<SaltString, Error> {
    SaltString::encode_b64(&rand::random::<[u8; 16]>())
}

fn phc(salt: &SaltString, output: Output) -> Result<String, Error> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params()?)?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// A hash of nothing, with the parameters of a real one: random bytes instead of an output.
fn unmatchable_hash() -> Result<String, Error> {
    phc(&new_salt()?, Output::new(&rand::random::<[u8; 32]>())?)
}
