//! What crashes leave behind.

use std::fs;
use std::process::Command;

use waymark_localpg::{Cluster, Stop};

use crate::helper::Helper;
use crate::support::{ask, eventually, is_open, kill_hard, open_folder, options};

#[test]
fn a_half_made_cluster_is_made_anew() {
    let folder = open_folder();
    let dir = folder.path().join(".waymark");
    fs::create_dir_all(dir.join("pg.partial/base")).unwrap();
    fs::write(dir.join("pg.partial/PG_VERSION"), "15\n").unwrap();
    fs::write(dir.join("pg.pwfile"), "old").unwrap();
    fs::create_dir(dir.join("pg")).unwrap();

    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(ask(cluster.bindir(), &cluster.superuser_url("postgres"), "select 1"), "1");
    assert!(!dir.join("pg.partial").exists());
    assert!(!dir.join("pg.pwfile").exists());
}

#[test]
fn the_lock_file_of_a_dead_server_does_not_stop_the_next() {
    let folder = open_folder();
    let first = Cluster::start(&options(&folder)).unwrap();
    kill_hard(first.pid());
    let second = Cluster::start(&options(&folder)).unwrap();
    assert!(!second.adopted());
    assert_ne!(second.pid(), first.pid());
    assert_eq!(ask(second.bindir(), &second.superuser_url("postgres"), "select 1"), "1");
}

#[test]
fn a_lock_file_with_the_number_of_another_live_process_is_removed() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let lock_file = cluster.data_dir().join("postmaster.pid");
    let original = fs::read_to_string(&lock_file).unwrap();
    let old_pid = cluster.pid().to_string();
    assert_eq!(cluster.stop().unwrap(), Stop::Stopped);

    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    fs::write(&lock_file, original.replacen(&old_pid, &bystander.id().to_string(), 1)).unwrap();
    let started = Cluster::start(&options(&folder));
    let alive = bystander.try_wait().unwrap().is_none();
    bystander.kill().unwrap();
    bystander.wait().unwrap();

    let cluster = started.unwrap();
    assert!(alive, "the bystander was harmed");
    assert!(!cluster.adopted());
    assert_eq!(ask(cluster.bindir(), &cluster.superuser_url("postgres"), "select 1"), "1");
}

#[test]
fn a_server_whose_owner_was_killed_is_adopted() {
    let folder = open_folder();
    let mut owner = Helper::with_cluster(&folder.path().join(".waymark"));
    owner.kill_hard();
    assert!(is_open(owner.port));

    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert!(cluster.adopted());
    assert_eq!((cluster.pid(), cluster.port()), (owner.server_pid, owner.port));
    assert_eq!(ask(cluster.bindir(), &cluster.superuser_url("postgres"), "select 1"), "1");
    assert_eq!(cluster.stop().unwrap(), Stop::Stopped);
    eventually("the adopted server has stopped", || !is_open(owner.port));
}

#[test]
fn a_lost_password_is_replaced() {
    let folder = open_folder();
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let old = cluster.superuser_url("postgres");
    cluster.stop().unwrap();
    fs::remove_file(folder.path().join(".waymark/pg.password")).unwrap();

    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert_ne!(cluster.superuser_url("postgres"), old);
    assert_eq!(ask(cluster.bindir(), &cluster.superuser_url("postgres"), "select 1"), "1");
}
