//! Where the database server's programs lie on this machine. Called by the cluster, the scratch server and `doctor`.

use std::cmp::Reverse;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{At as _, Error};

/// The oldest major version with everything the schema uses.
pub(crate) const OLDEST: u32 = 15;

/// Folders of the distributions; a star stands for any one name or part of it.
const USUAL: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
    "/Library/PostgreSQL/*/bin",
    "/usr/bin",
];

/// One installation of the server programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    bindir: PathBuf,
    version: String,
    major: u32,
}

/// Where to look; [`Places::of_this_machine`] unless a test says otherwise.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The value of `PATH`: searched for `pg_config` first, then for the server programs.
    pub path: Option<OsString>,
    /// Folders to try after it, best first.
    pub folders: Vec<PathBuf>,
}

impl Binaries {
    /// Finds the first installation that is new enough: `pg_config`, then `PATH`, then the usual folders.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::TooOld`], both with what to install.
    pub fn find() -> Result<Self, Error> {
        Places::of_this_machine().find(None)
    }

    /// The folder that holds `postgres`, `initdb` and, as a rule, `psql`.
    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// Major version, such as 15.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Full version, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Asks the programs in `bindir` for their version; `None` when they are not there.
    fn in_folder(bindir: &Path) -> Option<Result<Self, Error>> {
        // Resolved, because links in /usr/local/bin stand for a folder with everything else in it.
        let postgres = fs::canonicalize(bindir.join("postgres")).ok()?;
        let bindir = postgres.parent()?.to_owned();
        bindir.join("initdb").is_file().then(|| Self::ask(&postgres, bindir))
    }

    fn ask(postgres: &Path, bindir: PathBuf) -> Result<Self, Error> {
        let output = Command::new(postgres).arg("--version").output().at("run", postgres)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let Some((version, major)) = parse_version(&said) else {
            return Err(Error::UnknownVersion { program: postgres.to_owned(), output: said.trim().to_owned() });
        };
        Ok(Self { bindir, version, major })
    }
}

impl Places {
    /// `PATH` and the usual folders of the distributions, newest version first.
    pub fn of_this_machine() -> Self {
        Self { path: env::var_os("PATH"), folders: USUAL.iter().flat_map(|pattern| expand(pattern)).collect() }
    }

    /// The first installation that is new enough and, if `major` is given, of that version.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::TooOld`] when there is none; when only `major` is missing, the first of another version is returned.
    pub fn find(&self, major: Option<u32>) -> Result<Binaries, Error> {
        let mut other = None;
        let mut complaint = None;
        for folder in self.candidates() {
            match Binaries::in_folder(&folder) {
                Some(Ok(found)) if found.major < OLDEST => {
                    complaint.get_or_insert(Error::TooOld { version: found.version, bindir: found.bindir });
                }
                Some(Ok(found)) if major.is_none_or(|wanted| wanted == found.major) => {
                    return Ok(found);
                }
                Some(Ok(found)) => _ = other.get_or_insert(found),
                Some(Err(error)) => _ = complaint.get_or_insert(error),
                None => {}
            }
        }
        other.ok_or(complaint.unwrap_or(Error::NotInstalled))
    }

    /// Folders in the order of preference.
    fn candidates(&self) -> impl Iterator<Item = PathBuf> {
        let path: Vec<PathBuf> =
            self.path.iter().flat_map(env::split_paths).filter(|folder| folder.is_absolute()).collect();
        let configured = path.iter().map(|folder| folder.join("pg_config")).find(|program| program.is_file());
        configured.and_then(|program| configured_bindir(&program)).into_iter().chain(path).chain(self.folders.clone())
    }
}

/// What `pg_config --bindir` says; the folder may lack the server when only the client library is installed.
fn configured_bindir(pg_config: &Path) -> Option<PathBuf> {
    let output = Command::new(pg_config).arg("--bindir").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(said.trim()))
}

/// Fills the star of a pattern with what is there, highest number first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let names = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort_by_key(|name| Reverse(name.get(prefix.len()..).and_then(leading_number)));
    names.into_iter().map(|name| PathBuf::from(format!("{parent}/{name}{after}"))).collect()
}

/// `postgres (PostgreSQL) 15.18 (Debian ...)` gives `15.18` and 15.
fn parse_version(said: &str) -> Option<(String, u32)> {
    let version = said.strip_prefix("postgres (PostgreSQL) ")?.split_whitespace().next()?;
    Some((version.to_owned(), leading_number(version)?))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A folder with programs that only know their version.
    fn pretend(root: &Path, name: &str, version: &str) -> PathBuf {
        let bindir = root.join(name);
        fs::create_dir_all(&bindir).unwrap();
        for program in ["postgres", "initdb"] {
            let file = bindir.join(program);
            fs::write(&file, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        bindir
    }

    #[test]
    fn versions_of_every_form_are_understood() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(("15.18".into(), 15)));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1\n"), Some(("19beta1".into(), 19)));
        assert_eq!(parse_version("postgres (PostgreSQL) 9.6.24\n"), Some(("9.6.24".into(), 9)));
        assert_eq!(parse_version("sh: not found"), None);
    }

    #[test]
    fn missing_binaries_are_explained_with_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let places = Places { path: Some(empty.path().into()), folders: vec![empty.path().join("none")] };
        let error = places.find(None).unwrap_err().to_string();
        assert!(error.contains("apt-get install postgresql"), "{error}");
        assert!(error.contains("DATABASE_URL"), "{error}");
    }

    #[test]
    fn a_version_that_is_too_old_is_named() {
        let root = tempfile::tempdir().unwrap();
        let old = pretend(root.path(), "old", "13.4");
        let error = Places { path: None, folders: vec![old] }.find(None).unwrap_err().to_string();
        assert!(error.starts_with("PostgreSQL 13.4 in "), "{error}");
    }

    #[test]
    fn an_old_version_does_not_hide_a_newer_one() {
        let root = tempfile::tempdir().unwrap();
        let folders = vec![pretend(root.path(), "old", "9.6.24"), pretend(root.path(), "new", "17.2")];
        assert_eq!(Places { path: None, folders }.find(None).unwrap().version(), "17.2");
    }

    #[test]
    fn the_version_of_an_existing_cluster_is_preferred() {
        let root = tempfile::tempdir().unwrap();
        let folders = vec![pretend(root.path(), "b", "17.2"), pretend(root.path(), "a", "16.9")];
        let places = Places { path: None, folders };
        assert_eq!(places.find(Some(16)).unwrap().major(), 16);
        assert_eq!(places.find(Some(15)).unwrap().major(), 17);
    }

    #[test]
    fn the_newest_of_the_usual_folders_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for name in ["pg-9", "pg-15", "pg-100", "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let found = expand(&format!("{}/pg-*/bin", root.path().display()));
        let names: Vec<_> =
            found.iter().map(|folder| folder.parent().unwrap().file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["pg-100", "pg-15", "pg-9"]);
    }
}
