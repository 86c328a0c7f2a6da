//! Reading the settings.

use super::*;
use secrecy::ExposeSecret;

fn read(vars: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn wrong(vars: &[(&str, &str)]) -> Vec<String> {
    read(vars).unwrap_err().problems().iter().map(|problem| problem.name.clone()).collect()
}

#[test]
fn without_any_variable_the_defaults_hold() {
    let settings = read(&[("PATH", "/bin"), ("AI_API_KEY", "  ")]).unwrap();
    assert_eq!((settings.http_addr.to_string(), settings.workers), ("127.0.0.1:8080".to_owned(), 64));
    assert!(settings.is_local() && settings.ai.server().is_none() && settings.database_url.is_none());
}

#[test]
fn all_bad_values_and_unknown_names_are_named_at_once() {
    let named = wrong(&[
        ("WAYMARK_HTTP_ADDR", "8080"),
        ("WAYMARK_PORT", "8080"),
        ("AI_TIMEOUT_IDLE_MS", "soon"),
        ("DATABASE_URL", "mysql://x"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_a,,whsec_b"),
        ("OAUTH_ENCRYPTION_KEYS", "k1:abc"),
        ("OAUTH_ENCRYPTION_KEY", "k1:abc"),
        ("RATE_LIMITS", "reads=fast"),
        ("TIER_LIMITS", "gold.exports=1"),
        ("LEASE_SECONDS", "0"),
        ("RETENTION", "events=0"),
        ("RETENTIONS", "events=1"),
        ("GOOGLE_CLOUD_PROJECT", "somebody else's"),
        ("CLERK_ISSUER", "http://clerk.example.com"),
        ("RUST_LOG", "a=b=c"),
    ]);
    assert_eq!(
        named,
        [
            "AI_TIMEOUT_IDLE_MS",
            "CLERK_ISSUER",
            "DATABASE_URL",
            "LEASE_SECONDS",
            "OAUTH_ENCRYPTION_KEY",
            "OAUTH_ENCRYPTION_KEYS",
            "RATE_LIMITS",
            "RETENTION",
            "RETENTIONS",
            "RUST_LOG",
            "STRIPE_WEBHOOK_SECRETS",
            "TIER_LIMITS",
            "WAYMARK_HTTP_ADDR",
            "WAYMARK_PORT"
        ]
    );
}

#[test]
fn a_bad_secret_is_named_but_never_repeated() {
    let error =
        read(&[("STRIPE_SECRET_KEY", "hunter2"), ("DATABASE_URL", "hunter2"), ("OAUTH_ENCRYPTION_KEYS", "hunter2")]);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("STRIPE_SECRET_KEY") && !text.contains("hunter2"), "{text}");
    let settings = read(&[("DATABASE_URL", "postgres://a:hunter2@h/d"), ("AI_API_KEY", "hunter2")]).unwrap();
    assert_eq!(settings.ai.api_key.as_ref().unwrap().expose_secret(), "hunter2");
    assert!(TABLE.iter().filter(|setting| settings.has(setting.name)).all(|setting| setting.secret));
}

#[test]
fn settings_that_need_another_are_refused_without_it() {
    assert_eq!(wrong(&[("DATABASE_SERVICE_URL", "postgres://h/d")]), ["DATABASE_SERVICE_URL"]);
    assert_eq!(wrong(&[("CLERK_JWKS_URL", "https://a.example/jwks")]), ["CLERK_JWKS_URL"]);
}

#[test]
fn a_server_that_is_not_openrouter_needs_a_model_and_the_refusal_says_why() {
    let error = read(&[("AI_BASE_URL", "http://127.0.0.1:11434/v1")]).unwrap_err().to_string();
    assert!(error.contains("\n  AI_DEFAULT_MODEL: must name"), "{error}");
    assert!(error.contains("AI_BASE_URL is not OpenRouter's"), "{error}");
    assert!(read(&[("AI_BASE_URL", "http://127.0.0.1:11434/v1"), ("AI_DEFAULT_MODEL", "llama3")]).is_ok());
    assert!(read(&[("AI_BASE_URL", "https://openrouter.ai/api/v1"), ("AI_API_KEY", "sk-or-1")]).is_ok());
}

#[test]
fn a_key_alone_means_openrouter() {
    let settings = read(&[("AI_API_KEY", "sk-or-1")]).unwrap();
    assert_eq!(settings.ai.server().unwrap().host_str(), Some("openrouter.ai"));
}

#[test]
fn features_without_their_settings_are_off_and_say_what_they_lack() {
    let key = format!("k1:{}", "ab".repeat(32));
    let settings =
        read(&[("NOTION_CLIENT_ID", "n"), ("OAUTH_ENCRYPTION_KEYS", &key), ("CLERK_ISSUER", "https://c.example")]);
    let settings = settings.unwrap();
    let off: Vec<_> = settings.features_off().map(|(feature, lacks)| (feature.name, lacks)).collect();
    assert!(off.contains(&("Notion export", vec!["NOTION_CLIENT_SECRET"])), "{off:?}");
    assert!(!off.iter().any(|(name, _)| *name == "Clerk sign-in"));
    let sentence = settings.off_sentence().unwrap();
    assert!(sentence.starts_with("off: Clerk webhooks (CLERK_WEBHOOK_SECRET), Stripe billing ("), "{sentence}");
}

#[test]
fn every_setting_has_one_row_and_a_meaning() {
    for setting in TABLE {
        assert_eq!(TABLE.iter().filter(|other| other.name == setting.name).count(), 1, "{}", setting.name);
        assert!(!setting.meaning.is_empty());
    }
}
