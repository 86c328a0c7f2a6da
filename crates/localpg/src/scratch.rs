//! A throw-away server for one test process. Called by the test kit and the benches.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::unistd::geteuid;

use crate::binaries::Binaries;
use crate::copy;
use crate::error::{At as _, Error};
use crate::files;
use crate::identity::Identity;
use crate::initdb::Initdb;
use crate::lock;
use crate::password;
use crate::port::PortWish;
use crate::postmaster;
use crate::server::{Launch, Server};
use crate::settings;
use crate::url;
use crate::watchdog::Watchdog;

/// A server with empty data that ends with this process, whatever ends it: a kill, an exit that runs no destructors, a static that is never dropped.
#[derive(Debug)]
pub struct Scratch {
    // Dropped in this order: the watchdog removes the folder before the folder's lock is free.
    watchdog: Watchdog,
    server: Mutex<Server>,
    port: u16,
    folder: PathBuf,
    data_dir: PathBuf,
    binaries: Binaries,
    identity: Identity,
    password: String,
    _owner: File,
}

impl Drop for Scratch {
    /// Stops the server at once; the watchdog then removes the folder.
    fn drop(&mut self) {
        if let Err(error) = self.stop_immediate() {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "a scratch server was left to its watchdog");
        }
    }
}

impl Scratch {
    /// Starts a server in a fresh folder under `parent`, from a cached copy of `initdb`'s work. When the server's user cannot reach
    /// `parent`, the system's folder for temporary files takes its place.
    pub fn start(parent: &Path) -> Result<Self, Error> {
        let binaries = Binaries::find()?;
        let identity = Identity::choose()?;
        let parent = reachable(parent, &identity)?;
        let (folder, owner, cache) = {
            // Alone: the cache is made once, and a folder is not taken for an orphan before its owner has locked it.
            let _preparing = lock::exclusive(&parent.join("scratch.lock"))?;
            sweep(&parent);
            let cache = cached_cluster(&parent, &binaries, identity)?;
            let (folder, owner) = own_folder(&parent, &identity)?;
            (folder, owner, cache)
        };
        let watchdog = Watchdog::start(&folder)?;
        let data_dir = folder.join("data");
        let password = fs::read_to_string(cache.join("password")).at("read", &cache)?;
        copy::cluster(&cache.join("data"), &data_dir, &identity)?;
        let settings = settings::scratch();
        let launch = Launch {
            binaries: &binaries,
            identity,
            data_dir: &data_dir,
            log: &folder.join("pg.log"),
            settings: &settings,
        };
        let server = launch.start(PortWish::Prefer(None), &|pid| watchdog.watch(pid))?;
        let port = server.port;
        Ok(Self {
            watchdog,
            server: Mutex::new(server),
            port,
            folder,
            data_dir,
            binaries,
            identity,
            password,
            _owner: owner,
        })
    }

    /// TCP port on 127.0.0.1; the same after every restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's address of a database; it contains the password.
    pub fn superuser_url(&self, database: &str) -> String {
        url::superuser_url(&self.password, self.port, database)
    }

    /// Process id of the server that runs now, or ran last.
    pub fn pid(&self) -> i32 {
        self.lock().pid
    }

    /// The cluster's own folder.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Folder of the server's programs, such as `psql`.
    pub fn bindir(&self) -> &Path {
        self.binaries.bindir()
    }

    /// Crashes the server and starts it again on the same port. Blocks until it answers.
    pub fn restart_immediate(&self) -> Result<(), Error> {
        self.stop_immediate()?;
        self.start_again()
    }

    /// Crashes the server: clients are cut off, nothing is flushed.
    pub fn stop_immediate(&self) -> Result<(), Error> {
        self.lock().stop_immediately(&self.data_dir)?;
        self.watchdog.watch(0);
        Ok(())
    }

    /// Starts the server again after [`Scratch::stop_immediate`], on the same port.
    pub fn start_again(&self) -> Result<(), Error> {
        let mut server = self.lock();
        postmaster::clear_recycled(&self.data_dir)?;
        let settings = settings::scratch();
        let log = self.folder.join("pg.log");
        let launch = Launch {
            binaries: &self.binaries,
            identity: self.identity,
            data_dir: &self.data_dir,
            log: &log,
            settings: &settings,
        };
        *server = launch.start(PortWish::Exactly(self.port), &|pid| {
            self.watchdog.watch(pid);
        })?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder itself when the server's user can get into it, else one of ours among the temporary files.
fn reachable(parent: &Path, identity: &Identity) -> Result<PathBuf, Error> {
    fs::create_dir_all(parent).at("make", parent)?;
    let parent = fs::canonicalize(parent).at("find", parent)?;
    if identity.reaches(&parent)? {
        return Ok(parent);
    }
    let own = env::temp_dir().join(format!("waymark-scratch-{}", geteuid()));
    files::private_folder(&own)?;
    let meta = fs::symlink_metadata(&own).at("look at", &own)?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
        return Err(Error::ForeignOwner { data_dir: own, owner: meta.uid(), server: geteuid().as_raw() });
    }
    identity.admit(&own)?;
    tracing::info!(parent = %parent.display(), own = %own.display(), "the server's user cannot reach the folder; the scratch server lies elsewhere");
    Ok(own)
}

/// A finished cluster and its password, made once for each version and user.
fn cached_cluster(parent: &Path, binaries: &Binaries, identity: Identity) -> Result<PathBuf, Error> {
    let cache = parent.join(format!("initdb-{}-{}", binaries.version(), identity.uid()));
    if cache.is_dir() {
        return Ok(cache);
    }
    let partial = cache.with_added_extension("partial");
    files::remove_folder(&partial)?;
    files::private_folder(&partial)?;
    identity.admit(&partial)?;
    let (password, _) = password::read_or_make(&partial.join("password"))?;
    Initdb { binaries, identity, durable: false }.run(&partial.join("data"), &password)?;
    fs::rename(&partial, &cache).at("rename to", &cache)?;
    Ok(cache)
}

/// A fresh folder and the lock that marks it as in use.
fn own_folder(parent: &Path, identity: &Identity) -> Result<(PathBuf, File), Error> {
    let folder = parent.join(format!("pg-{}-{}", process::id(), password::random_hex::<4>()?));
    files::private_folder(&folder)?;
    identity.admit(&folder)?;
    let owner = lock::exclusive(&folder.join("owner.lock"))?;
    Ok((folder, owner))
}

/// Removes folders whose owner and watchdog both died, as in a power cut. Failures wait for the next time.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let folder = entry.path();
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("pg-"));
        let mark = folder.join("owner.lock");
        if ours && File::open(&mark).is_ok_and(|owner| lock::alone(&owner, &mark).is_ok_and(|free| free)) {
            tracing::debug!(folder = %folder.display(), "removing the folder of a dead scratch server");
            _ = files::remove_folder(&folder);
        }
    }
}
