//! The nightly comparison: queued once, however many processes there are; it mends, and sees to the next one.

use super::shop::{NOTHING, Shop, standing};
use waymark_testkit::app::App;
use waymark_testkit::outside::PRO;
use waymark_testkit::wait::until;

const WAITING: &str = "select count(*) from job_queue where job_type = 'billing_reconcile' and status = 'pending'";
const DONE: &str = "select count(*) from job_queue where job_type = 'billing_reconcile' and status = 'completed'";

/// Makes the comparison that waits due.
async fn fall_due(app: &App) {
    app.db().run("update job_queue set scheduled_for = now() where job_type = 'billing_reconcile'").await;
}

#[tokio::test]
async fn one_waits_for_the_night_however_many_processes_see_to_it() {
    let shop = Shop::open().await;
    let _second = shop.app.second_process(|options| options).await;
    let _third = shop.app.second_process(|options| options).await;
    assert_eq!(shop.number("select count(*) from job_queue").await, 1);
    let night = "select count(*) from job_queue where status = 'pending' and user_id is null and attempts = 0
                   and scheduled_for between now() and now() + interval '24 hours'
                   and to_char(scheduled_for at time zone 'utc', 'HH24:MI') = '03:20'";
    assert_eq!(shop.number(night).await, 1);
}

#[tokio::test]
async fn nobody_compares_where_nothing_is_sold() {
    let app = App::start().await;
    assert_eq!(app.db().number(WAITING).await, 0);
}

#[tokio::test]
async fn when_its_time_has_come_it_mends_and_queues_the_next() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    assert_eq!(standing(&owner).await, NOTHING);
    let job = shop.text("select id::text from job_queue").await;
    fall_due(&shop.app).await;
    until("it is done", async || (shop.number(DONE).await == 1).then_some(())).await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    let entry = "select concat_ws(' ', actor, subject) from audit_log where action = 'subscription.changed'";
    assert_eq!(shop.text(entry).await, format!("waymark {job}"));
    let result = "select result::text from job_queue where status = 'completed'";
    let result: serde_json::Value = serde_json::from_str(&shop.text(result).await).unwrap();
    assert_eq!(result, serde_json::json!({"accounts": 1, "differences": 1, "mended": 1}));
    assert_eq!(shop.number(&format!("{WAITING} and scheduled_for > now()")).await, 1);
}

#[tokio::test]
async fn two_processes_do_it_once() {
    let shop = Shop::open().await;
    let _second = shop.app.second_process(|options| options).await;
    let asked = shop.asked("GET", "/v1/subscriptions").len();
    fall_due(&shop.app).await;
    until("it is done", async || (shop.number(DONE).await > 0 && shop.number(WAITING).await > 0).then_some(())).await;
    assert_eq!((shop.number(DONE).await, shop.number(WAITING).await), (1, 1));
    assert_eq!(shop.asked("GET", "/v1/subscriptions").len() - asked, 1);
}

#[tokio::test]
async fn a_provider_that_is_away_puts_it_off() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    shop.stripe.fail_next("GET /v1/subscriptions", 3, 503);
    fall_due(&shop.app).await;
    let put_off = format!("{WAITING} and attempts = 1 and scheduled_for > now()");
    until("it is put off", async || (shop.number(&put_off).await == 1).then_some(())).await;
    assert_eq!(standing(&owner).await, NOTHING);
    fall_due(&shop.app).await;
    until("it is done", async || (shop.number(DONE).await == 1).then_some(())).await;
    assert_eq!(standing(&owner).await, "pro pro active active");
}

#[tokio::test]
async fn one_that_is_given_up_does_not_end_the_nights() {
    let shop = Shop::open().await;
    shop.app.db().run("update job_queue set attempts = max_attempts - 1").await;
    shop.stripe.fail_next("GET /v1/subscriptions", 3, 503);
    fall_due(&shop.app).await;
    let given_up = "select count(*) from job_queue where job_type = 'billing_reconcile' and status = 'failed'";
    until("it is given up", async || (shop.number(given_up).await == 1).then_some(())).await;
    assert_eq!(shop.number(&format!("{WAITING} and scheduled_for > now() and attempts = 0")).await, 1);
}
