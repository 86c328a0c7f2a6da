//! Throw-away servers.

use std::fs;
use std::path::Path;

use nix::unistd::geteuid;
use waymark_localpg::Scratch;

use crate::helper::Helper;
use crate::support::{ask, closed_folder, eventually, is_open, kill_hard, open_folder};

/// Folders of scratch servers that exist.
fn folders(parent: &Path) -> usize {
    let names = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("pg-")).count()
}

#[test]
fn two_scratch_servers_are_independent_and_leave_nothing() {
    let parent = open_folder();
    let one = Scratch::start(parent.path()).unwrap();
    let two = Scratch::start(parent.path()).unwrap();
    ask(one.bindir(), &one.superuser_url("postgres"), "create table only_here ()");
    assert_eq!(ask(two.bindir(), &two.superuser_url("postgres"), "select to_regclass('only_here') is null"), "t");
    assert_eq!(folders(parent.path()), 2);
    let ports = [one.port(), two.port()];
    drop((one, two));
    assert!(!ports.into_iter().any(is_open));
    assert_eq!(folders(parent.path()), 0);
}

#[test]
fn a_scratch_server_comes_back_from_a_crash_on_the_same_port() {
    let parent = open_folder();
    let scratch = Scratch::start(parent.path()).unwrap();
    let url = scratch.superuser_url("postgres");
    ask(scratch.bindir(), &url, "create table kept as select 42 as answer");
    ask(scratch.bindir(), &url, "checkpoint");
    let old = scratch.pid();
    scratch.restart_immediate().unwrap();
    assert_ne!(scratch.pid(), old);
    assert_eq!(scratch.superuser_url("postgres"), url);
    assert_eq!(ask(scratch.bindir(), &url, "select answer from kept"), "42");
}

#[test]
fn a_scratch_server_can_be_away_for_a_while() {
    let parent = open_folder();
    let scratch = Scratch::start(parent.path()).unwrap();
    scratch.stop_immediate().unwrap();
    assert!(!is_open(scratch.port()));
    scratch.start_again().unwrap();
    assert_eq!(ask(scratch.bindir(), &scratch.superuser_url("postgres"), "select 1"), "1");
}

#[test]
fn a_scratch_server_dies_with_its_owner() {
    let parent = open_folder();
    let mut owner = Helper::with_scratch(parent.path());
    assert!(is_open(owner.port));
    owner.kill_hard();
    eventually("the server is gone", || !is_open(owner.port));
    eventually("its folder is gone", || folders(parent.path()) == 0);
}

#[test]
fn the_folder_of_a_dead_scratch_server_is_swept() {
    let parent = open_folder();
    let orphan = parent.path().join("pg-1-dead");
    fs::create_dir(&orphan).unwrap();
    fs::write(orphan.join("owner.lock"), "").unwrap();
    let scratch = Scratch::start(parent.path()).unwrap();
    assert!(!orphan.exists());
    assert!(scratch.data_dir().exists());
}

#[test]
fn a_killed_scratch_server_is_cleaned_up_too() {
    let parent = open_folder();
    let scratch = Scratch::start(parent.path()).unwrap();
    kill_hard(scratch.pid());
    eventually("the server is gone", || !is_open(scratch.port()));
    scratch.start_again().unwrap();
    assert_eq!(ask(scratch.bindir(), &scratch.superuser_url("postgres"), "select 1"), "1");
    drop(scratch);
    assert_eq!(folders(parent.path()), 0);
}

#[test]
fn a_parent_the_servers_user_cannot_reach_is_replaced() {
    if !geteuid().is_root() {
        return; // Everyone else runs the server as oneself.
    }
    let closed = closed_folder();
    let scratch = Scratch::start(&closed.path().join("target")).unwrap();
    assert!(!scratch.data_dir().starts_with(closed.path()));
    assert_eq!(ask(scratch.bindir(), &scratch.superuser_url("postgres"), "select 1"), "1");
}
