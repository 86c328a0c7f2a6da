//! Several users of one cluster.

use std::thread;

use waymark_localpg::{Cluster, Stop};

use crate::helper::Helper;
use crate::support::{ask, is_open, open_folder, options};

#[test]
fn the_first_to_leave_lets_the_server_run_and_the_last_stops_it() {
    let folder = open_folder();
    let first = Cluster::start(&options(&folder)).unwrap();
    let second = Cluster::start(&options(&folder)).unwrap();
    assert!(second.adopted());
    assert_eq!(first.pid(), second.pid());

    assert_eq!(first.stop().unwrap(), Stop::StillShared);
    assert_eq!(ask(second.bindir(), &second.superuser_url("postgres"), "select 1"), "1");
    let port = second.port();
    assert_eq!(second.stop().unwrap(), Stop::Stopped);
    assert!(!is_open(port));
}

#[test]
fn a_server_used_by_another_process_is_left_running() {
    let folder = open_folder();
    let other = Helper::with_cluster(&folder.path().join(".waymark"));
    let mine = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(mine.pid(), other.server_pid);
    assert_eq!(mine.stop().unwrap(), Stop::StillShared);
    assert!(is_open(other.port));

    drop(other);
    let last = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(last.stop().unwrap(), Stop::Stopped);
}

#[test]
fn simultaneous_starts_make_one_server() {
    let folder = open_folder();
    let clusters: Vec<Cluster> = thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| Cluster::start(&options(&folder)).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(clusters.iter().all(|cluster| cluster.pid() == clusters[0].pid()));
    assert_eq!(clusters.iter().filter(|cluster| !cluster.adopted()).count(), 1);
}
