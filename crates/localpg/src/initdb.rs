//! Makes a new cluster's data folder.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::binaries::Binaries;
use crate::error::{At as _, Error};
use crate::files;
use crate::identity::Identity;
use crate::url::SUPERUSER;

/// Best first: sorting by code point with Unicode character classes, or plain C where that locale does not exist.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// How to make a cluster.
#[derive(Debug)]
pub(crate) struct Initdb<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) identity: Identity,
    /// Checksums and a sync to the disk, or neither.
    pub(crate) durable: bool,
}

impl Initdb<'_> {
    /// Makes the cluster beside `data_dir` and renames it when it is complete, so that a crash never leaves half of one there.
    pub(crate) fn run(&self, data_dir: &Path, password: &str) -> Result<(), Error> {
        let partial = data_dir.with_added_extension("partial");
        let secret = data_dir.with_added_extension("pwfile");
        self.write_secret(&secret, password)?;
        let made = self.in_some_locale(&partial, &secret);
        files::remove_file(&secret)?;
        made?;
        // An empty folder of this name may exist; renaming replaces it.
        fs::rename(&partial, data_dir).at("rename to", data_dir)?;
        match data_dir.parent() {
            Some(parent) if self.durable => files::sync_folder(parent),
            _ => Ok(()),
        }
    }

    fn in_some_locale(&self, partial: &Path, secret: &Path) -> Result<(), Error> {
        let mut failure = String::new();
        for locale in LOCALES {
            files::remove_folder(partial)?;
            files::private_folder(partial)?;
            self.identity.give(partial)?;
            let output = self.in_locale(locale, partial, secret)?;
            if output.status.success() {
                return Ok(());
            }
            failure = String::from_utf8_lossy(&output.stderr).into_owned();
            if !failure.contains("locale") {
                break;
            }
        }
        Err(Error::Tool { program: "initdb", output: failure.trim().to_owned() })
    }

    fn in_locale(&self, locale: &str, partial: &Path, secret: &Path) -> Result<Output, Error> {
        let initdb = self.binaries.bindir().join("initdb");
        let mut command = self.identity.command(&initdb);
        command.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", locale]);
        command.arg(if self.durable { "--data-checksums" } else { "--no-sync" });
        command.arg("--pwfile").arg(secret).arg("--pgdata").arg(partial);
        command.output().at("run", &initdb)
    }

    /// The password in a file that the server's user, and nobody else, can read.
    fn write_secret(&self, secret: &Path, password: &str) -> Result<(), Error> {
        files::remove_file(secret)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(secret).at("make", secret)?;
        file.write_all(password.as_bytes()).at("write", secret)?;
        self.identity.give(secret)
    }
}

/// Gives the superuser a new password while no server runs, through a single-user server, which asks for none.
pub(crate) fn reset_password(
    binaries: &Binaries,
    identity: Identity,
    data_dir: &Path,
    password: &str,
) -> Result<(), Error> {
    let postgres = binaries.bindir().join("postgres");
    let mut command = identity.command(&postgres);
    command.arg("--single").arg("-D").arg(data_dir).arg("postgres");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().at("run", &postgres)?;
    if let Some(mut input) = child.stdin.take() {
        // The password is hexadecimal, so it needs no quoting.
        writeln!(input, "ALTER ROLE {SUPERUSER} PASSWORD '{password}'").at("write to", &postgres)?;
    }
    let output = child.wait_with_output().at("wait for", &postgres)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !said.contains("ERROR") {
        Ok(())
    } else {
        Err(Error::Tool { program: "postgres --single", output: said.trim().to_owned() })
    }
}
