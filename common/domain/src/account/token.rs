//! API keys and refresh tokens: opaque to clients, readable for us, so that one read by key finds what they belong to.
//!
//! Both are a prefix that secret scanners recognise, and base64url of two ids and their secrets. The stores hold the
//! SHA-256 of the secrets: they are 256 random bits, so a slow hash would add nothing.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{AccountId, KeyId, SessionId};

/// What an API key starts with; an access token never does.
pub const API_KEY_PREFIX: &str = "mtk_";
const REFRESH_PREFIX: &str = "mtr_";
const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// 256 random bits. The `Debug` form shows nothing.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A secret of these bytes, which come from a cryptographic random source.
    pub fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(random)
    }

    /// What the stores hold of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a [`Secret`].
#[derive(Clone)]
pub struct SecretHash([u8; SECRET_BYTES]);

impl SecretHash {
    /// Whether this is the hash of the secret. Takes the same time wherever they differ.
    pub fn matches(&self, secret: &Secret) -> bool {
        self.0.ct_eq(&secret.hash().0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(de::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| de::Error::custom("not a SHA-256"))
    }
}

/// The text is not a token of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid token")]
pub struct ParseTokenError;

/// An API key as its owner holds it: `mtk_` and base64url of the account's id, the key's id and the secret.
#[derive(Debug, Clone)]
pub struct ApiToken {
    pub account_id: AccountId,
    pub key_id: KeyId,
    pub secret: Secret,
}

impl fmt::Display for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: [&[u8]; 3] = [&self.account_id.to_bytes(), &self.key_id.to_bytes(), &self.secret.0];
        write!(f, "{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(parts.concat()))
    }
}

impl FromStr for ApiToken {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let bytes: [u8; 2 * ID_BYTES + SECRET_BYTES] = decode(API_KEY_PREFIX, text)?;
        let mut parts = Parts(&bytes);
        Ok(Self {
            account_id: AccountId::from_bytes(parts.take()),
            key_id: KeyId::from_bytes(parts.take()),
            secret: Secret(parts.take()),
        })
    }
}

/// A refresh token: `mtr_` and base64url of the account's id, the session's id and two secrets.
///
/// One secret is the session's for its whole life, the other is new with every token. So a token with the right
/// `family` and a wrong `secret` is an older one that we issued, and its use means that two parties hold it; somebody
/// who only knows the ids cannot make one up. Nothing has to be kept of the older tokens.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    pub account_id: AccountId,
    pub session_id: SessionId,
    /// The same in all the tokens of a session.
    pub family: Secret,
    /// Of this token alone.
    pub secret: Secret,
}

impl fmt::Display for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: [&[u8]; 4] =
            [&self.account_id.to_bytes(), &self.session_id.to_bytes(), &self.family.0, &self.secret.0];
        write!(f, "{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(parts.concat()))
    }
}

impl FromStr for RefreshToken {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let bytes: [u8; 2 * ID_BYTES + 2 * SECRET_BYTES] = decode(REFRESH_PREFIX, text)?;
        let mut parts = Parts(&bytes);
        Ok(Self {
            account_id: AccountId::from_bytes(parts.take()),
            session_id: SessionId::from_bytes(parts.take()),
            family: Secret(parts.take()),
            secret: Secret(parts.take()),
        })
    }
}

fn decode<const LENGTH: usize>(prefix: &str, text: &str) -> Result<[u8; LENGTH], ParseTokenError> {
    let encoded = text.strip_prefix(prefix).ok_or(ParseTokenError)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ParseTokenError)?;
    bytes.try_into().map_err(|_| ParseTokenError)
}

/// Hands out the parts of a token from its front.
struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    fn take<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let (part, rest) = self.0.split_first_chunk().expect("the array is as long as its parts together");
        self.0 = rest;
        *part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_253_400_120).unwrap()
    }

    #[test]
    fn tokens_are_read_back_and_hide_their_secrets() {
        let key = ApiToken {
            account_id: AccountId::new(now()),
            key_id: KeyId::new(now()),
            secret: Secret::new([7; 32]),
        };
        let text = key.to_string();
        let read: ApiToken = text.parse().unwrap();
        assert_eq!((read.account_id, read.key_id), (key.account_id, key.key_id));
        assert!(key.secret.hash().matches(&read.secret));
        assert!(!key.secret.hash().matches(&Secret::new([8; 32])));
        let shown = format!("{:?} {:?}", key.secret, key.secret.hash());
        assert_eq!(shown, "Secret(…) SecretHash(…)");

        let token = RefreshToken {
            account_id: key.account_id,
            session_id: SessionId::new(now()),
            family: Secret::new([1; 32]),
            secret: Secret::new([2; 32]),
        };
        let read: RefreshToken = token.to_string().parse().unwrap();
        assert_eq!(read.session_id, token.session_id);
        assert!(token.family.hash().matches(&read.family) && token.secret.hash().matches(&read.secret));
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        let key = ApiToken {
            account_id: AccountId::new(now()),
            key_id: KeyId::new(now()),
            secret: Secret::new([7; 32]),
        };
        let good = key.to_string();
        let swapped = good.replace("mtk_", "mtr_");
        for bad in [
            "",
            "mtk_",
            "mtk_!!!",
            &good[..good.len() - 1],
            &format!("{good}A"),
            &format!(" {good}"),
            &swapped,
        ] {
            assert!(bad.parse::<ApiToken>().is_err(), "{bad:?}");
            assert!(bad.parse::<RefreshToken>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_hash_is_stored_as_text() {
        let hash = Secret::new([7; 32]).hash();
        let stored = hash.to_string();
        let read =
            SecretHash::deserialize(de::value::StrDeserializer::<de::value::Error>::new(&stored)).unwrap();
        assert!(read.matches(&Secret::new([7; 32])));
    }
}
