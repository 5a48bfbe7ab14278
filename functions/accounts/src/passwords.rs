//! Password hashes: Argon2id, away from the threads that serve requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{Error, Output, ParamsString, PasswordHash, PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};
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
}

impl Default for Passwords {
    fn default() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(at_once)), runs: Arc::default() }
    }
}

impl Passwords {
    /// How often Argon2id was run: what a request costs, told without a clock.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// The hash to store, as a [PHC string](https://github.com/P-H-C/phc-string-format).
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Problem> {
        let hash = move || {
            let salt = new_salt()?;
            Ok(argon2()?.hash_password(password.as_bytes(), &salt)?.to_string())
        };
        self.run(hash).await
    }

    /// Whether this is the password of the hash. Without a hash, which is to say for an account that does not exist,
    /// the answer is no and takes the same work.
    pub(crate) async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, Problem> {
        let verify = move || {
            let has_account = hash.is_some();
            let phc = hash.map_or_else(unmatchable_hash, Ok)?;
            match argon2()?.verify_password(password.as_bytes(), &PasswordHash::new(&phc)?) {
                Ok(()) => Ok(has_account),
                Err(Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
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

fn argon2() -> Result<Argon2<'static>, Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?))
}

fn new_salt() -> Result<SaltString, Error> {
    SaltString::encode_b64(&rand::random::<[u8; 16]>())
}

/// A hash of nothing, with the parameters of a real one: random bytes instead of an output.
fn unmatchable_hash() -> Result<String, Error> {
    let salt = new_salt()?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params()?)?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&rand::random::<[u8; 32]>())?),
    };
    Ok(hash.to_string())
}
