//! Where a task's material is found: search addresses of well-known sites, chosen by style and by what the task asks.
//! Searches, not pages: a page may be gone, a search finds what is there today.

use super::stages::Kind;
use serde::Serialize;
use url::form_urlencoded::byte_serialize;
use waymark_domain::plans::{LearningStyle, ResourceType};

/// A resource in the plan's JSON.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    #[serde(rename = "type")]
    pub(super) kind: ResourceType,
    pub(super) title: String,
    pub(super) url: String,
}

/// A site that can be searched by address.
struct Site {
    name: &'static str,
    kind: ResourceType,
    /// Everything in front of the search words.
    search: &'static str,
}

const YOUTUBE: Site =
    Site { name: "YouTube", kind: ResourceType::Youtube, search: "https://www.youtube.com/results?search_query=" };
const WIKIPEDIA: Site =
    Site { name: "Wikipedia", kind: ResourceType::Article, search: "https://en.wikipedia.org/w/index.php?search=" };
const WIKIBOOKS: Site =
    Site { name: "Wikibooks", kind: ResourceType::Doc, search: "https://en.wikibooks.org/w/index.php?search=" };
const ARCHIVE: Site =
    Site { name: "Internet Archive", kind: ResourceType::Doc, search: "https://archive.org/search?query=" };
const COURSERA: Site =
    Site { name: "Coursera", kind: ResourceType::Course, search: "https://www.coursera.org/search?query=" };
const KHAN_ACADEMY: Site = Site {
    name: "Khan Academy",
    kind: ResourceType::Course,
    search: "https://www.khanacademy.org/search?page_search_query=",
};
const STACK_EXCHANGE: Site =
    Site { name: "Stack Exchange", kind: ResourceType::Article, search: "https://stackexchange.com/search?q=" };
const GOOGLE: Site = Site { name: "Google", kind: ResourceType::Other, search: "https://www.google.com/search?q=" };

/// Two links for a task: the sites by `style` and `kind`, turned by `turn` so that neighbours differ.
///
/// `topic` alone is searched where few words find more; `focus` narrows the search where many pages are.
pub(super) fn for_task(style: LearningStyle, kind: Kind, topic: &str, focus: &str, turn: usize) -> Vec<Link> {
    let sites = sites(style, kind);
    let (first, second) = (turn % sites.len(), (turn + 1) % sites.len());
    [first, second].into_iter().filter_map(|at| sites.get(at)).map(|site| site.link(topic, focus)).collect()
}

const fn sites(style: LearningStyle, kind: Kind) -> &'static [Site] {
    match (style, kind) {
        (LearningStyle::Video, Kind::Study) => &[YOUTUBE, KHAN_ACADEMY, COURSERA],
        (LearningStyle::Video, Kind::Do) => &[YOUTUBE, GOOGLE],
        (LearningStyle::Video, Kind::Reflect) => &[YOUTUBE, WIKIPEDIA],
        (LearningStyle::Reading, Kind::Study) => &[WIKIPEDIA, WIKIBOOKS, ARCHIVE],
        (LearningStyle::Reading, Kind::Do) => &[GOOGLE, WIKIBOOKS],
        (LearningStyle::Practice, Kind::Study) => &[WIKIBOOKS, YOUTUBE, KHAN_ACADEMY],
        (LearningStyle::Practice, Kind::Do) => &[GOOGLE, STACK_EXCHANGE],
        (LearningStyle::Practice, Kind::Reflect) => &[STACK_EXCHANGE, GOOGLE],
        (LearningStyle::Mixed, Kind::Study) => &[YOUTUBE, WIKIPEDIA, COURSERA, WIKIBOOKS],
        (LearningStyle::Mixed, Kind::Do) => &[GOOGLE, YOUTUBE, STACK_EXCHANGE],
        (LearningStyle::Reading | LearningStyle::Mixed, Kind::Reflect) => &[STACK_EXCHANGE, WIKIPEDIA],
    }
}

impl Site {
    fn link(&self, topic: &str, focus: &str) -> Link {
        // Encyclopaedias, libraries and course lists find nothing for long queries.
        let words = match self.kind {
            ResourceType::Youtube | ResourceType::Other => format!("{topic} {focus}"),
            ResourceType::Article | ResourceType::Course | ResourceType::Doc => topic.to_owned(),
        };
        let query: String = byte_serialize(words.as_bytes()).collect();
        Link { kind: self.kind, title: format!("{words} on {}", self.name), url: format!("{}{query}", self.search) }
    }
}
