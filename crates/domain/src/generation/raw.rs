//! A plan's pieces as a model wrote them. Read tolerantly: a member that is missing, misspelt, null or of the wrong type
//! costs that member, never the module. Filled by the incremental parser, checked by [`super::normalise_module`].

mod loose;

use loose::{Many, Record, Scalar, Whole, fill};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess};

/// A module as the model wrote it; every member may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawModule {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Minutes, perhaps fractional, perhaps negative.
    pub estimated_minutes: Option<f64>,
    /// Tasks.
    pub tasks: Vec<RawTask>,
}

/// A task as the model wrote it; a bare text is its title.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawTask {
    /// The key of the present task that this one is, as the model was given it.
    pub key: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: Option<f64>,
    /// Links.
    pub resources: Vec<RawResource>,
}

/// A link as the model wrote it; a bare text is its address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawResource {
    /// `type`.
    pub kind: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Address.
    pub url: Option<String>,
}

impl Record for RawModule {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "title" | "name" => fill(&mut self.title, map.next_value::<Scalar>()?.text()),
            "description" | "summary" => fill(&mut self.description, map.next_value::<Scalar>()?.text()),
            name if is_minutes(name) => fill(&mut self.estimated_minutes, map.next_value::<Scalar>()?.minutes()),
            "tasks" => self.tasks.extend(map.next_value::<Many<RawTask>>()?.0),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl Record for RawTask {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "key" | "taskkey" | "ref" => fill(&mut self.key, map.next_value::<Scalar>()?.text()),
            "title" | "name" => fill(&mut self.title, map.next_value::<Scalar>()?.text()),
            "description" | "summary" => fill(&mut self.description, map.next_value::<Scalar>()?.text()),
            name if is_minutes(name) => fill(&mut self.estimated_minutes, map.next_value::<Scalar>()?.minutes()),
            "resources" | "links" => self.resources.extend(map.next_value::<Many<RawResource>>()?.0),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self { title: Some(text.to_owned()), ..Self::default() })
    }
}

impl Record for RawResource {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" | "kind" => fill(&mut self.kind, map.next_value::<Scalar>()?.text()),
            "title" | "name" => fill(&mut self.title, map.next_value::<Scalar>()?.text()),
            "url" | "link" | "href" => fill(&mut self.url, map.next_value::<Scalar>()?.text()),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self { url: Some(text.to_owned()), ..Self::default() })
    }
}

/// Whether a folded member name means minutes.
fn is_minutes(name: &str) -> bool {
    matches!(
        name,
        "estimatedminutes" | "minutes" | "durationminutes" | "estimateddurationminutes" | "estimatedtime" | "duration"
    )
}

macro_rules! read_whole {
    ($($name:ident),+) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                source.deserialize_map(Whole::new())
            }
        }
    )+ };
}

read_whole!(RawModule, RawTask, RawResource);

#[cfg(test)]
mod tests;
