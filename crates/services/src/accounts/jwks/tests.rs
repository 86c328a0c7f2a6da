//! How often keys are fetched, and what happens when they cannot be.

use super::*;
use crate::accounts::tokens::test_support::{Answer, KEY_A, KEY_B, KeyServer, ManualClock, http, jwk, key_set};
use futures_util::FutureExt;
use serde_json::{Value, json};

struct Scene {
    server: KeyServer,
    cache: JwksCache,
    clock: ManualClock,
}

impl Scene {
    async fn new(answer: Answer) -> Self {
        Self::with_timeout(answer, FETCH_TIMEOUT).await
    }

    async fn with_timeout(answer: Answer, timeout: Duration) -> Self {
        let (server, clock) = (KeyServer::start(answer).await, ManualClock::new());
        let cache = JwksCache::with_timeout(server.url.clone(), http(), Arc::new(clock.clone()), timeout);
        Self { server, cache, clock }
    }

    /// Asks for a key and, if that started a fetch, waits until it is over.
    async fn ask(&self, kid: &str) -> Result<(), TokenError> {
        let outcome = self.cache.key(Some(kid)).await;
        self.settle().await;
        outcome.map(drop)
    }

    async fn settle(&self) {
        let flight = self.cache.shared.with_state(|state| state.flight.clone());
        flight.landed().await;
    }
}

fn keys_a() -> Answer {
    Answer::Keys(key_set(&[jwk("a", &KEY_A)]))
}

fn keys_b() -> Answer {
    Answer::Keys(key_set(&[jwk("b", &KEY_B)]))
}

/// Everything an address can say that is not a set of keys.
fn bad_answers() -> Vec<Answer> {
    vec![
        Answer::Status(500, ""),
        Answer::Status(404, "{}"),
        Answer::Status(302, ""),
        Answer::Keys("<html>".to_owned()),
        Answer::Keys("{}".to_owned()),
        Answer::Keys(key_set(&[])),
        Answer::Keys(format!("{}{}", key_set(&[jwk("a", &KEY_A)]), " ".repeat(300_000))),
    ]
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let scene = Scene::new(keys_a()).await;
    for _ in 0..10 {
        assert_eq!(scene.ask("a").await, Ok(()));
    }
    scene.clock.advance(TimeDelta::seconds(299));
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.server.requests(), 1);
}

#[tokio::test]
async fn fifty_requests_at_once_share_one_fetch() {
    let scene = Scene::new(keys_a()).await;
    let outcomes = futures_util::future::join_all((0..50).map(|_| scene.cache.key(Some("a")))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(scene.server.requests(), 1);
}

#[tokio::test]
async fn a_request_that_gives_up_does_not_take_the_fetch_with_it() {
    let scene = Scene::new(keys_a()).await;
    assert!(scene.cache.key(Some("a")).now_or_never().is_none(), "it waits, and is dropped");
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.server.requests(), 1);
}

#[tokio::test]
async fn old_keys_are_refreshed_behind_the_requests_backs() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(keys_b());
    scene.clock.advance(TimeDelta::minutes(5));
    assert_eq!(scene.ask("a").await, Ok(()), "the request that starts the refresh uses what there is");
    assert_eq!(scene.ask("b").await, Ok(()));
    assert_eq!(scene.server.requests(), 2);
}

#[tokio::test]
async fn very_old_keys_are_not_believed_before_the_issuer_was_asked() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(keys_b());
    scene.clock.advance(TimeDelta::hours(1));
    assert_eq!(scene.ask("a").await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn very_old_keys_are_used_when_the_issuer_is_down() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(Answer::Status(500, ""));
    scene.clock.advance(TimeDelta::hours(30));
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.server.requests(), 2, "one try in ten seconds");
}

#[tokio::test]
async fn a_new_key_is_found_as_soon_as_a_token_names_it() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(Answer::Keys(key_set(&[jwk("a", &KEY_A), jwk("b", &KEY_B)])));
    scene.clock.advance(TimeDelta::seconds(10));
    assert_eq!(scene.ask("b").await, Ok(()));
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.server.requests(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_stops_working() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(keys_b());
    scene.clock.advance(TimeDelta::seconds(10));
    assert_eq!(scene.ask("b").await, Ok(()));
    assert_eq!(scene.ask("a").await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_thousand_made_up_key_ids_cause_no_fetch_within_ten_seconds_and_one_after() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    for (wait, expected) in [(0, 1), (9, 1), (1, 2), (9, 2)] {
        scene.clock.advance(TimeDelta::seconds(wait));
        let ids: Vec<String> = (0..1000).map(|number| format!("made-up-{number}")).collect();
        let outcomes = futures_util::future::join_all(ids.iter().map(|id| scene.cache.key(Some(id)))).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(TokenError::UnknownKey))));
        assert_eq!(scene.server.requests(), expected);
    }
    assert_eq!(scene.ask("a").await, Ok(()), "the known key was never in danger");
}

