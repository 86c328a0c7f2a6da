//! The models a learner may choose from, and which one a generation uses. Made at start-up from the settings; asked by
//! the plans and generation use cases and by `GET /v1/models`.

use super::outline::OUTLINE_MODEL;
use serde::Serialize;
use waymark_domain::generation::{ModelId, ModelPrice};
use waymark_domain::quota::ModelAccess;

/// The provider name of the built-in model.
pub const BUILTIN_PROVIDER: &str = "builtin";

/// `OpenRouter`'s own choice among its free models: the default there, because single free models come and go.
const OPENROUTER_DEFAULT: &str = "openrouter/free";

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The id, as its provider spells it.
    pub id: ModelId,
    /// For people.
    pub name: String,
    /// The name of the [`ModelProvider`](super::provider::ModelProvider) that serves it.
    pub provider: String,
    /// Whether tiers limited to free models may use it.
    pub free: bool,
    /// Used for costs that the provider does not report.
    pub price: ModelPrice,
    /// Tokens of prompt and answer together, where known.
    pub context_window: Option<u32>,
    /// One sentence.
    pub description: String,
}

/// Why a model cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not in the catalogue.
    #[error("there is no such model")]
    Invalid,
    /// In the catalogue, but not for this tier.
    #[error("this tier may not use that model")]
    NotAllowedForTier,
}

/// Every model of this server. Never empty: the built-in one is always there.
#[derive(Debug, Clone)]
pub struct Catalogue {
    default: ModelId,
    /// The built-in model stands last.
    entries: Vec<Entry>,
    builtin: Entry,
}

