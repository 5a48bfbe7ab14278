//! How often somebody may try.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mixtape_domain::AccountId;
use mixtape_http::{ClientAddress, Problem};
use mixtape_store::accounts::Counter;
use sha2::{Digest, Sha256};

use crate::state::State;

const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Guesses of the password behind one username or e-mail address.
pub(crate) fn login(login_key: &str) -> Counter {
    // Hashed, so that no address stands among the attempts and the key has a bounded length.
    let whose = URL_SAFE_NO_PAD.encode(Sha256::digest(login_key));
    Counter { what: "login", whose, limit: 10, window: QUARTER }
}

/// Guesses of the current password of somebody who is signed in.
pub(crate) fn password(account_id: AccountId) -> Counter {
    Counter { what: "password", whose: account_id.to_string(), limit: 10, window: QUARTER }
}

/// Changes of the e-mail address, each of which tells whether an address is taken.
pub(crate) fn email(account_id: AccountId) -> Counter {
    Counter { what: "email", whose: account_id.to_string(), limit: 20, window: HOUR }
}

/// Sign-ins from one address, which many people may share.
pub(crate) fn address(address: ClientAddress) -> Counter {
    Counter { what: "address", whose: network(address), limit: 300, window: QUARTER }
}

/// New accounts, or questions whether a name is taken, from one address.
pub(crate) fn sign_up(address: ClientAddress) -> Counter {
    Counter { what: "sign-up", whose: network(address), limit: 300, window: HOUR }
}

/// Who an address belongs to: in IPv6 a network of 64 bits, the least that a subscriber gets.
fn network(ClientAddress(address): ClientAddress) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Counts an attempt, before it is made: parallel ones cannot slip past.
pub(crate) async fn count(state: &State, counters: &[Counter]) -> Result<(), Problem> {
    let counted = state.app.store.accounts.count(counters, state.app.clock.now()).await?;
    counted.map_err(|full| Problem::too_many(full.retry_after))
}
