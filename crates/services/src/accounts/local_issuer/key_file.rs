//! The local key on disk: PKCS#8 in PEM, as `openssl genpkey -algorithm ED25519` writes it. Used by the local issuer only.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Why there is no local key.
#[derive(Debug, Error)]
pub enum LocalKeyError {
    /// The file is there and cannot be read.
    #[error("cannot read the local signing key {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be made.
    #[error("cannot write the local signing key {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not an Ed25519 private key in PEM; restore it, or delete it to get a new key (tokens signed so far then stop working)", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
    },
    /// The cryptographic library made no key.
    #[error("cannot make a local signing key")]
    Generate,
}

/// Reads the key, or makes it if there is none.
pub(super) fn open_or_create(path: &Path) -> Result<Ed25519KeyPair, LocalKeyError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    create(path)?;
    // Read back: if another process was first, its key is the one.
    read(path)?.ok_or_else(|| LocalKeyError::Read { path: path.to_owned(), source: ErrorKind::NotFound.into() })
}

fn read(path: &Path) -> Result<Option<Ed25519KeyPair>, LocalKeyError> {
    let pem = match fs::read_to_string(path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(LocalKeyError::Corrupt { path: path.to_owned() });
        }
        Err(source) => return Err(LocalKeyError::Read { path: path.to_owned(), source }),
    };
    warn_if_others_can_read(path);
    decode(&pem).map(Some).ok_or_else(|| LocalKeyError::Corrupt { path: path.to_owned() })
}

fn decode(pem: &str) -> Option<Ed25519KeyPair> {
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = body.split_whitespace().collect();
    Ed25519KeyPair::from_pkcs8(&STANDARD.decode(base64).ok()?).ok()
}

fn warn_if_others_can_read(path: &Path) {
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "other users of this machine can read the local signing key; set its mode to 0600");
    }
}

/// Writes a whole file beside the final one and links it into place: a link never replaces, so the first process wins,
/// and nobody ever reads half a key.
fn create(path: &Path) -> Result<(), LocalKeyError> {
    let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| LocalKeyError::Generate)?;
    // 48 bytes of PKCS#8 version 1 are one line of 64 characters.
    let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(key.as_ref()));
    let draft = path.with_extension(format!("{}.tmp", crate::ids::new::<Uuid>()));
    let made = write_private(&draft, &pem).and_then(|()| link(&draft, path));
    // Nothing depends on the draft any more; a left-over is a nuisance, not an error.
    drop(fs::remove_file(&draft));
    made.map_err(|source| LocalKeyError::Write { path: path.to_owned(), source })
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn link(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
