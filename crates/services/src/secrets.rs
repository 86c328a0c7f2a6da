//! Secrets at rest: the tokens that learners' connections to other services need, sealed before they reach the database.
//! Called by the use cases that store, use and give back such tokens.
//!
//! AES-256-GCM with a random nonce, which stands in front of the ciphertext. A key must not seal more than 2^32 messages
//! (NIST SP 800-38D, section 8.3): far more than there will be tokens. What a sealed value belongs to is authenticated with
//! it, so that a row copied into another's place does not open.

#[cfg(test)]
mod tests;

use aws_lc_rs::aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::sync::Arc;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Why something was not sealed or opened. None says what was inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A ring without keys cannot seal.
    #[error("there is no encryption key")]
    NoKeys,
    /// Two keys of one name: nobody could tell which opens.
    #[error("there are two encryption keys called {0:?}")]
    KeyTwice(String),
    /// Sealed with a key that is not, or no longer, in the ring.
    #[error("there is no encryption key called {0:?}")]
    UnknownKey(String),
    /// Not sealed with this key, not for this owner, or damaged.
    #[error("the sealed value does not open")]
    Rejected,
    /// Opened, and no text: not one of our tokens.
    #[error("the sealed value is not text")]
    NotText,
    /// The cipher itself refused: out of randomness or memory.
    #[error("the value cannot be sealed")]
    Cipher,
}

/// A sealed value, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key sealed it.
    pub key_id: String,
    /// Nonce (12 bytes), ciphertext, tag (16 bytes).
    pub bytes: Vec<u8>,
}

/// A ring of keys: the first seals, every one opens. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    newest: Arc<Key>,
    older: Arc<[Key]>,
}

struct Key {
    id: String,
    cipher: RandomizedNonceKey,
}

impl Sealer {
    /// A ring of named keys, the newest first.
    ///
    /// # Errors
    /// [`SealError::NoKeys`] and [`SealError::KeyTwice`]
    pub fn new(keys: Vec<(String, [u8; KEY_BYTES])>) -> Result<Self, SealError> {
        let mut ring: Vec<Key> = Vec::with_capacity(keys.len());
        for (id, bytes) in keys {
            if ring.iter().any(|key| key.id == id) {
                return Err(SealError::KeyTwice(id));
            }
            let bytes = Zeroizing::new(bytes);
            let cipher = RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| SealError::Cipher)?;
            ring.push(Key { id, cipher });
        }
        let mut ring = ring.into_iter();
        let newest = ring.next().ok_or(SealError::NoKeys)?;
        Ok(Self { newest: Arc::new(newest), older: ring.collect() })
    }

    /// Seals `plain` with the newest key for the owner that `bound_to` names, for example `{user}:{provider}:access`.
    ///
    /// # Errors
    /// [`SealError::Cipher`]
    pub fn seal(&self, plain: &[u8], bound_to: &str) -> Result<Sealed, SealError> {
        // Encrypted where it lies, with room for the tag: no copy of the plain text is left behind.
        let mut text = Vec::with_capacity(plain.len() + MAX_TAG_LEN);
        text.extend_from_slice(plain);
        let sealed = self.newest.cipher.seal_in_place_append_tag(Aad::from(bound_to), &mut text);
        let nonce = sealed.map_err(|_| SealError::Cipher)?;
        let mut bytes = Vec::with_capacity(NONCE_LEN + text.len());
        bytes.extend_from_slice(nonce.as_ref());
        bytes.append(&mut text);
        Ok(Sealed { key_id: self.newest.id.clone(), bytes })
    }

    /// Opens what was sealed with the key `key_id` for the same `bound_to`.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`], [`SealError::Rejected`] and [`SealError::NotText`]
    pub fn open(&self, key_id: &str, bytes: &[u8], bound_to: &str) -> Result<SecretString, SealError> {
        let mut ring = std::iter::once(&*self.newest).chain(&*self.older);
        let key = ring.find(|key| key.id == key_id).ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Rejected)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut text = Zeroizing::new(text.to_vec());
        let plain = key.cipher.open_in_place(nonce, Aad::from(bound_to), &mut text).map_err(|_| SealError::Rejected)?;
        std::str::from_utf8(plain).map(SecretString::from).map_err(|_| SealError::NotText)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let older: Vec<_> = self.older.iter().map(|key| &key.id).collect();
        f.debug_struct("Sealer").field("newest", &self.newest.id).field("older", &older).finish_non_exhaustive()
    }
}
