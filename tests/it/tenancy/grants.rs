//! The snapshot of every grant: a change of who may do what is seen in review, whoever makes it.

use crate::tenancy::describe;
use waymark_testkit::database::TestDb;

#[tokio::test]
async fn every_grant_and_policy_is_as_reviewed() {
    let db = TestDb::new().await;
    insta::assert_snapshot!("rights", describe::rights(db.superuser_url()).await.join("\n"));
}
