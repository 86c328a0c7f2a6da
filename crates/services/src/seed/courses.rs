//! What people learn: topics with their parts in order of study, and what one does with a part.

use waymark_domain::plans::ResourceType;

/// A topic and its parts, in order of study.
pub(super) struct Topic(pub &'static str, pub [&'static str; 8]);

/// What can be learned. Parts are written as they stand inside a sentence.
#[rustfmt::skip]
pub(super) const TOPICS: &[Topic] = &[
    Topic("Rust for backend services", ["ownership and borrowing", "enums and pattern matching", "error handling", "traits and generics", "asynchronous functions", "HTTP handlers", "database access", "testing and profiling"]),
    Topic("SQL for data analysts", ["filtering and sorting", "grouping and aggregates", "joins", "subqueries", "window functions", "common table expressions", "query plans", "data quality checks"]),
    Topic("Conversational Spanish", ["greetings and introductions", "numbers and time", "ordering food", "asking the way", "talking about the past", "making plans", "giving opinions", "everyday idioms"]),
    Topic("Sourdough bread", ["keeping a starter alive", "choosing flour", "mixing and autolyse", "folding the dough", "shaping", "cold proofing", "scoring and steam", "reading the crumb"]),
    Topic("Statistics from scratch", ["describing data", "probability", "random variables", "sampling", "confidence intervals", "hypothesis tests", "regression", "common fallacies"]),
    Topic("Watercolour landscapes", ["brushes and paper", "flat and graded washes", "mixing greens", "skies and clouds", "water and reflections", "light and shadow", "perspective", "finishing a sketch"]),
    Topic("Machine learning basics", ["training and test data", "linear models", "gradient descent", "decision trees", "overfitting", "feature engineering", "model evaluation", "neural networks"]),
    Topic("Running a first 10 km", ["shoes and gear", "easy running", "warming up", "intervals", "strength training", "rest and recovery", "pacing", "race day"]),
    Topic("Public speaking", ["choosing one message", "structure of a talk", "stories and examples", "voice and pace", "body language", "slides", "questions from the audience", "stage fright"]),
    Topic("Kubernetes for developers", ["containers and images", "pods", "deployments", "services and ingress", "configuration and secrets", "health checks", "resource limits", "observability"]),
    Topic("Acoustic guitar for beginners", ["tuning and posture", "open chords", "chord changes", "strumming patterns", "fingerpicking", "barre chords", "reading tablature", "playing along"]),
    Topic("Personal finance", ["tracking expenses", "a monthly budget", "an emergency fund", "paying off debt", "insurance", "index funds", "taxes", "retirement planning"]),
    Topic("Linear algebra", ["vectors", "matrices", "systems of equations", "determinants", "vector spaces", "eigenvalues", "orthogonality", "singular values"]),
    Topic("Modern JavaScript", ["values and types", "functions and closures", "arrays and objects", "promises", "modules", "the document object model", "fetching data", "testing"]),
    Topic("Introduction to astronomy", ["the night sky", "light and telescopes", "the solar system", "stars", "how stars die", "galaxies", "the expanding universe", "planning an observation"]),
    Topic("Creative writing", ["finding ideas", "point of view", "characters", "dialogue", "setting", "plot", "revision", "sharing drafts"]),
    Topic("Vegetable gardening", ["soil and compost", "sunlight and beds", "sowing indoors", "transplanting", "watering", "pests and friends", "harvesting", "planning the next season"]),
    Topic("Product management", ["talking to users", "framing problems", "prioritising", "writing specifications", "working with designers", "measuring outcomes", "roadmaps", "saying no"]),
    Topic("Japanese for travellers", ["hiragana", "katakana", "polite phrases", "counting", "trains and tickets", "restaurants", "shopping", "getting help"]),
    Topic("Photography with any camera", ["exposure", "aperture", "shutter speed", "composition", "natural light", "portraits", "colour", "editing"]),
    Topic("Computer networks", ["layers and packets", "Ethernet and switches", "IP addresses", "routing", "TCP", "name resolution", "TLS", "finding faults"]),
    Topic("Chess endgames", ["king and pawn", "opposition", "rook endings", "minor pieces", "queen against pawn", "fortresses", "calculation", "practical defence"]),
    Topic("Technical writing", ["knowing the reader", "clear sentences", "tutorials", "reference pages", "diagrams", "code examples", "reviews", "keeping documents alive"]),
    Topic("Home electronics with microcontrollers", ["voltage and current", "breadboards", "digital input and output", "sensors", "motors", "serial buses", "soldering", "saving power"]),
];

/// Something to do with a part. `{}` is the part.
pub(super) struct Exercise {
    pub title: &'static str,
    pub description: &'static str,
    /// Fewest and most minutes.
    pub minutes: (u32, u32),
    /// What is linked.
    pub links: &'static [ResourceType],
}

/// What one does with a part, in order: first understand, then try, then use, then look back.
pub(super) const EXERCISES: &[Exercise] = &[
    Exercise {
        title: "Read an introduction to {}",
        description: "Read it once without notes, then write down the three ideas that matter most.",
        minutes: (20, 40),
        links: &[ResourceType::Article, ResourceType::Doc],
    },
    Exercise {
        title: "Watch a lesson on {}",
        description: "Pause after each section and say in one sentence what it was about.",
        minutes: (15, 45),
        links: &[ResourceType::Youtube],
    },
    Exercise {
        title: "Explain {} in your own words",
        description: "Write half a page for somebody who has never heard of it. Where you get stuck, look it up.",
        minutes: (20, 35),
        links: &[ResourceType::Doc],
    },
    Exercise {
        title: "Work through five exercises on {}",
        description: "Do them without looking at the solutions first. Done when you can redo the hardest one from memory.",
        minutes: (35, 75),
        links: &[ResourceType::Other, ResourceType::Course],
    },
    Exercise {
        title: "Try out {} on a small example",
        description: "Keep it small enough to finish in one sitting, and keep the result: later tasks build on it.",
        minutes: (40, 90),
        links: &[ResourceType::Course],
    },
    Exercise {
        title: "Use {} for something of your own",
        description: "Choose something you care about. Done when you can show it to somebody else.",
        minutes: (45, 110),
        links: &[ResourceType::Article, ResourceType::Other],
    },
    Exercise {
        title: "Find out what usually goes wrong with {}",
        description: "Collect three common mistakes, and how you would notice each of them.",
        minutes: (20, 40),
        links: &[ResourceType::Article],
    },
    Exercise {
        title: "Quiz yourself on {}",
        description: "Ten questions without notes. Repeat tomorrow whatever you did not know today.",
        minutes: (15, 30),
        links: &[ResourceType::Other],
    },
];
