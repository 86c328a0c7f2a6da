//! Links that tasks name: a few for each part of each topic, under domains reserved for examples. Learners share them.

use super::chance::Chance;
use super::courses::{TOPICS, Topic};
use super::words::{FAMILY, GIVEN};
use chrono::{DateTime, Utc};
use waymark_domain::generation::domain_of;
use waymark_domain::plans::ResourceType;
use waymark_persistence::SeedResource;

/// A topic with its parts.
pub(super) struct Course {
    pub topic: &'static str,
    pub parts: Vec<Part>,
}

/// A part of a topic with what there is to read, watch and do.
pub(super) struct Part {
    pub name: &'static str,
    links: Vec<SeedResource>,
}

impl Part {
    /// Every link.
    pub fn links(&self) -> &[SeedResource] {
        &self.links
    }

    /// The link of a kind.
    pub fn link(&self, kind: ResourceType) -> Option<&SeedResource> {
        self.links.iter().find(|link| link.kind == kind)
    }
}

/// Every course, with links first seen at `at`.
pub(super) fn courses(chance: &mut Chance, at: DateTime<Utc>) -> Vec<Course> {
    let part = |chance: &mut Chance, topic, name| Part {
        name,
        links: ResourceType::ALL.iter().map(|kind| link(chance, *kind, topic, name, at)).collect(),
    };
    TOPICS
        .iter()
        .map(|Topic(topic, parts)| Course {
            topic,
            parts: parts.iter().map(|name| part(chance, topic, name)).collect(),
        })
        .collect()
}

fn link(chance: &mut Chance, kind: ResourceType, topic: &str, part: &str, at: DateTime<Utc>) -> SeedResource {
    let (folder, page, name) = (slug(topic), slug(part), capitalised(part));
    let (title, url, minutes) = match kind {
        ResourceType::Youtube => (
            format!("{name}: a lesson ({topic})"),
            format!("https://video.example.net/watch/{folder}-{page}"),
            Some(chance.number(6..=48)),
        ),
        ResourceType::Article => {
            (format!("{name}, explained"), format!("https://blog.example.org/{folder}/{page}-explained"), None)
        }
        ResourceType::Course => (
            format!("{topic}: {part}"),
            format!("https://courses.example.com/{folder}/{page}"),
            Some(chance.number(4..=24) * 15),
        ),
        ResourceType::Doc => (format!("{name} (handbook)"), format!("https://docs.example.com/{folder}/{page}"), None),
        ResourceType::Other => {
            (format!("{name}: exercises"), format!("https://practice.example.org/{folder}/{page}/exercises"), None)
        }
    };
    let author = format!("{} {}", chance.word(GIVEN), chance.word(FAMILY));
    SeedResource {
        id: chance.id(at),
        kind,
        title,
        domain: domain_of(&url),
        url,
        author: matches!(kind, ResourceType::Youtube | ResourceType::Article | ResourceType::Course).then_some(author),
        duration_minutes: minutes,
        tags: vec![folder, page],
        created_at: at,
    }
}

/// A text as it stands in an address.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// A text as it begins a title.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_link_is_an_address_of_its_own_under_a_domain_for_examples() {
        let courses = courses(&mut Chance::new(1, 0), DateTime::UNIX_EPOCH);
        let links: Vec<_> = courses.iter().flat_map(|course| &course.parts).flat_map(|part| &part.links).collect();
        assert_eq!(links.len(), TOPICS.len() * 8 * ResourceType::ALL.len());
        let mut seen = HashSet::new();
        for link in links {
            let host = link.domain.as_deref().unwrap();
            assert!(
                ["example.com", "example.org", "example.net"].iter().any(|domain| host.ends_with(domain)),
                "{host}"
            );
            assert!(link.url.starts_with("https://") && !link.title.is_empty());
            assert!(seen.insert(&link.url), "{} twice", link.url);
        }
    }
}
