//! One attempt: ask the model, read its stream, emit each module as it closes. Writes nothing but events; what follows is
//! settled by `settle`.

use super::catalogue::Entry as ModelEntry;
use super::emitter::Emitter;
use super::engine::{Engine, Stop};
use super::plan_parser::{ParseError, ParserLimits, PlanParser};
use super::provider::{ModelChunk, ModelRequest, ModelStream, PlanBrief, ProviderError};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use waymark_domain::generation::{
    DraftModule, FailureClass, ModuleSummary, PlanEvent, Progress, TokenUsage, estimated_tokens, normalise_module,
};
use waymark_domain::ids::{AttemptId, PlanId};
use waymark_domain::plans::PlanInput;
use waymark_persistence::StoreError;

/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What an attempt works on.
pub(crate) struct Assignment {
    pub plan_id: PlanId,
    pub brief: PlanBrief,
    /// Which of the plan's inputs the brief has anew; matters to a regeneration.
    pub overridden: Vec<PlanInput>,
    pub entry: ModelEntry,
}

/// Why an attempt failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub class: FailureClass,
    pub detail: String,
    pub status: Option<u16>,
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub fn new(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), status: None, retry_after: None }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self { class: error.class, detail: error.detail, status: error.status, retry_after: error.retry_after }
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::new(error.class(), error.to_string())
    }
}

/// How an attempt came to its end.
pub(crate) enum End {
    /// The model finished a plan.
    Planned,
    /// It did not.
    Failed(Failure),
    /// Somebody stopped it.
    Stopped(Stop),
}

/// What the model sent and what it took.
#[derive(Default)]
pub(crate) struct Harvest {
    pub modules: Vec<DraftModule>,
    pub clamped: bool,
    pub bytes: u64,
    usage: Option<TokenUsage>,
    pub request_id: Option<String>,
    pub model: Option<String>,
    /// Whether the provider was asked and has not refused, so that it may cost something.
    pub reached: bool,
}

impl Harvest {
    /// Tokens as reported, or estimated from the text; and whether they are an estimate.
    pub fn usage(&self, brief: &PlanBrief) -> (TokenUsage, bool) {
        if let Some(usage) = self.usage {
            return (usage, false);
        }
        let estimate = TokenUsage {
            input_tokens: estimated_tokens(super::prompt::prompt_chars(brief)),
            output_tokens: estimated_tokens(self.bytes),
            provider_cost_microusd: None,
        };
        (estimate, true)
    }

    /// Tasks of all modules.
    pub fn tasks(&self) -> usize {
        self.modules.iter().map(|module| module.tasks.len()).sum()
    }
}

/// Runs the attempt to its end.
pub(crate) async fn run(
    engine: &Arc<Engine>,
    (attempt, assignment): (AttemptId, &Assignment),
    fenced: &CancellationToken,
    emitter: &mut Emitter,
) -> (End, Harvest) {
    let mut harvest = Harvest::default();
    let end = tokio::select! {
        biased;
        () = fenced.cancelled() => End::Stopped(Stop::Fenced),
        () = engine.hand_over.cancelled() => End::Stopped(Stop::HandOver),
        end = converse(Mark { engine, attempt }, assignment, emitter, &mut harvest) => end,
    };
    (end, harvest)
}

/// How an attempt ends whose events do not go into the log: its fence has moved, or the database refuses them, and would
/// again.
pub(crate) fn unlogged(error: &StoreError) -> End {
    match error {
        StoreError::Fenced => End::Stopped(Stop::Fenced),
        _ => End::Failed(Failure::new(FailureClass::Validation, "an event could not be stored")),
    }
}

/// Writes down the provider's name for the call, beside the stream: if this worker is lost, its cost can still be asked.
#[derive(Clone, Copy)]
struct Mark<'a> {
    engine: &'a Arc<Engine>,
    attempt: AttemptId,
}

impl Mark<'_> {
    fn name(self, request_id: String) {
        let (engine, attempt) = (Arc::clone(self.engine), self.attempt);
        self.engine.tasks.spawn(async move {
            let named = engine.db.service(async |tx| tx.attempts().name_call(attempt, &request_id).await).await;
            if let Err(error) = named {
                tracing::debug!(error = &error as &dyn std::error::Error, "the call's name is not stored");
            }
        });
    }
}

async fn converse(mark: Mark<'_>, assignment: &Assignment, emitter: &mut Emitter, harvest: &mut Harvest) -> End {
    let engine = mark.engine;
    let mut deadlines = Deadlines::start(engine);
    let Some(provider) = engine.providers.of(&assignment.entry) else {
        return End::Failed(Failure::new(FailureClass::Validation, "the model's provider is not set up"));
    };
    let request = ModelRequest { model: assignment.entry.id.clone(), brief: assignment.brief.clone() };
    // Until it is refused: a call that is dropped on its way may be worked on, and paid for.
    harvest.reached = true;
    let accepted = tokio::select! {
        accepted = provider.stream(request) => accepted,
        () = sleep_until(deadlines.next()) => return End::Failed(deadlines.failure()),
    };
    let stream = match accepted {
        Ok(stream) => stream,
        Err(error) => {
            harvest.reached = false;
            return End::Failed(error.into());
        }
    };
    crate::crash::point("provider.accepted");
    let mut reader = Reader::new(assignment.plan_id);
    match read(mark, stream, &mut deadlines, &mut reader, emitter, harvest).await {
        Ok(()) => match reader.finish(harvest, emitter).await {
            Ok(()) => End::Planned,
            Err(end) => end,
        },
        Err(end) => end,
    }
}

