//! Links that may be stored and shown: absolute http(s) addresses without credentials.

use super::{MAX_TITLE_CHARS, text};
use crate::generation::raw::RawResource;
use crate::generation::{DraftResource, MAX_RESOURCES};
use crate::plans::ResourceType;
use url::Url;

/// Most characters of an address.
pub(super) const MAX_URL_CHARS: usize = 2000;

/// The usable links in the model's order, at most [`MAX_RESOURCES`], no address twice.
pub(super) fn normalise(raw: &[RawResource]) -> Vec<DraftResource> {
    let mut kept: Vec<DraftResource> = Vec::new();
    for resource in raw.iter().filter_map(normalise_one) {
        if kept.len() == MAX_RESOURCES {
            break;
        }
        if kept.iter().all(|other| other.url != resource.url) {
            kept.push(resource);
        }
    }
    kept
}

fn normalise_one(raw: &RawResource) -> Option<DraftResource> {
    let url = web_address(raw.url.as_deref()?)?;
    let host = url.host_str()?;
    let title = raw.title.as_deref().and_then(|title| text::one_line(title, MAX_TITLE_CHARS));
    let title = title.or_else(|| text::one_line(host, MAX_TITLE_CHARS))?;
    Some(DraftResource { kind: kind(raw.kind.as_deref(), host), title, url: url.into() })
}

/// An absolute http(s) address with a host and without credentials, as the URL standard spells it.
fn web_address(text: &str) -> Option<Url> {
    // Normalising may shorten an address a little; far too long is refused before any work.
    let text = text.trim();
    let url = (text.len() <= 4 * MAX_URL_CHARS).then(|| Url::parse(text).ok()).flatten()?;
    let plain = url.username().is_empty() && url.password().is_none() && !url.cannot_be_a_base();
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    (plain && web && url.as_str().len() <= MAX_URL_CHARS).then_some(url)
}

/// What the model said the link is, as far as the host bears it out; else what the host suggests.
fn kind(said: Option<&str>, host: &str) -> ResourceType {
    let by_host = if is_youtube(host) { ResourceType::Youtube } else { ResourceType::Other };
    let said: String = said.unwrap_or_default().chars().filter(char::is_ascii_alphabetic).collect();
    match said.to_ascii_lowercase().as_str() {
        "article" | "articles" | "blog" | "blogpost" | "guide" | "post" | "tutorial" => ResourceType::Article,
        "class" | "course" | "courses" | "mooc" => ResourceType::Course,
        "doc" | "docs" | "documentation" | "manual" | "reference" => ResourceType::Doc,
        _ => by_host,
    }
}

fn is_youtube(host: &str) -> bool {
    ["youtube.com", "youtu.be", "youtube-nocookie.com"]
        .iter()
        .any(|site| host.strip_suffix(site).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}
