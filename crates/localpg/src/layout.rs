//! Which files of a cluster lie where.

use std::fs::{self, Metadata};
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

    /// The cluster's data folder and the user who runs its server.
    ///
    /// Data that exist win over every other rule, and their owner runs the server. New data go to `pg` in our folder or, when no user
    /// for the server can reach that, to a place under `/var/lib`, which is then written down.
    pub(crate) fn place(&self, server: Identity) -> Result<(PathBuf, Identity), Error> {
        let here = self.dir.join("pg");
        if is_occupied(&here)? {
            if let Ok(Some(other)) = self.recorded() {
                tracing::warn!(data_dir = %here.display(), other = %other.display(), "two places for one cluster; the one in the data folder is used");
            }
            let owner = self.owner_of(&here, server)?;
            owner.admit(&self.dir)?;
            return Ok((here, owner));
        }
        if let Some(recorded) = self.recorded()? {
            let owner = if is_occupied(&recorded)? { self.owner_of(&recorded, server)? } else { server };
            return Ok((recorded, owner));
        }
        // A user's own folder stays usable for that user, even if root comes first.
        let owner = Some(server.or_owner(&self.meta()?)).filter(Identity::has_account).unwrap_or(server);
        owner.admit(&self.dir)?;
        if owner.reaches(&self.dir)? {
            return Ok((here, owner));
        }
        Ok((self.elsewhere(&server)?, server))
    }

    /// Makes and writes down a place under `/var/lib`.
    fn elsewhere(&self, server: &Identity) -> Result<PathBuf, Error> {
        let home = Path::new(FALLBACK).join(format!("{:016x}", fnv1a(self.dir.as_os_str().as_bytes())));
        files::private_folder(&home)?;
        server.admit(&home)?;
        let data_dir = home.join("pg");
        files::private_file(&self.record(), &data_dir.to_string_lossy())?;
        tracing::info!(
            dir = %self.dir.display(), data_dir = %data_dir.display(),
            "the server's user cannot reach the data folder; the cluster lies elsewhere"
        );
        Ok(data_dir)
    }

    /// Who runs the server on existing data. The folder's owner decides where `pg` and `pg.location` lead, so unless that is root,
    /// only data of the same owner make root switch to their user.
    fn owner_of(&self, data_dir: &Path, server: Identity) -> Result<Identity, Error> {
        let (folder, data) = (self.meta()?, fs::metadata(data_dir).at("look at", data_dir)?);
        let trusted = folder.uid() == 0 || folder.uid() == data.uid();
        Ok(if trusted { server.or_owner(&data) } else { server })
    }

    fn meta(&self) -> Result<Metadata, Error> {
        fs::metadata(&self.dir).at("look at", &self.dir)
    }

    /// Names the data folder when that is not in ours.
    fn record(&self) -> PathBuf {
        self.dir.join("pg.location")
    }

    fn recorded(&self) -> Result<Option<PathBuf>, Error> {
        Ok(files::read_if_there(&self.record())?.filter(|text| !text.is_empty()).map(PathBuf::from))
    }
}

/// Looks at a cluster's place and refuses what cannot be used, without touching it.
pub(crate) fn inspect(data_dir: &Path, identity: &Identity) -> Result<Found, Error> {
    let meta = match fs::metadata(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        other => other.at("look at", data_dir)?,
    };
    if meta.is_dir() && meta.uid() != identity.uid() && is_occupied(data_dir)? {
        return Err(Error::ForeignOwner { data_dir: data_dir.to_owned(), owner: meta.uid(), server: identity.uid() });
    }
    if let Some(version) = files::read_if_there(&data_dir.join("PG_VERSION"))? {
        return Ok(Found::Cluster(version));
    }
    if is_empty(data_dir)? { Ok(Found::Nothing) } else { Err(Error::NotACluster { data_dir: data_dir.to_owned() }) }
}

/// Whether there is anything but an empty folder. A folder that may not be listed is somebody's, hence not free.
fn is_occupied(data_dir: &Path) -> Result<bool, Error> {
    match fs::metadata(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => Ok(!other.at("look at", data_dir)?.is_dir() || !is_empty(data_dir).unwrap_or(false)),
    }
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
