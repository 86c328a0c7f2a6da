//! Which files of a cluster lie where.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::{At as _, Error};
use crate::files;
use crate::identity::Identity;

/// Where data goes when the server's user cannot reach the caller's folder.
const FALLBACK: &str = "/var/lib/waymark";

/// The caller's data folder, which holds everything except, at times, the cluster itself.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
}

/// What is in the place of a cluster.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// A cluster with this content of `PG_VERSION`.
    Cluster(String),
}

impl Layout {
    /// Makes the folder (0700) when it is missing.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        files::private_folder(&std::path::absolute(dir).at("find", dir)?)?;
        Ok(Self { dir: fs::canonicalize(dir).at("find", dir)? })
    }

    /// Held while a process starts or stops the server.
    pub(crate) fn start_lock(&self) -> PathBuf {
        self.dir.join("start.lock")
    }

    /// Shared by all processes that use the server.
    pub(crate) fn users_lock(&self) -> PathBuf {
        self.dir.join("users.lock")
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("pg.log")
    }

    /// The superuser's password.
    pub(crate) fn password(&self) -> PathBuf {
        self.dir.join("pg.password")
    }

    /// The port last used.
    pub(crate) fn port(&self) -> PathBuf {
        self.dir.join("pg.port")
    }

    /// The cluster's data folder: `pg` in ours, or a place under `/var/lib` that the server's user can reach, which is then written down.
    pub(crate) fn data_dir(&self, identity: &Identity) -> Result<PathBuf, Error> {
        let record = self.dir.join("pg.location");
        if let Some(recorded) = files::read_if_there(&record)?.filter(|text| !text.is_empty()) {
            return Ok(PathBuf::from(recorded));
        }
        identity.admit(&self.dir)?;
        if identity.reaches(&self.dir)? {
            return Ok(self.dir.join("pg"));
        }
        let home = Path::new(FALLBACK).join(format!("{:016x}", fnv1a(self.dir.as_os_str().as_bytes())));
        files::private_folder(&home)?;
        identity.admit(&home)?;
        let data_dir = home.join("pg");
        files::private_file(&record, &data_dir.to_string_lossy())?;
        tracing::info!(
            dir = %self.dir.display(), data_dir = %data_dir.display(),
            "the server's user cannot reach the data folder; the cluster lies elsewhere"
        );
        Ok(data_dir)
    }
}

/// Looks at a cluster's place and refuses what cannot be used, without touching it.
pub(crate) fn inspect(data_dir: &Path, identity: &Identity) -> Result<Found, Error> {
    let meta = match fs::metadata(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        other => other.at("look at", data_dir)?,
    };
    if meta.is_dir() && meta.uid() != identity.uid() && !is_empty(data_dir)? {
        return Err(Error::ForeignOwner { data_dir: data_dir.to_owned(), owner: meta.uid(), server: identity.uid() });
    }
    if let Some(version) = files::read_if_there(&data_dir.join("PG_VERSION"))? {
        return Ok(Found::Cluster(version));
    }
    if is_empty(data_dir)? { Ok(Found::Nothing) } else { Err(Error::NotACluster { data_dir: data_dir.to_owned() }) }
}

fn is_empty(folder: &Path) -> Result<bool, Error> {
    Ok(fs::read_dir(folder).at("list", folder)?.next().is_none())
}

/// FNV-1a, 64 bits: the standard library's hasher may change with a release, and this name must not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_path_never_changes() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn foreign_files_in_the_place_of_a_cluster_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join("pg");
        fs::create_dir(&data_dir).unwrap();
        let identity = Identity::choose().unwrap();
        assert_eq!(inspect(&data_dir, &identity).unwrap(), Found::Nothing);
        fs::write(data_dir.join("diary.txt"), "dear").unwrap();
        identity.give(&data_dir).unwrap();
        assert!(matches!(inspect(&data_dir, &identity), Err(Error::NotACluster { .. })));
        assert!(data_dir.join("diary.txt").exists());
    }
}
