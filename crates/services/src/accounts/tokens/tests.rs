//! What the verifier takes and what it refuses.

use super::test_support::{
    APP, Answer, ISSUER, KEY_A, KEY_B, KeyServer, ManualClock, base64url, claims, header, http, jwk, key_set, modulus,
    rs256, signed_part, start_of_tests,
};
use super::*;
use aws_lc_rs::hmac;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A verifier whose issuer publishes key A under the id `a`.
async fn clerk() -> TokenVerifier {
    clerk_for(&[APP]).await
}

async fn clerk_for(parties: &[&str]) -> TokenVerifier {
    let server = KeyServer::start(Answer::Keys(key_set(&[jwk("a", &KEY_A)]))).await;
    let cache = JwksCache::new(server.url.clone(), http(), Arc::new(ManualClock::new()));
    let authorized_parties = parties.iter().map(|&party| party.to_owned()).collect();
    TokenVerifier::clerk(ClerkTrust { issuer: ISSUER.to_owned(), authorized_parties }, cache)
}

/// The claims with one of them set; null takes it away.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name)
    } else {
        members.insert(name.to_owned(), value)
    };
    claims
}

async fn outcome(claims: &Value) -> Result<VerifiedToken, TokenError> {
    clerk().await.verify(&rs256(&header("a"), claims, &KEY_A), start_of_tests()).await
}

async fn at(token: &str, offset: TimeDelta) -> Result<VerifiedToken, TokenError> {
    clerk().await.verify(token, start_of_tests() + offset).await
}

#[tokio::test]
async fn a_version_2_token_tells_who_its_bearer_is() {
    let verified = outcome(&claims()).await.unwrap();
    assert_eq!(
        verified,
        VerifiedToken {
            subject: "user_1".to_owned(),
            session_id: Some("sess_1".to_owned()),
            email: None,
            name: None,
            expires_at: start_of_tests() + TimeDelta::seconds(60),
        }
    );
}

#[tokio::test]
async fn a_version_1_token_is_taken_too() {
    let now = start_of_tests().timestamp();
    let claims = json!({
        "azp": APP, "exp": now + 60, "iat": now, "iss": ISSUER, "nbf": now - 10, "sid": "sess_1", "sub": "user_1",
        "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin", "org_permissions": ["org:x:read"],
    });
    assert_eq!(outcome(&claims).await.unwrap().subject, "user_1");
}

#[tokio::test]
async fn the_operators_custom_claims_are_read() {
    let mut claims = claims_with("email", json!("ada@example.com"));
    claims["name"] = json!("Ada");
    let verified = outcome(&claims).await.unwrap();
    assert_eq!((verified.email.as_deref(), verified.name.as_deref()), (Some("ada@example.com"), Some("Ada")));
}

#[tokio::test]
async fn a_custom_claim_without_a_usable_value_is_no_claim() {
    for value in [json!(""), json!(" "), json!(7), json!({ "a": 1 })] {
        assert_eq!(outcome(&claims_with("email", value)).await.unwrap().email, None);
    }
    let explicit_null =
        json!({ "email": null, "iss": ISSUER, "sub": "user_1", "exp": start_of_tests().timestamp() + 9 });
    assert_eq!(outcome(&explicit_null).await.unwrap().email, None);
}

#[tokio::test]
async fn a_foreign_audience_is_let_be() {
    assert!(outcome(&claims_with("aud", json!("somebody"))).await.is_ok());
}

#[tokio::test]
async fn text_that_is_no_token_is_malformed() {
    let verifier = clerk().await;
    let whole = rs256(&header("a"), &claims(), &KEY_A);
    let (signed, _) = whole.rsplit_once('.').unwrap();
    let long = format!("{}.x.y", "a".repeat(20_000));
    for token in ["", "x", "a.b", "..", "a.b.c", "a.b.c.d", "é.é.é", signed, &format!("{whole}.x"), &long] {
        assert_eq!(verifier.verify(token, start_of_tests()).await, Err(TokenError::Malformed), "{token}");
    }
}

#[tokio::test]
async fn a_token_lacking_a_required_claim_is_malformed() {
    for claim in ["iss", "sub", "exp"] {
        assert_eq!(outcome(&claims_with(claim, Value::Null)).await, Err(TokenError::Malformed), "{claim}");
    }
}

