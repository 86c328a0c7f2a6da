//! Whose turn it is: users alternate at equal priority, however many jobs one of them has.

use super::line::{Line, at};
use std::time::Duration;
use waymark_domain::ids::UserId;

/// The users in the order of `claims` claims of one job each.
async fn order(line: &Line, claims: usize) -> Vec<UserId> {
    let mut users = Vec::new();
    for _ in 0..claims {
        users.extend(line.claim(1).await.iter().map(|job| job.user_id.unwrap()));
    }
    users
}

#[tokio::test]
async fn a_user_with_a_thousand_jobs_does_not_starve_one_with_a_single_job() {
    let line = Line::new(2).await;
    let (hoarder, modest) = (line.users[0], line.users[1]);
    line.enqueue(&vec![at(hoarder, 1); 1_000]).await;
    assert_eq!(order(&line, 300).await, vec![hoarder; 300]);
    line.enqueue(&[at(modest, 1)]).await;
    let next = order(&line, 2).await;
    assert!(next.contains(&modest), "the single job goes within a round: {next:?}");
    assert_eq!(line.claim(1_000).await.len(), 699, "nothing of the thousand is lost");
}

#[tokio::test]
async fn three_users_alternate_whatever_they_bring_and_whenever() {
    let line = Line::new(3).await;
    let [a, b, c] = [line.users[0], line.users[1], line.users[2]];
    line.enqueue(&vec![at(a, 1); 50]).await;
    line.enqueue(&vec![at(b, 1); 10]).await;
    line.enqueue(&vec![at(c, 1); 5]).await;
    let claimed = order(&line, 30).await;
    for (round, users) in claimed.chunks(3).take(5).enumerate() {
        assert_eq!(users.iter().filter(|user| **user == a).count(), 1, "round {round}: {users:?}");
        assert_eq!(users.iter().filter(|user| **user == b).count(), 1, "round {round}: {users:?}");
    }
    for users in claimed[15..25].chunks(2) {
        assert_eq!(users.iter().filter(|user| **user == b).count(), 1, "two are left and alternate: {claimed:?}");
    }
    assert_eq!(&claimed[25..], [a; 5], "then only one is left");
    // Who comes again has no claim to the turns that were not used.
    line.enqueue(&vec![at(c, 1); 20]).await;
    let again = order(&line, 20).await;
    let of_c = again.iter().filter(|user| **user == c).count();
    assert!((9..=11).contains(&of_c), "{of_c} of 20");
}

#[tokio::test]
async fn jobs_that_come_one_by_one_are_as_fair_as_those_that_come_together() {
    let line = Line::new(2).await;
    let (together, single) = (line.users[0], line.users[1]);
    line.enqueue(&vec![at(together, 1); 100]).await;
    for _ in 0..20 {
        line.enqueue(&[at(single, 1)]).await;
    }
    let claimed = order(&line, 40).await;
    for (round, pair) in claimed.chunks(2).enumerate() {
        assert!(pair.contains(&single) && pair.contains(&together), "round {round}: {pair:?}");
    }
}

#[tokio::test]
async fn priority_goes_before_turn() {
    let line = Line::new(2).await;
    let (free, paying) = (line.users[0], line.users[1]);
    line.enqueue(&vec![at(free, 1); 3]).await;
    line.enqueue(&vec![at(paying, 10); 3]).await;
    assert_eq!(order(&line, 6).await, [paying, paying, paying, free, free, free]);
}

#[tokio::test]
async fn a_batch_is_claimed_in_the_order_of_the_line() {
    let line = Line::new(2).await;
    let (a, b) = (line.users[0], line.users[1]);
    line.enqueue(&vec![at(a, 1); 4]).await;
    line.enqueue(&vec![at(b, 1); 4]).await;
    line.enqueue(&[at(b, 50)]).await;
    let users: Vec<_> = line.claim(9).await.iter().map(|job| job.user_id.unwrap()).collect();
    assert_eq!(users[0], b, "the higher priority first");
    assert!(users[1..].chunks(2).all(|pair| pair.contains(&a) && pair.contains(&b)), "{users:?}");
}

#[tokio::test]
async fn a_job_that_is_handed_over_goes_first_and_one_that_backs_off_waits_for_its_turn() {
    let line = Line::new(2).await;
    let (a, b) = (line.users[0], line.users[1]);
    line.enqueue(&vec![at(a, 1); 5]).await;
    line.enqueue(&vec![at(b, 1); 5]).await;
    let claimed = line.claim(2).await;
    let (handed, backed) = (claimed[1].held(), claimed[0].held());
    line.put_back(handed, Duration::ZERO, "worker_stopped").await;
    assert_eq!(line.claim(1).await[0].id, handed.id, "it has had its turn");

    line.put_back(backed, Duration::from_millis(1), "rate_limit").await;
    line.due().await;
    let rest = line.claim(9).await;
    let place = rest.iter().position(|job| job.id == backed.id).expect("it came back");
    assert_eq!(place, rest.len() - 1, "behind its user's own jobs, as one that comes anew");
}
