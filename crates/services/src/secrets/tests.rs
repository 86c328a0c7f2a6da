//! What is sealed opens for its owner and for nobody else, and says nothing of itself.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use secrecy::ExposeSecret;

const OWNER: &str = "user:notion:access";

fn ring(named: &[(&str, u8)]) -> Sealer {
    Sealer::new(named.iter().map(|(id, byte)| ((*id).to_owned(), [*byte; KEY_BYTES])).collect()).unwrap()
}

fn opened(keys: &Sealer, sealed: &Sealed, bound_to: &str) -> Result<String, SealError> {
    keys.open(&sealed.key_id, &sealed.bytes, bound_to).map(|plain| plain.expose_secret().to_owned())
}

/// Made with Node's `crypto`: `aes-256-gcm`, key 32 times 7, nonce 12 times 9, the owner as additional data.
#[test]
fn what_another_implementation_sealed_opens() {
    let foreign = "09090909090909090909090949f1eacbcd95a213c516e64c8981c6b1f473df7910750b86a262dbbe135231ad0a5f46";
    let sealed = Sealed { key_id: "a".to_owned(), bytes: hex::decode(foreign).unwrap() };
    assert_eq!(opened(&ring(&[("a", 7)]), &sealed, OWNER).as_deref(), Ok("ntn_secret-token ü"));
}

#[test]
fn a_value_is_sealed_differently_each_time() {
    let keys = ring(&[("a", 1)]);
    let nonces: std::collections::HashSet<_> =
        (0..200).map(|_| keys.seal(b"token", OWNER).unwrap().bytes[..NONCE_LEN].to_vec()).collect();
    assert_eq!(nonces.len(), 200);
}

#[test]
fn the_newest_key_seals_and_the_older_ones_still_open() {
    let (before, during, after) = (ring(&[("old", 1)]), ring(&[("new", 2), ("old", 1)]), ring(&[("new", 2)]));
    let old = before.seal(b"token", OWNER).unwrap();
    let new = during.seal(b"token", OWNER).unwrap();
    assert_eq!((old.key_id.as_str(), new.key_id.as_str()), ("old", "new"));
    assert_eq!(opened(&during, &old, OWNER).as_deref(), Ok("token"));
    assert_eq!(opened(&after, &new, OWNER).as_deref(), Ok("token"));
    assert_eq!(opened(&after, &old, OWNER), Err(SealError::UnknownKey("old".to_owned())));
}

#[test]
fn the_right_name_with_another_key_does_not_open() {
    let sealed = ring(&[("a", 1)]).seal(b"token", OWNER).unwrap();
    assert_eq!(opened(&ring(&[("a", 2)]), &sealed, OWNER), Err(SealError::Rejected));
    let swapped = Sealed { key_id: "b".to_owned(), ..sealed };
    assert_eq!(opened(&ring(&[("a", 1), ("b", 2)]), &swapped, OWNER), Err(SealError::Rejected));
}

#[test]
fn a_value_opens_for_its_owner_only() {
    let keys = ring(&[("a", 1)]);
    let sealed = keys.seal(b"token", OWNER).unwrap();
    for other in ["", "user:notion:refresh", "user:notion:acces", "user:notion:access ", "other:notion:access"] {
        assert_eq!(opened(&keys, &sealed, other), Err(SealError::Rejected), "{other:?}");
    }
}

#[test]
fn rings_without_keys_or_with_a_name_twice_are_refused() {
    assert_eq!(Sealer::new(Vec::new()).err(), Some(SealError::NoKeys));
    let twice = vec![("a".to_owned(), [1; KEY_BYTES]), ("b".to_owned(), [2; 32]), ("a".to_owned(), [3; 32])];
    assert_eq!(Sealer::new(twice).err(), Some(SealError::KeyTwice("a".to_owned())));
}

#[test]
fn bytes_that_are_no_text_are_not_handed_out() {
    let keys = ring(&[("a", 1)]);
    let sealed = keys.seal(&[0xff, 0xfe], OWNER).unwrap();
    assert_eq!(opened(&keys, &sealed, OWNER), Err(SealError::NotText));
}

#[test]
fn a_ring_shows_names_and_no_keys() {
    let shown = format!("{:?}", ring(&[("new", 0xab), ("old", 0xcd)]));
    assert_eq!(shown, r#"Sealer { newest: "new", older: ["old"], .. }"#);
}

proptest! {
    #[test]
    fn every_text_comes_back(plain: String, bound_to: String) {
        let keys = ring(&[("a", 1)]);
        let sealed = keys.seal(plain.as_bytes(), &bound_to).unwrap();
        prop_assert_eq!(sealed.bytes.len(), plain.len() + 28);
        prop_assert_eq!(opened(&keys, &sealed, &bound_to), Ok(plain));
    }

    #[test]
    fn a_changed_cut_or_longer_value_does_not_open(plain: String, place: Index, by in 1_u8..=255) {
        let keys = ring(&[("a", 1)]);
        let sealed = keys.seal(plain.as_bytes(), OWNER).unwrap();
        let place = place.index(sealed.bytes.len());
        let (mut changed, mut longer) = (sealed.clone(), sealed.clone());
        changed.bytes[place] ^= by;
        longer.bytes.push(by);
        let cut = Sealed { bytes: sealed.bytes[..place].to_vec(), ..sealed };
        for touched in [changed, longer, cut] {
            prop_assert_eq!(opened(&keys, &touched, OWNER), Err(SealError::Rejected));
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, key_id: String, bound_to: String) {
        prop_assert!(ring(&[("a", 1)]).open(&key_id, &bytes, &bound_to).is_err());
        prop_assert!(ring(&[("a", 1)]).open("a", &bytes, &bound_to).is_err());
    }
}
