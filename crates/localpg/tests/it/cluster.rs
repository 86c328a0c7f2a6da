//! A lasting cluster: made, started again, refused.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use nix::unistd::geteuid;
use waymark_localpg::{Cluster, Error, Options, Stop};

use crate::support::{ask, closed_folder, is_open, open_folder, options};

#[test]
fn a_durable_cluster_starts_and_answers() {
    let folder = open_folder();
    let cluster = Cluster::start(&Options::new(folder.path().join(".waymark"))).unwrap();
    let url = cluster.superuser_url("postgres");
    assert!(!cluster.adopted());
    assert_eq!(ask(cluster.bindir(), &url, "select 1"), "1");
    assert_eq!(ask(cluster.bindir(), &url, "show fsync"), "on");
    assert_eq!(ask(cluster.bindir(), &url, "show data_checksums"), "on");
    assert_eq!(ask(cluster.bindir(), &url, "show server_encoding"), "UTF8");
    assert_eq!(ask(cluster.bindir(), &url, "show listen_addresses"), "127.0.0.1");
}

#[test]
fn a_second_start_finds_its_data_on_the_same_port() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let url = cluster.superuser_url("postgres");
    ask(cluster.bindir(), &url, "create table kept as select 42 as answer");
    let port = cluster.port();
    assert_eq!(cluster.stop().unwrap(), Stop::Stopped);
    assert!(!is_open(port));

    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(cluster.superuser_url("postgres"), url);
    assert_eq!(ask(cluster.bindir(), &url, "select answer from kept"), "42");
}

#[test]
fn a_dropped_cluster_is_stopped() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let port = cluster.port();
    drop(cluster);
    assert!(!is_open(port));
}

#[test]
fn settings_of_the_caller_reach_the_server() {
    let folder = open_folder();
    let settings = vec![("work_mem".to_owned(), "5MB".to_owned())];
    let cluster = Cluster::start(&Options { settings, ..options(&folder) }).unwrap();
    let url = cluster.superuser_url("postgres");
    assert_eq!(ask(cluster.bindir(), &url, "show work_mem"), "5MB");
    assert_eq!(ask(cluster.bindir(), &url, "show max_connections"), "20");
}

#[test]
fn secrets_and_data_are_private() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let dir = folder.path().join(".waymark");
    for (file, mode) in
        [(dir.join("pg.password"), 0o600), (dir.join("pg.log"), 0o600), (cluster.data_dir().to_owned(), 0o700)]
    {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode, "{}", file.display());
    }
    assert_eq!(fs::metadata(dir).unwrap().mode() & 0o007, 0);
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let folder = open_folder();
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let error = Cluster::start(&Options { settings, ..options(&folder) }).unwrap_err().to_string();
    assert!(error.contains("no_such_setting"), "{error}");
}

#[test]
fn a_cluster_of_another_version_is_explained() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let version_file = cluster.data_dir().join("PG_VERSION");
    cluster.stop().unwrap();
    fs::write(&version_file, "12\n").unwrap();
    let error = Cluster::start(&options(&folder)).unwrap_err();
    assert!(matches!(&error, Error::OtherVersion { cluster, .. } if cluster == "12"), "{error:?}");
    assert!(error.to_string().contains(&*version_file.parent().unwrap().to_string_lossy()), "{error}");
}

#[test]
fn a_folder_the_servers_user_cannot_reach_is_replaced() {
    if !geteuid().is_root() {
        return; // Everyone else runs the server as oneself.
    }
    let closed = closed_folder();
    let cluster = Cluster::start(&options(&closed)).unwrap();
    let home = cluster.data_dir().parent().unwrap().to_owned();
    assert!(!home.starts_with(closed.path()));
    assert_eq!(ask(cluster.bindir(), &cluster.superuser_url("postgres"), "select 1"), "1");
    cluster.stop().unwrap();
    let again = Cluster::start(&options(&closed)).unwrap();
    assert_eq!(again.data_dir().parent().unwrap(), home);
    again.stop().unwrap();
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_cluster_in_the_folder_wins_over_a_recorded_place() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let data_dir = cluster.data_dir().to_owned();
    cluster.stop().unwrap();
    let record = folder.path().join(".waymark/pg.location");
    fs::write(record, folder.path().join("other/pg").to_string_lossy().as_bytes()).unwrap();

    let again = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(again.data_dir(), data_dir);
    assert!(!folder.path().join("other").exists());
}
