//! Parsers of single values. A message never repeats a value that may be a secret.

use secrecy::SecretString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use url::Url;

/// A database's address.
pub fn postgres(text: &str) -> Result<&str, String> {
    let fits = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    fits.then_some(text).ok_or_else(|| "must be an address such as postgres://login:password@host:5432/database".into())
}

/// An http or https address.
pub fn web(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "must be an address such as https://example.com".to_owned())
}

/// A number within bounds.
pub fn number<T: FromStr + PartialOrd + Display>(text: &str, bounds: RangeInclusive<T>) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| format!("must be a whole number from {} to {}", bounds.start(), bounds.end()))
}

/// Several values with commas between them; none may be empty.
pub fn list(text: &str) -> Result<Vec<String>, String> {
    let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
    if items.iter().any(String::is_empty) { Err("has an empty entry".to_owned()) } else { Ok(items) }
}

/// A text that begins in one of these ways.
pub fn prefixed(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let fits = prefixes.iter().any(|prefix| text.len() > prefix.len() && text.starts_with(prefix));
    if fits { Ok(()) } else { Err(format!("must begin with {}", prefixes.join(" or "))) }
}

/// Signing secrets of webhooks, with commas.
pub fn secrets(text: &str) -> Result<Vec<SecretString>, String> {
    let entries = list(text)?;
    entries.iter().try_for_each(|entry| prefixed(entry, &["whsec_"]))?;
    Ok(entries.into_iter().map(SecretString::from).collect())
}

/// `id:64 hex digits`, several with commas, newest first; ids differ.
pub fn encryption_keys(text: &str) -> Result<Vec<(String, [u8; 32])>, String> {
    let mut keys: Vec<(String, [u8; 32])> = Vec::new();
    for (place, entry) in list(text)?.into_iter().enumerate() {
        let read = entry.split_once(':').filter(|(id, _)| !id.is_empty()).and_then(|(id, digits)| {
            let mut key = [0; 32];
            hex::decode_to_slice(digits, &mut key).ok().map(|()| (id.to_owned(), key))
        });
        let Some((id, key)) = read else {
            return Err(format!("entry {} is not written id:64 hexadecimal digits", place + 1));
        };
        if keys.iter().any(|(known, _)| *known == id) {
            return Err(format!("the id {id:?} is there twice"));
        }
        keys.push((id, key));
    }
    Ok(keys)
}
