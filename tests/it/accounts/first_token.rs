//! A person's first token and the word of their deletion at the same moment.

use super::Stage;
use futures_util::future::{join, join_all};

/// Accounts of people who are gone for ever.
const UNDEAD: &str = "users join deleted_users using (clerk_user_id)";

#[tokio::test]
async fn a_first_token_and_a_deletion_at_once_never_leave_an_account_with_a_tombstone() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for round in 0..60 {
        let subject = format!("user_{round}");
        let deletion = stage.deletion(&subject);
        let newcomer = stage.app.learner(&subject);
        let requests = join_all([stage.app.base(), other.base()].map(|base| {
            let newcomer = newcomer.at(base);
            async move { newcomer.get("/v1/user/profile").await.status.as_u16() }
        }));
        let (status, statuses) = join(stage.clerk.deliver(other.base(), &deletion), requests).await;
        assert_eq!(status, 200);
        assert!(statuses.iter().all(|status| matches!(status, 200 | 403)), "{statuses:?}");
        assert_eq!((stage.count(UNDEAD).await, stage.count("users").await), (0, 0), "round {round}");
    }
    assert_eq!(stage.count("deleted_users").await, 60);
}

#[tokio::test]
async fn first_tokens_and_a_persons_first_events_at_once_make_one_account() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for round in 0..30 {
        let subject = format!("user_{round}");
        // The token's address is that of the event.
        let address = format!("{subject}@example.com");
        let events = [
            stage.event("user.created", &subject, Some(&address), 1),
            stage.event("user.updated", &subject, Some(&address), 2),
        ];
        let newcomer = stage.app.learner(&subject);
        let requests = join_all([stage.app.base(), other.base()].repeat(2).into_iter().map(|base| {
            let newcomer = newcomer.at(base);
            async move { newcomer.get("/v1/user/profile").await.status.as_u16() }
        }));
        let bases = [other.base(), stage.app.base()];
        let deliveries = join_all(events.iter().zip(bases).map(|(event, base)| stage.clerk.deliver(base, event)));
        assert_eq!(join(deliveries, requests).await, (vec![200; 2], vec![200; 4]), "round {round}");
        assert_eq!(stage.email(&subject).await, Some(address));
    }
    assert_eq!(stage.count("users").await, 30);
}
