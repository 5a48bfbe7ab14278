//! Usernames, e-mail addresses and passwords: parsed once, at the edge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use unicode_normalization::UnicodeNormalization;

/// Names that could be taken for a part of the service or of an address.
const RESERVED: [&str; 11] = [
    "admin",
    "administrator",
    "anonymous",
    "api",
    "me",
    "mixtape",
    "null",
    "root",
    "support",
    "system",
    "undefined",
];

/// The longest address that an SMTP path can carry: [RFC 5321, 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321)
/// less the angle brackets.
const MAX_EMAIL: usize = 254;
/// [RFC 5321, 4.5.3.1.1](https://www.rfc-editor.org/rfc/rfc5321).
const MAX_LOCAL_PART: usize = 64;

const MIN_PASSWORD: usize = 8;
const MAX_PASSWORD: usize = 128;

/// The name of an account: 3 to 32 letters, digits, `_`, `.` or `-` of ASCII, kept as written and compared without
/// case.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Reads a name that somebody wants for a new account.
    ///
    /// # Errors
    /// What is wrong with it, for the person who chose it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let username: Self = text.parse()?;
        if RESERVED.contains(&username.key().as_str()) {
            return Err("is reserved");
        }
        Ok(username)
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one name are equal.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for Username {
    type Err = &'static str;

    /// Reads a name that an account may have.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !(3..=32).contains(&text.chars().count()) {
            return Err("must be 3 to 32 characters long");
        }
        let is_allowed =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
        if !text.chars().all(is_allowed) || !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Err(
                "must hold only letters (a to z), digits, `_`, `.` and `-`, and start with a letter or digit",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// An e-mail address, kept as written and compared without case.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address. This finds slips of the pen; only a message that arrives proves an address.
    ///
    /// # Errors
    /// What is wrong with it, for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let address = text.trim();
        // In lower case it may be longer.
        if address.len() > MAX_EMAIL || login_key(address).len() > MAX_EMAIL {
            return Err("must be at most 254 bytes long");
        }
        let is_graphic =
            !address.contains(|character: char| character.is_whitespace() || character.is_control());
        match address.rsplit_once('@') {
            Some((local, domain)) if is_graphic && is_local_part(local) && is_domain(domain) => {
                Ok(Self(address.to_owned()))
            }
            _ => Err("must be an e-mail address such as nina@example.com"),
        }
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one address are equal.
    pub fn key(&self) -> String {
        login_key(&self.0)
    }
}

fn is_local_part(local: &str) -> bool {
    (1..=MAX_LOCAL_PART).contains(&local.len()) && !local.contains(['@', '"', '<', '>', ',', ';', '(', ')'])
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let is_allowed = |character: char| character.is_alphanumeric() || character == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

impl FromStr for Email {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The form in which a username or an address is looked up, whichever of both it is: NFKC and lower case.
pub fn login_key(login: &str) -> String {
    login.trim().nfkc().flat_map(char::to_lowercase).collect()
}

/// A password of 8 to 128 characters of any script, in NFKC, so that it is the same from every keyboard.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Reads a password that somebody chooses.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let password: String = text.nfkc().collect();
        if (MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
            Ok(Self(password))
        } else {
            Err("must be 8 to 128 characters long")
        }
    }

    /// What somebody signs in with. It may be anything, but what is longer than a password can be is cut, so that
    /// checking it costs the same; cut, it is still too long to match.
    pub fn given(text: &str) -> Self {
        Self(text.nfkc().take(MAX_PASSWORD + 1).collect())
    }

    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Text types that serialise as they were written and check what they read.
macro_rules! text_type {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

text_type!(Username);
text_type!(Email);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_plain_and_compared_without_case() {
        for good in ["Nina", "abc", "9to5", "a_b.c-d", &"x".repeat(32), "local"] {
            assert_eq!(Username::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(33);
        for bad in
            ["", "ab", &long, "_nina", ".nina", "ni na", "ninä", "nina\n", "a/b", "me", "ADMIN", "Ｎina"]
        {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Username::parse("NiNa").unwrap().key(), login_key("nInA"));
    }

    #[test]
    fn addresses_are_checked_for_slips() {
        for good in ["nina@example.com", "n+tag@mail.example.co.uk", " O'Neil@example.org ", "用户@例え.jp"]
        {
            assert_eq!(Email::parse(good).unwrap().as_str(), good.trim());
        }
        let long = format!("{}@example.com", "x".repeat(65));
        let longer = format!("n@{}.com", "x.".repeat(130));
        for bad in [
            "",
            "nina",
            "@example.com",
            "nina@",
            "nina@localhost",
            "a b@example.com",
            "a@b@example.com",
            "nina@example..com",
            "nina@-example.com",
            "nina@exam_ple.com",
            "nina@example.com\u{0}",
            &long,
            &longer,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Email::parse("Nina@Example.COM").unwrap().key(), "nina@example.com");
    }

    #[test]
    fn a_password_is_the_same_from_every_keyboard_and_shows_nowhere() {
        let composed = Password::parse("café au lait").unwrap();
        let decomposed = Password::parse("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert!(!format!("{composed:?}").contains("lait"));
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse(&"é".repeat(128)).is_ok());
        assert!(Password::parse(&"é".repeat(129)).is_err());
        assert_eq!(Password::given(&"é".repeat(1000)).as_bytes(), "é".repeat(129).as_bytes());
    }
}