/// One line of the built-in list. Prices in micro-USD for a million tokens.
struct Listed(&'static str, &'static str, (i64, i64), u32, &'static str);

/// What `OpenRouter` offers that suits plans: a few free models, and paid ones from cheap to strong. Prices are what
/// costs fall back on; `OpenRouter` reports the real ones with every answer.
const OPENROUTER: [Listed; 8] = [
    Listed(
        OPENROUTER_DEFAULT,
        "Free models",
        (0, 0),
        200_000,
        "Picks one of the free models that can answer in the plan's form.",
    ),
    Listed(
        "openai/gpt-oss-120b:free",
        "gpt-oss 120B (free)",
        (0, 0),
        131_072,
        "Open model with sound general knowledge; free, with tight rate limits.",
    ),
    Listed(
        "openai/gpt-oss-20b:free",
        "gpt-oss 20B (free)",
        (0, 0),
        131_072,
        "Small and quick open model; free, with tight rate limits.",
    ),
    Listed("deepseek/deepseek-v3.2", "DeepSeek V3.2", (260_000, 380_000), 163_840, "Strong open model at a low price."),
    Listed("openai/gpt-5-mini", "GPT-5 mini", (250_000, 2_000_000), 400_000, "Well-balanced plans at a low price."),
    Listed(
        "google/gemini-2.5-flash",
        "Gemini 2.5 Flash",
        (300_000, 2_500_000),
        1_048_576,
        "Fast answers and broad knowledge.",
    ),
    Listed(
        "anthropic/claude-haiku-4.5",
        "Claude Haiku 4.5",
        (1_000_000, 5_000_000),
        200_000,
        "Fast, with carefully worded tasks.",
    ),
    Listed(
        "anthropic/claude-sonnet-4.5",
        "Claude Sonnet 4.5",
        (3_000_000, 15_000_000),
        1_000_000,
        "The most thorough plans of this list.",
    ),
];

impl Catalogue {
    /// The built-in model alone: no provider is configured.
    pub fn builtin() -> Self {
        let builtin = outline_entry();
        Self { default: builtin.id.clone(), entries: vec![builtin.clone()], builtin }
    }

    /// `OpenRouter`'s models and the built-in one. A `default` that is not in the list joins it; it counts as free when
    /// its id ends in `:free`, and its cost is what the provider reports.
    pub fn openrouter(provider: &str, default: Option<ModelId>) -> Self {
        let listed = OPENROUTER.iter().filter_map(|listed| listed.entry(provider)).collect();
        let default = default.or_else(|| ModelId::parse(OPENROUTER_DEFAULT).ok());
        let free = default.as_ref().is_some_and(|id| id.as_str().ends_with(":free"));
        Self::with(listed, default, provider, free)
    }

    /// A server of the operator's own: its one configured model, free to everybody, and the built-in one.
    pub fn compatible(provider: &str, default: ModelId) -> Self {
        Self::with(Vec::new(), Some(default), provider, true)
    }

    fn with(mut entries: Vec<Entry>, default: Option<ModelId>, provider: &str, free: bool) -> Self {
        let builtin = outline_entry();
        let default = default.unwrap_or_else(|| builtin.id.clone());
        if default != builtin.id && !entries.iter().any(|entry| entry.id == default) {
            entries.insert(0, configured(default.clone(), provider, free));
        }
        entries.push(builtin.clone());
        Self { default, entries, builtin }
    }

    /// Every model, the built-in one last.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The model with this id.
    pub fn find(&self, id: &ModelId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// The server's default.
    pub fn default_entry(&self) -> &Entry {
        self.find(&self.default).unwrap_or(&self.builtin)
    }

    /// The models a tier with this access may use; never none.
    pub fn for_access(&self, access: ModelAccess) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.allowed(access))
    }

    /// What a tier uses when nothing is asked for: the default, or the first model it may use.
    pub fn default_for(&self, access: ModelAccess) -> &Entry {
        let default = self.default_entry();
        if default.allowed(access) { default } else { self.for_access(access).next().unwrap_or(&self.builtin) }
    }

    /// The model for one generation: what was `requested`, else what the learner prefers, else the default. A preference
    /// that has left the catalogue or the tier is passed over, because it was fine when it was set.
    ///
    /// # Errors
    /// A requested model that does not exist or that the tier may not use.
    pub fn resolve(
        &self,
        requested: Option<&ModelId>,
        preferred: Option<&ModelId>,
        access: ModelAccess,
    ) -> Result<&Entry, CatalogueError> {
        if let Some(id) = requested {
            let entry = self.find(id).ok_or(CatalogueError::Invalid)?;
            return if entry.allowed(access) { Ok(entry) } else { Err(CatalogueError::NotAllowedForTier) };
        }
        let preferred = preferred.and_then(|id| self.find(id)).filter(|entry| entry.allowed(access));
        Ok(preferred.unwrap_or_else(|| self.default_for(access)))
    }
}

impl Entry {
    /// Whether a tier with this access may use the model.
    pub const fn allowed(&self, access: ModelAccess) -> bool {
        match access {
            ModelAccess::All => true,
            ModelAccess::FreeOnly => self.free,
        }
    }
}

impl Listed {
    /// None would be a misspelt id in the list; a test keeps that from happening.
    fn entry(&self, provider: &str) -> Option<Entry> {
        let Self(id, name, (input_per_million, output_per_million), context_window, description) = *self;
        let price = ModelPrice { input_per_million, output_per_million };
        Some(Entry {
            id: ModelId::parse(id).ok()?,
            name: name.to_owned(),
            provider: provider.to_owned(),
            free: price.is_free(),
            price,
            context_window: Some(context_window),
            description: description.to_owned(),
        })
    }
}

fn configured(id: ModelId, provider: &str, free: bool) -> Entry {
    Entry {
        name: id.to_string(),
        id,
        provider: provider.to_owned(),
        free,
        price: ModelPrice::default(),
        context_window: None,
        description: "The model this server is configured with.".to_owned(),
    }
}