#[tokio::test]
async fn a_claim_of_the_wrong_type_is_malformed() {
    let wrong = [
        ("exp", json!("1795341660")),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e300)),
        ("nbf", json!(true)),
        ("iat", json!([1])),
        ("sub", json!(7)),
        ("sub", json!("")),
        ("azp", json!({})),
    ];
    for (claim, value) in wrong {
        assert_eq!(outcome(&claims_with(claim, value.clone())).await, Err(TokenError::Malformed), "{claim} {value}");
    }
}

#[tokio::test]
async fn a_time_with_a_fraction_is_read() {
    let now = start_of_tests().timestamp();
    let verified = outcome(&claims_with("exp", json!(60.5 + f64::from(i32::try_from(now).unwrap())))).await.unwrap();
    assert_eq!(verified.expires_at.timestamp(), now + 60);
}

#[tokio::test]
async fn a_header_with_extensions_we_must_understand_is_refused() {
    let mut header = header("a");
    header["crit"] = json!(["exp"]);
    assert_eq!(at(&rs256(&header, &claims(), &KEY_A), TimeDelta::zero()).await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    for alg in ["none", "None", ""] {
        let token = format!("{}.", signed_part(&json!({ "alg": alg, "kid": "a" }), &claims()));
        assert_eq!(at(&token, TimeDelta::zero()).await, Err(TokenError::WrongAlgorithm), "{alg}");
    }
}

#[tokio::test]
async fn a_public_key_used_as_an_hmac_secret_opens_nothing() {
    let signed = signed_part(&json!({ "alg": "HS256", "kid": "a" }), &claims());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &modulus(&KEY_A));
    let token = format!("{signed}.{}", base64url(hmac::sign(&secret, signed.as_bytes())));
    assert_eq!(at(&token, TimeDelta::zero()).await, Err(TokenError::WrongAlgorithm));
}

#[tokio::test]
async fn a_signature_that_claims_another_rsa_method_is_refused() {
    for alg in ["RS384", "RS512", "PS256"] {
        let token = rs256(&json!({ "alg": alg, "kid": "a" }), &claims(), &KEY_A);
        assert_eq!(at(&token, TimeDelta::zero()).await, Err(TokenError::WrongAlgorithm), "{alg}");
    }
}

#[tokio::test]
async fn another_key_under_the_same_id_is_refused() {
    assert_eq!(at(&rs256(&header("a"), &claims(), &KEY_B), TimeDelta::zero()).await, Err(TokenError::BadSignature));
}

#[tokio::test]
async fn a_key_carried_in_the_header_is_not_believed() {
    let mut header = header("a");
    header["jwk"] = jwk("a", &KEY_B);
    assert_eq!(at(&rs256(&header, &claims(), &KEY_B), TimeDelta::zero()).await, Err(TokenError::BadSignature));
}