#[tokio::test]
async fn known_keys_do_not_wait_for_the_fetch_that_an_unknown_one_started() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(Answer::Silence);
    scene.clock.advance(TimeDelta::seconds(10));
    assert!(scene.cache.key(Some("z")).now_or_never().is_none(), "this one waits");
    assert!(scene.cache.key(Some("a")).now_or_never().is_some_and(|key| key.is_ok()));
}

#[tokio::test]
async fn keys_survive_every_kind_of_bad_answer() {
    for answer in bad_answers() {
        let scene = Scene::new(keys_a()).await;
        assert_eq!(scene.ask("a").await, Ok(()));
        scene.server.say(answer);
        scene.clock.advance(TimeDelta::minutes(6));
        assert_eq!(scene.ask("a").await, Ok(()));
        assert_eq!(scene.server.requests(), 2, "a refresh was tried");
        assert_eq!(scene.ask("a").await, Ok(()));
    }
}

#[tokio::test]
async fn keys_survive_an_issuer_that_never_answers() {
    let scene = Scene::with_timeout(keys_a(), Duration::from_millis(300)).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(Answer::Silence);
    scene.clock.advance(TimeDelta::hours(2));
    assert_eq!(scene.ask("a").await, Ok(()));
    assert_eq!(scene.server.requests(), 2);
}

#[tokio::test]
async fn a_first_fetch_that_fails_is_tried_again_after_a_second() {
    for answer in bad_answers() {
        let scene = Scene::new(answer).await;
        assert_eq!(scene.ask("a").await, Err(TokenError::KeysUnavailable));
        assert_eq!(scene.ask("a").await, Err(TokenError::KeysUnavailable));
        assert_eq!(scene.server.requests(), 1, "not at once");
        scene.server.say(keys_a());
        scene.clock.advance(TimeDelta::seconds(1));
        assert_eq!(scene.ask("a").await, Ok(()));
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_the_fetching() {
    let scene = Scene::new(keys_a()).await;
    assert_eq!(scene.ask("a").await, Ok(()));
    scene.server.say(keys_b());
    scene.clock.advance(TimeDelta::days(-1));
    assert_eq!(scene.ask("b").await, Ok(()));
}

#[test]
fn only_rsa_keys_for_signatures_are_kept() {
    let with = |name: &str, value: Value| {
        let mut key = jwk("a", &KEY_A);
        key[name] = value;
        key
    };
    let weak = crate::accounts::tokens::test_support::base64url([0xff; 128]);
    let refused = [
        json!({ "kty": "EC", "crv": "P-256", "kid": "a", "x": "AQ", "y": "AQ" }),
        json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0" }),
        json!("nonsense"),
        with("use", json!("enc")),
        with("alg", json!("RS512")),
        with("n", json!(weak)),
        with("n", json!("not base64!")),
        with("e", json!("AQ")),
        with("e", json!("BA")),
        with("e", json!("")),
    ];
    for key in refused {
        assert!(KeySet::parse(key_set(std::slice::from_ref(&key)).as_bytes()).is_none(), "{key}");
        let beside = KeySet::parse(key_set(&[key, jwk("b", &KEY_B)]).as_bytes()).unwrap();
        assert!(beside.find(Some("b")).is_some(), "a good key beside it is kept");
    }
    let mut plain = jwk("a", &KEY_A);
    plain.as_object_mut().unwrap().retain(|name, _| name != "use" && name != "alg");
    assert!(KeySet::parse(key_set(&[plain]).as_bytes()).is_some(), "use and alg may be absent");
}

#[test]
fn a_missing_key_id_is_ambiguous_when_there_are_two_keys() {
    let both = KeySet::parse(key_set(&[jwk("a", &KEY_A), jwk("b", &KEY_B)]).as_bytes()).unwrap();
    assert!(both.find(None).is_none());
}

#[test]
fn the_address_comes_from_the_issuer_unless_it_is_given() {
    let address = |issuer, explicit| jwks_address(issuer, explicit).map(String::from);
    assert_eq!(address("https://c.example", None), Ok("https://c.example/.well-known/jwks.json".to_owned()));
    assert_eq!(address("https://c.example/", None), Ok("https://c.example/.well-known/jwks.json".to_owned()));
    assert_eq!(address("https://c.example", Some("https://k.example/jwks")), Ok("https://k.example/jwks".to_owned()));
    for loopback in ["http://127.0.0.1:9/k", "http://[::1]/k", "http://localhost/k"] {
        assert_eq!(address("x", Some(loopback)), Ok(loopback.to_owned()));
    }
}

#[test]
fn an_address_that_anybody_on_the_way_could_forge_is_refused() {
    for address in ["http://c.example/k", "ftp://c.example/k", "http://127.0.0.1.evil.example/k"] {
        let refused = Err(JwksAddressError::NotEncrypted(address.to_owned()));
        assert_eq!(jwks_address("x", Some(address)), refused);
    }
    assert!(matches!(jwks_address("c.example", None), Err(JwksAddressError::NotAUrl(_))));
}