fn outline_entry() -> Entry {
    Entry {
        id: OUTLINE_MODEL.clone(),
        name: "Waymark outline".to_owned(),
        provider: BUILTIN_PROVIDER.to_owned(),
        free: true,
        price: ModelPrice::default(),
        context_window: None,
        description: "A sound general course for any topic, laid out without a language model.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ModelId {
        ModelId::parse(text).unwrap()
    }

    fn openrouter() -> Catalogue {
        Catalogue::openrouter("openrouter", None)
    }

    #[test]
    fn every_listed_model_has_an_id_of_its_own_and_a_price_that_matches_its_name() {
        let catalogue = openrouter();
        assert_eq!(catalogue.entries().len(), OPENROUTER.len() + 1);
        for entry in catalogue.entries() {
            assert_eq!(catalogue.entries().iter().filter(|other| other.id == entry.id).count(), 1);
            assert_eq!(entry.free, entry.price.is_free(), "{}", entry.id);
            assert!(!entry.id.as_str().ends_with(":free") || entry.free);
        }
    }

    #[test]
    fn the_outline_is_always_there_and_needs_no_provider() {
        for catalogue in [Catalogue::builtin(), openrouter(), Catalogue::compatible("local", id("llama"))] {
            let outline = catalogue.find(&OUTLINE_MODEL).unwrap();
            assert_eq!((outline.provider.as_str(), outline.free), (BUILTIN_PROVIDER, true));
        }
        assert_eq!(Catalogue::builtin().default_entry().id, *OUTLINE_MODEL);
    }

    #[test]
    fn a_requested_model_must_exist_and_be_allowed() {
        let catalogue = openrouter();
        let paid = id("openai/gpt-5-mini");
        assert_eq!(catalogue.resolve(Some(&id("no/such")), None, ModelAccess::All), Err(CatalogueError::Invalid));
        assert_eq!(catalogue.resolve(Some(&paid), None, ModelAccess::FreeOnly), Err(CatalogueError::NotAllowedForTier));
        assert_eq!(catalogue.resolve(Some(&paid), None, ModelAccess::All).unwrap().id, paid);
    }

    #[test]
    fn a_preference_that_is_no_longer_allowed_is_passed_over() {
        let catalogue = openrouter();
        let paid = id("openai/gpt-5-mini");
        let chosen = |preferred, access| catalogue.resolve(None, Some(preferred), access).unwrap().id.to_string();
        assert_eq!(chosen(&paid, ModelAccess::All), paid.as_str());
        assert_eq!(chosen(&paid, ModelAccess::FreeOnly), OPENROUTER_DEFAULT);
        assert_eq!(chosen(&id("gone/model"), ModelAccess::All), OPENROUTER_DEFAULT);
    }

    #[test]
    fn a_paid_default_leaves_free_tiers_a_free_model() {
        let catalogue = Catalogue::openrouter("openrouter", Some(id("some/paid-model")));
        assert_eq!(catalogue.default_for(ModelAccess::All).id, id("some/paid-model"));
        assert!(catalogue.default_for(ModelAccess::FreeOnly).free);
        assert!(catalogue.for_access(ModelAccess::FreeOnly).all(|entry| entry.free));
    }

    #[test]
    fn an_own_servers_model_is_free_and_the_default() {
        let catalogue = Catalogue::compatible("openai-compatible", id("llama3.3"));
        let default = catalogue.default_for(ModelAccess::FreeOnly);
        assert_eq!(
            (default.id.as_str(), default.provider.as_str(), default.free),
            ("llama3.3", "openai-compatible", true)
        );
        assert_eq!(catalogue.entries().len(), 2);
    }

    #[test]
    fn the_outline_may_be_the_configured_default() {
        let catalogue = Catalogue::openrouter("openrouter", Some(OUTLINE_MODEL.clone()));
        assert_eq!(catalogue.default_entry().provider, BUILTIN_PROVIDER);
        assert_eq!(catalogue.entries().len(), OPENROUTER.len() + 1);
    }
}