#[tokio::test]
async fn a_changed_payload_is_refused() {
    let token = rs256(&header("a"), &claims(), &KEY_A);
    let (_, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{}.{signature}", signed_part(&header("a"), &claims_with("sub", json!("user_2"))));
    assert_eq!(at(&forged, TimeDelta::zero()).await, Err(TokenError::BadSignature));
}

#[tokio::test]
async fn a_missing_or_broken_signature_is_refused() {
    let signed = signed_part(&header("a"), &claims());
    for signature in ["", "!!", "AAAA"] {
        let token = format!("{signed}.{signature}");
        assert_eq!(at(&token, TimeDelta::zero()).await, Err(TokenError::BadSignature), "{signature}");
    }
}

#[tokio::test]
async fn a_key_nobody_published_is_unknown() {
    assert_eq!(at(&rs256(&header("z"), &claims(), &KEY_A), TimeDelta::zero()).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_token_without_key_id_is_checked_with_the_only_key() {
    let token = rs256(&json!({ "alg": "RS256" }), &claims(), &KEY_A);
    assert!(at(&token, TimeDelta::zero()).await.is_ok());
}

#[tokio::test]
async fn expiry_has_five_seconds_of_leeway_and_not_more() {
    let token = rs256(&header("a"), &claims(), &KEY_A);
    assert!(at(&token, TimeDelta::milliseconds(64_999)).await.is_ok());
    assert_eq!(at(&token, TimeDelta::seconds(65)).await, Err(TokenError::Expired));
    assert_eq!(at(&token, TimeDelta::days(900)).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn not_before_and_issued_at_have_five_seconds_of_leeway_and_not_more() {
    let now = start_of_tests().timestamp();
    for claim in ["nbf", "iat"] {
        assert!(outcome(&claims_with(claim, json!(now + 5))).await.is_ok(), "{claim}");
        assert_eq!(outcome(&claims_with(claim, json!(now + 6))).await, Err(TokenError::NotYetValid), "{claim}");
        assert!(outcome(&claims_with(claim, Value::Null)).await.is_ok(), "{claim} may be absent");
    }
}

#[tokio::test]
async fn the_issuer_is_compared_exactly() {
    for issuer in
        ["https://clerk.example.com/", "https://CLERK.example.com", "https://evil.example", "waymark-local", ""]
    {
        assert_eq!(outcome(&claims_with("iss", json!(issuer))).await, Err(TokenError::WrongIssuer), "{issuer}");
    }
}

#[tokio::test]
async fn a_token_for_another_application_is_refused_and_names_it() {
    let azp = "https://evil.example.com".to_owned();
    assert_eq!(outcome(&claims_with("azp", json!(azp))).await, Err(TokenError::WrongParty { azp }));
}

#[tokio::test]
async fn a_token_that_names_no_application_is_taken() {
    assert!(outcome(&claims_with("azp", Value::Null)).await.is_ok());
}

#[tokio::test]
async fn an_empty_list_of_applications_takes_them_all() {
    let token = rs256(&header("a"), &claims_with("azp", json!("https://other.example.com")), &KEY_A);
    assert!(clerk_for(&[]).await.verify(&token, start_of_tests()).await.is_ok());
}

#[tokio::test]
async fn a_listed_application_may_be_written_with_a_slash_at_the_end() {
    let token = rs256(&header("a"), &claims(), &KEY_A);
    assert!(clerk_for(&["https://app.example.com/"]).await.verify(&token, start_of_tests()).await.is_ok());
}

#[tokio::test]
async fn a_pending_session_is_refused_and_an_active_one_taken() {
    assert_eq!(outcome(&claims_with("sts", json!("pending"))).await, Err(TokenError::Pending));
    assert!(outcome(&claims_with("sts", json!("active"))).await.is_ok());
}

#[tokio::test]
async fn without_any_keys_the_answer_is_unavailable_rather_than_unauthenticated() {
    let server = KeyServer::start(Answer::Status(500, "")).await;
    let cache = JwksCache::new(server.url.clone(), http(), Arc::new(ManualClock::new()));
    let trust = ClerkTrust { issuer: ISSUER.to_owned(), authorized_parties: Vec::new() };
    let token = rs256(&header("a"), &claims(), &KEY_A);
    let outcome = TokenVerifier::clerk(trust, cache).verify(&token, start_of_tests()).await;
    assert_eq!(outcome, Err(TokenError::KeysUnavailable));
}

#[test]
fn every_refusal_has_a_word_of_its_own() {
    let all = [
        TokenError::Malformed,
        TokenError::WrongAlgorithm,
        TokenError::UnknownKey,
        TokenError::BadSignature,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::WrongIssuer,
        TokenError::WrongParty { azp: APP.to_owned() },
        TokenError::Pending,
        TokenError::KeysUnavailable,
    ];
    let words: std::collections::BTreeSet<_> = all.iter().map(TokenError::reason).collect();
    assert_eq!(words.len(), all.len());
}

#[tokio::test]
async fn a_token_seen_before_is_not_believed_beyond_its_time_or_with_another_signature() {
    let verifier = clerk().await;
    let token = rs256(&header("a"), &claims(), &KEY_A);
    let first = verifier.verify(&token, start_of_tests()).await;
    assert!(first.is_ok());
    assert_eq!(verifier.verify(&token, start_of_tests()).await, first);
    let late = start_of_tests() + TimeDelta::seconds(65);
    assert_eq!(verifier.verify(&token, late).await, Err(TokenError::Expired));
    let forged = rs256(&header("a"), &claims(), &KEY_B);
    assert_eq!(verifier.verify(&forged, start_of_tests()).await, Err(TokenError::BadSignature));
}
