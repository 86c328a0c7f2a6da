//! Small file helpers with the modes that private data needs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;

use nix::unistd::geteuid;

use crate::error::{At as _, Error};

/// Makes a folder only we can enter; its parents get the usual mode. One that exists is kept as it is.
pub(crate) fn private_folder(folder: &Path) -> Result<(), Error> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).at("make", parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        other => other.at("make", folder),
    }
}

/// Opens a file in the way given, and makes it (0600) when it is missing.
pub(crate) fn open_private(file: &Path, how: &OpenOptions) -> Result<File, Error> {
    let opened = match how.open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_private(file, how),
        other => other,
    };
    match opened {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => how.open(file),
        other => other,
    }
    .at("open", file)
}

/// Writes a file only we, and a foreign owner of its folder, can read, whole or not at all.
pub(crate) fn private_file(file: &Path, content: &str) -> Result<(), Error> {
    let partial = file.with_added_extension("partial");
    absent(fs::remove_file(&partial)).at("remove", &partial)?;
    let mut out = make_private(&partial, OpenOptions::new().write(true)).at("make", &partial)?;
    out.write_all(content.as_bytes()).and_then(|()| out.sync_all()).at("write", &partial)?;
    fs::rename(&partial, file).at("rename to", file)
}

/// The content of a small text file without surrounding space; `None` when there is no such file.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at("read", file),
    }
}

/// Removes a folder and all in it; one that is not there is fine.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), Error> {
    absent(fs::remove_dir_all(folder)).at("remove", folder)
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove_file(file: &Path) -> Result<(), Error> {
    absent(fs::remove_file(file)).at("remove", file)
}

/// Makes a rename in `folder` survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).at("sync", folder)
}

/// Makes a file of mode 0600. What root makes in the folder of another user belongs to that user, who could not use the folder otherwise.
fn make_private(file: &Path, how: &OpenOptions) -> io::Result<File> {
    let made = how.clone().create_new(true).mode(0o600).open(file)?;
    if geteuid().is_root()
        && let Some(folder) = file.parent().map(fs::metadata).transpose()?
        && folder.uid() != 0
        // By the open file, which is certainly ours: its name may by now stand for something else.
        && let Err(error) = fchown(&made, Some(folder.uid()), Some(folder.gid()))
    {
        tracing::warn!(file = %file.display(), %error, "the folder's owner does not get a file made by root");
    }
    Ok(made)
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