async fn read(
    mark: Mark<'_>,
    mut stream: ModelStream,
    deadlines: &mut Deadlines,
    reader: &mut Reader,
    emitter: &mut Emitter,
    harvest: &mut Harvest,
) -> Result<(), End> {
    loop {
        let chunk = tokio::select! {
            biased;
            committed = emitter.turn() => match committed {
                Ok(()) => continue,
                Err(error) => return Err(unlogged(&error)),
            },
            chunk = stream.next() => chunk,
            () = sleep_until(deadlines.next()) => return Err(End::Failed(deadlines.failure())),
        };
        match chunk {
            None => return Ok(()),
            Some(Ok(chunk)) => {
                deadlines.byte();
                let unnamed = harvest.request_id.is_none();
                reader.take(chunk, harvest, emitter).map_err(End::Failed)?;
                if unnamed && let Some(name) = &harvest.request_id {
                    mark.name(name.clone());
                }
                if !harvest.modules.is_empty() {
                    deadlines.module();
                }
            }
            // The whole plan is here and paid for; what broke afterwards costs at most the usage report.
            Some(Err(_)) if reader.parser.is_complete() => return Ok(()),
            Some(Err(error)) => return Err(End::Failed(error.into())),
        }
    }
}

/// Turns chunks into modules and events.
struct Reader {
    plan_id: PlanId,
    parser: PlanParser,
    told: Instant,
    told_bytes: u64,
}

impl Reader {
    fn new(plan_id: PlanId) -> Self {
        Self { plan_id, parser: PlanParser::new(ParserLimits::default()), told: Instant::now(), told_bytes: 0 }
    }

    fn take(&mut self, chunk: ModelChunk, harvest: &mut Harvest, emitter: &mut Emitter) -> Result<(), Failure> {
        match chunk {
            ModelChunk::Text(text) => self.text(&text, harvest, emitter)?,
            ModelChunk::Call { request_id, model } => {
                harvest.request_id = request_id.or(harvest.request_id.take());
                harvest.model = model.or(harvest.model.take());
            }
            ModelChunk::Usage(usage) => harvest.usage = Some(usage),
            ModelChunk::Alive | ModelChunk::Finished => {}
        }
        self.progress(harvest, emitter);
        Ok(())
    }

    fn text(&mut self, text: &str, harvest: &mut Harvest, emitter: &mut Emitter) -> Result<(), Failure> {
        harvest.bytes += text.len() as u64;
        let mut closed = Vec::new();
        let parsed = self.parser.feed(text, &mut closed);
        for raw in closed {
            let normalised =
                normalise_module(raw).map_err(|error| Failure::new(FailureClass::Validation, error.to_string()))?;
            harvest.clamped |= normalised.clamped;
            let index = u32::try_from(harvest.modules.len() + 1).unwrap_or(u32::MAX);
            let summary = ModuleSummary::of(self.plan_id, index, &normalised.module);
            harvest.modules.push(normalised.module);
            emitter.push(&PlanEvent::ModuleSummary(summary));
        }
        Ok(parsed?)
    }

    fn progress(&mut self, harvest: &Harvest, emitter: &mut Emitter) {
        if harvest.bytes > self.told_bytes && self.told.elapsed() >= PROGRESS_EVERY {
            self.told = Instant::now();
            self.told_bytes = harvest.bytes;
            emitter.push(&PlanEvent::Progress(Progress {
                plan_id: self.plan_id,
                modules_parsed: u32::try_from(harvest.modules.len()).unwrap_or(u32::MAX),
                modules_total_hint: self.parser.modules_total_hint(),
                bytes: harvest.bytes,
            }));
        }
    }

    async fn finish(self, harvest: &Harvest, emitter: &mut Emitter) -> Result<(), End> {
        self.parser.finish().map_err(|error| End::Failed(error.into()))?;
        if harvest.modules.is_empty() {
            return Err(End::Failed(Failure::new(FailureClass::Validation, "the plan has no modules")));
        }
        emitter.flush().await.map_err(|error| unlogged(&error))
    }
}

/// The attempt's three deadlines.
struct Deadlines {
    first_module: Option<Instant>,
    idle: Duration,
    last_byte: Instant,
    total: Instant,
}

impl Deadlines {
    fn start(engine: &Engine) -> Self {
        let (now, timeouts) = (Instant::now(), engine.settings.timeouts);
        Self {
            first_module: Some(now + timeouts.first_module),
            idle: timeouts.idle,
            last_byte: now,
            total: now + timeouts.total,
        }
    }

    fn byte(&mut self) {
        self.last_byte = Instant::now();
    }

    fn module(&mut self) {
        self.first_module = None;
    }

    fn next(&self) -> Instant {
        self.first_module.unwrap_or(self.last_byte + self.idle).min(self.total)
    }

    fn failure(&self) -> Failure {
        let what = if Instant::now() >= self.total {
            "the attempt took too long"
        } else if self.first_module.is_some() {
            "no module arrived in time"
        } else {
            "the model fell silent"
        };
        Failure::new(FailureClass::Timeout, what)
    }
}
