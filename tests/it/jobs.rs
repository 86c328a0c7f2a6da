//! The queue and its workers: leases, fences, handing over, and a worker killed in mid-generation.

mod crash;
mod fairness;
mod fences;
mod leases;
mod line;
mod operators;
mod queue;

/// The body of the second process that other tests start and kill.
#[tokio::test]
#[ignore = "the body of a process that other tests start"]
async fn second_process() {
    waymark_testkit::process::body().await;
}

/// The full path of [`second_process`].
const SECOND_PROCESS: &str = "jobs::second_process";
