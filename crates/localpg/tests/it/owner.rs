//! One folder used by its owner and by root in turns. Only root can try; for anybody else these tests end at once.

use std::env;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};
use tempfile::TempDir;
use waymark_localpg::{Cluster, Error, Options, Stop};

use crate::support::{ask, open_folder, options};

const DIR: &str = "LOCALPG_TEST_OWNED_DIR";
const SQL: &str = "LOCALPG_TEST_SQL";

/// The account `nobody` and its private `.waymark` in a folder everyone can enter.
struct Owned {
    folder: TempDir,
    dir: PathBuf,
    uid: u32,
    gid: u32,
}

impl Owned {
    /// `None` when we are not root or there is no such account.
    fn by_nobody() -> Option<Self> {
        let user = geteuid().is_root().then(|| User::from_name("nobody").unwrap()).flatten()?;
        let folder = open_folder();
        let dir = fs::canonicalize(folder.path()).unwrap().join(".waymark");
        let owned = Self { folder, dir, uid: user.uid.as_raw(), gid: user.gid.as_raw() };
        fs::create_dir(&owned.dir).unwrap();
        fs::set_permissions(&owned.dir, Permissions::from_mode(0o700)).unwrap();
        chown(&owned.dir, Some(owned.uid), Some(owned.gid)).unwrap();
        // A copy, because the folder of the build may be closed to the owner.
        fs::copy(env::current_exe().unwrap(), owned.program()).unwrap();
        Some(owned)
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("helper")
    }

    /// Starts the cluster in a process of the owner's, asks, and stops the cluster.
    fn ask_as_owner(&self, sql: &str) -> String {
        let mut command = Command::new(self.program());
        command.args(["--exact", "owner::a_helper_process_asks_and_stops", "--ignored"]);
        command.env(DIR, &self.dir).env(SQL, sql).env("HOME", &self.dir).current_dir("/");
        let output = command.uid(self.uid).gid(self.gid).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        fs::read_to_string(answer_file(&self.dir)).unwrap()
    }

    /// The same in this process, which is root's.
    fn ask_as_root(&self, sql: &str) -> String {
        let cluster = Cluster::start(&options(&self.folder)).unwrap();
        assert_eq!(cluster.data_dir(), self.dir.join("pg"));
        let answer = ask(cluster.bindir(), &cluster.superuser_url("postgres"), sql);
        assert_eq!(cluster.stop().unwrap(), Stop::Stopped);
        answer
    }

    fn assert_all_owned(&self) {
        for entry in fs::read_dir(&self.dir).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().uid(), self.uid, "{}", entry.path().display());
        }
    }
}

fn answer_file(dir: &Path) -> PathBuf {
    dir.join("helper.answer")
}

/// Not a test: does nothing unless another test has started it.
#[test]
#[ignore = "the helper process of other tests"]
fn a_helper_process_asks_and_stops() {
    let (Some(dir), Some(sql)) = (env::var_os(DIR).map(PathBuf::from), env::var_os(SQL)) else {
        return;
    };
    let cluster = Cluster::start(&Options { durable: false, ..Options::new(&dir) }).unwrap();
    let answer = ask(cluster.bindir(), &cluster.superuser_url("postgres"), sql.to_str().unwrap());
    assert_eq!(cluster.stop().unwrap(), Stop::Stopped);
    fs::write(answer_file(&dir), answer).unwrap();
}

#[test]
fn root_finds_the_data_of_a_users_folder_and_leaves_them_usable() {
    let Some(owned) = Owned::by_nobody() else {
        return;
    };
    owned.ask_as_owner("create table kept as select 42 as answer");
    // Root has to write everything anew.
    for file in ["start.lock", "users.lock", "pg.log", "pg.password"] {
        fs::remove_file(owned.dir.join(file)).unwrap();
    }
    let port = fs::read_to_string(owned.dir.join("pg.port")).unwrap().parse().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    assert_eq!(owned.ask_as_root("insert into kept values (43) returning answer"), "43\nINSERT 0 1");
    drop(taken);

    assert!(!owned.dir.join("pg.location").exists());
    owned.assert_all_owned();
    assert_eq!(owned.ask_as_owner("select sum(answer) from kept"), "85");
}

#[test]
fn a_users_folder_that_root_used_first_works_for_the_user() {
    let Some(owned) = Owned::by_nobody() else {
        return;
    };
    owned.ask_as_root("create table kept as select 42 as answer");
    owned.assert_all_owned();
    assert_eq!(owned.ask_as_owner("select answer from kept"), "42");
}

#[test]
fn a_folders_owner_cannot_make_root_become_a_third_user() {
    let Some(owned) = Owned::by_nobody() else {
        return;
    };
    let data_dir = owned.dir.join("pg");
    fs::create_dir(&data_dir).unwrap();
    fs::write(data_dir.join("PG_VERSION"), "15\n").unwrap();
    let third = owned.uid - 1;
    chown(&data_dir, Some(third), None).unwrap();

    let error = Cluster::start(&options(&owned.folder)).unwrap_err();
    assert!(matches!(error, Error::ForeignOwner { owner, .. } if owner == third), "{error:?}");
    assert!(!owned.dir.join("pg.location").exists());
}
