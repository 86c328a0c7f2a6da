//! A lasting cluster shared by processes. Called by `serve`, `worker`, `demo` and the other commands when no database address is set.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::binaries::{Binaries, Places};
use crate::error::Error;
use crate::files;
use crate::identity::Identity;
use crate::initdb::{self, Initdb};
use crate::layout::{self, Found, Layout};
use crate::lock;
use crate::password;
use crate::port::PortWish;
use crate::postmaster::{self, Postmaster};
use crate::server::{Launch, Server};
use crate::settings::Options;
use crate::url;

/// A running server and our share in it. Dropping it is the same as [`Cluster::stop`], except that a failure is only logged.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    data_dir: PathBuf,
    binaries: Binaries,
    password: String,
    server: Server,
    /// Our shared lock; `None` once given back.
    share: Option<File>,
}

/// What a stop came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// We were the last, and the server has ended.
    Stopped,
    /// Other processes still use the server.
    StillShared,
}

impl Cluster {
    /// Starts the cluster of a folder, makes it when it is missing, or joins the processes that already run it. Blocks until it answers.
    ///
    /// # Errors
    /// Each one is written for the person at the terminal; nothing in the folder is deleted except a half-made cluster.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let layout = Layout::open(&options.dir)?;
        let _starting = lock::exclusive(&layout.start_lock())?;
        let share = lock::shared(&layout.users_lock())?;
        let (data_dir, identity) = layout.place(Identity::choose()?)?;
        let found = layout::inspect(&data_dir, &identity)?;
        let binaries = choose_binaries(options, &found, &data_dir)?;
        let setup = Setup { options, layout: &layout, data_dir: &data_dir, binaries: &binaries, identity };
        let password = setup.ensure_cluster(&found)?;
        let server = setup.ensure_server()?;
        Ok(Self { layout, data_dir, binaries, password, server, share: Some(share) })
    }

    /// TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The superuser's address of a database; it contains the password.
    pub fn superuser_url(&self, database: &str) -> String {
        url::superuser_url(&self.password, self.port(), database)
    }

    /// Process id of the server.
    pub fn pid(&self) -> i32 {
        self.server.pid
    }

    /// Whether the server was already running, left by a crash or shared with another process.
    pub fn adopted(&self) -> bool {
        self.server.child.is_none()
    }

    /// The cluster's own folder.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Folder of the server's programs, such as `psql`.
    pub fn bindir(&self) -> &Path {
        self.binaries.bindir()
    }

    /// Gives our share back and, if it was the last one, stops the server (10 s for a fast shutdown, then an immediate one).
    ///
    /// # Errors
    /// [`Error::WouldNotStop`], or a lock or file the system refuses.
    pub fn stop(mut self) -> Result<Stop, Error> {
        self.release()
    }

    fn release(&mut self) -> Result<Stop, Error> {
        let Some(share) = self.share.take() else {
            return Ok(Stop::StillShared);
        };
        let _stopping = lock::exclusive(&self.layout.start_lock())?;
        if !lock::alone(&share, &self.layout.users_lock())? {
            return Ok(Stop::StillShared);
        }
        // Another process may have started a new server since; whichever runs now is the one to stop.
        if let Some(running) = Postmaster::running(&self.data_dir)?
            && running.pid != self.server.pid
        {
            self.server = Server { child: None, pid: running.pid, port: self.server.port };
        }
        self.server.stop(&self.data_dir)?;
        Ok(Stop::Stopped)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the private database was not stopped");
        }
    }
}

/// What is known while starting.
struct Setup<'a> {
    options: &'a Options,
    layout: &'a Layout,
    data_dir: &'a Path,
    binaries: &'a Binaries,
    identity: Identity,
}

impl Setup<'_> {
    /// Makes the cluster when it is missing; gives the superuser's password.
    fn ensure_cluster(&self, found: &Found) -> Result<String, Error> {
        let file = self.layout.password();
        if *found != Found::Nothing
            && !file.exists()
            && let Some(running) = Postmaster::running(self.data_dir)?
        {
            return Err(Error::PasswordLost { file, pid: running.pid });
        }
        let (password, new) = password::read_or_make(&file)?;
        match found {
            Found::Nothing => {
                tracing::info!(data_dir = %self.data_dir.display(), version = self.binaries.version(), "making a private database");
                let initdb = Initdb { binaries: self.binaries, identity: self.identity, durable: self.options.durable };
                initdb.run(self.data_dir, &password)?;
            }
            Found::Cluster(_) if new => {
                tracing::info!(file = %file.display(), "the password file was missing; the superuser gets a new password");
                // Were this interrupted, the new file would not fit; without it the next start tries again.
                initdb::reset_password(self.binaries, self.identity, self.data_dir, &password)
                    .inspect_err(|_| _ = files::remove_file(&file))?;
            }
            Found::Cluster(_) => {}
        }
        Ok(password)
    }

    /// Joins the server that runs, or starts one on the port of the last time.
    fn ensure_server(&self) -> Result<Server, Error> {
        let log = self.layout.log();
        if let Some(server) = Server::adopt(self.data_dir, &log)? {
            return Ok(server);
        }
        postmaster::clear_recycled(self.data_dir)?;
        let settings = self.options.server_settings();
        let launch = Launch {
            binaries: self.binaries,
            identity: self.identity,
            data_dir: self.data_dir,
            log: &log,
            settings: &settings,
        };
        let last = files::read_if_there(&self.layout.port())?.and_then(|text| text.parse().ok());
        let server = launch.start(PortWish::Prefer(last), &|_| {})?;
        if last != Some(server.port) {
            files::private_file(&self.layout.port(), &server.port.to_string())?;
        }
        Ok(server)
    }
}

/// The given installation or the best one found, of the version that made the cluster.
fn choose_binaries(options: &Options, found: &Found, data_dir: &Path) -> Result<Binaries, Error> {
    let version = match found {
        Found::Cluster(version) => Some(version),
        Found::Nothing => None,
    };
    let major = version.and_then(|version| version.parse().ok());
    let binaries = options.binaries.clone().map_or_else(|| Places::of_this_machine().find(major), Ok)?;
    match version {
        Some(version) if *version != binaries.major().to_string() => Err(Error::OtherVersion {
            data_dir: data_dir.to_owned(),
            cluster: version.clone(),
            binaries: binaries.major(),
        }),
        _ => Ok(binaries),
    }
}
