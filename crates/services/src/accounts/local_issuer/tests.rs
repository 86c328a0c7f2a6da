//! The local key: its file, and that the verifier takes its tokens and no others.

use super::*;
use crate::accounts::tokens::test_support::{KEY_A, claims, header, rs256, start_of_tests};
use crate::accounts::tokens::{TokenError, TokenVerifier};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use uuid::Uuid;

/// A folder of this test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("waymark-test-{}", crate::ids::new::<Uuid>())))
    }

    fn key_file(&self) -> PathBuf {
        self.0.join(KEY_FILE)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn token(issuer: &LocalIssuer) -> String {
    issuer.sign("user_1", Some("a@example.com"), Some("Ada"), DEFAULT_TTL, start_of_tests())
}

#[tokio::test]
async fn a_local_token_tells_who_its_bearer_is() {
    let issuer = LocalIssuer::ephemeral().unwrap();
    let verified = TokenVerifier::local(&issuer).verify(&token(&issuer), start_of_tests()).await.unwrap();
    assert_eq!(verified.subject, "user_1");
    assert_eq!(verified.email.as_deref(), Some("a@example.com"));
    assert_eq!(verified.name.as_deref(), Some("Ada"));
    assert_eq!(verified.expires_at, start_of_tests() + DEFAULT_TTL);
}

#[tokio::test]
async fn a_local_token_ends() {
    let issuer = LocalIssuer::ephemeral().unwrap();
    let later = start_of_tests() + DEFAULT_TTL + TimeDelta::seconds(5);
    let outcome = TokenVerifier::local(&issuer).verify(&token(&issuer), later).await;
    assert_eq!(outcome, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_token_may_lack_email_and_name_and_last_for_ever() {
    let issuer = LocalIssuer::ephemeral().unwrap();
    let token = issuer.sign("user_1", None, None, TimeDelta::MAX, start_of_tests());
    let verified = TokenVerifier::local(&issuer).verify(&token, start_of_tests()).await.unwrap();
    assert_eq!((verified.email, verified.name), (None, None));
}

#[tokio::test]
async fn another_installations_token_is_refused() {
    let (ours, theirs) = (LocalIssuer::ephemeral().unwrap(), LocalIssuer::ephemeral().unwrap());
    let outcome = TokenVerifier::local(&ours).verify(&token(&theirs), start_of_tests()).await;
    assert_eq!(outcome, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn another_installations_key_under_our_key_id_is_refused() {
    let (ours, mut theirs) = (LocalIssuer::ephemeral().unwrap(), LocalIssuer::ephemeral().unwrap());
    theirs.key_id.clone_from(&ours.key_id);
    let outcome = TokenVerifier::local(&ours).verify(&token(&theirs), start_of_tests()).await;
    assert_eq!(outcome, Err(TokenError::BadSignature));
}

#[tokio::test]
async fn an_identity_providers_token_does_not_pass_for_a_local_one() {
    let issuer = LocalIssuer::ephemeral().unwrap();
    let foreign = rs256(&header(issuer.key_id()), &claims(), &KEY_A);
    let outcome = TokenVerifier::local(&issuer).verify(&foreign, start_of_tests()).await;
    assert_eq!(outcome, Err(TokenError::WrongAlgorithm));
}

#[tokio::test]
async fn the_key_outlives_the_process() {
    let folder = Folder::new();
    let before = token(&LocalIssuer::open(&folder.0).unwrap());
    let reopened = LocalIssuer::open(&folder.0).unwrap();
    assert!(TokenVerifier::local(&reopened).verify(&before, start_of_tests()).await.is_ok());
}

#[test]
fn only_the_owner_may_read_the_key_and_nothing_else_is_left_behind() {
    let folder = Folder::new();
    LocalIssuer::open(&folder.0).unwrap();
    assert_eq!(fs::metadata(folder.key_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn many_starts_at_once_end_up_with_one_key() {
    let folder = Folder::new();
    let starts: Vec<_> = (0..16).map(|_| folder.0.clone()).collect();
    let threads: Vec<_> =
        starts.into_iter().map(|path| std::thread::spawn(move || LocalIssuer::open(&path).unwrap().key_id)).collect();
    let ids: std::collections::BTreeSet<String> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_no_key_is_named_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let nonsense: [&[u8]; 4] =
        [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff\xfe"];
    for content in nonsense {
        fs::write(folder.key_file(), content).unwrap();
        let error = LocalIssuer::open(&folder.0).unwrap_err();
        assert!(matches!(error, LocalKeyError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(KEY_FILE), "{error}");
        assert_eq!(fs::read(folder.key_file()).unwrap(), content);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    fs::write(&folder.0, "a file").unwrap();
    let error = LocalIssuer::open(&folder.0.join("inside")).unwrap_err();
    assert!(error.to_string().contains("inside"), "{error}");
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn the_key_does_not_show_in_debug_output() {
    let folder = Folder::new();
    let issuer = LocalIssuer::open(&folder.0).unwrap();
    let pem = fs::read_to_string(folder.key_file()).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    assert!(!format!("{issuer:?}").contains(secret));
}
