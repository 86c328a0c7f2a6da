//! Who runs the server: it refuses root, so root hands it to the owner of the data, or else to `postgres` or `nobody`. Everyone else runs it as oneself.

use std::env;
use std::fs::{self, Metadata, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User, getegid, geteuid};

use crate::error::{At as _, Error};

/// Accounts root may hand the server to, best first.
const SERVER_USERS: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// The user the server runs as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    uid: u32,
    gid: u32,
    /// True when we are root and this is someone else.
    switch: bool,
}

impl Identity {
    /// Chooses by who we are.
    pub(crate) fn choose() -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), switch: false });
        }
        let user =
            SERVER_USERS.iter().find_map(|name| User::from_name(name).ok().flatten()).ok_or(Error::NoServerUser)?;
        Ok(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), switch: true })
    }

    /// The owner of a file or folder in place of this user, if we are root, who may become anyone, and the owner is not.
    pub(crate) fn or_owner(self, meta: &Metadata) -> Self {
        if !self.switch || meta.uid() == 0 || meta.uid() == self.uid {
            return self;
        }
        let gid = account(meta.uid()).map_or(meta.gid(), |user| user.gid.as_raw());
        Self { uid: meta.uid(), gid, switch: true }
    }

    /// Whether the user has an account; `initdb` refuses a bare number, the server takes it.
    pub(crate) fn has_account(&self) -> bool {
        account(self.uid).is_some()
    }

    /// User id the server runs as.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// A command run by the server's user in `/`, without the settings that libpq and the server take from the environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The working folder may be closed to the server's user. Messages are English because some are looked for.
        command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
        // A service manager waits for our own message, not for the database's.
        command.env_remove("NOTIFY_SOCKET");
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes the server's user the owner of a file or folder.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        if self.switch { chown(path, Some(self.uid), Some(self.gid)).at("hand over", path) } else { Ok(()) }
    }

    /// Lets the server's user pass through a private folder of ours (0700 becomes 0710); a folder with any other mode is left alone.
    pub(crate) fn admit(&self, folder: &Path) -> Result<(), Error> {
        let meta = fs::metadata(folder).at("look at", folder)?;
        if !self.switch || meta.uid() != geteuid().as_raw() || meta.mode() & 0o777 != 0o700 {
            return Ok(());
        }
        chown(folder, None, Some(self.gid)).at("hand over", folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o710)).at("change the mode of", folder)
    }

    /// Whether the server's user can get into a folder; tried, since modes alone do not tell (access lists, mounts).
    pub(crate) fn reaches(&self, folder: &Path) -> Result<bool, Error> {
        if !self.switch {
            return Ok(true);
        }
        let shell = Path::new("/bin/sh");
        let status = self
            .command(shell)
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stderr(Stdio::null())
            .status()
            .at("run", shell)?;
        Ok(status.success())
    }
}

fn account(uid: u32) -> Option<User> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten()
}
