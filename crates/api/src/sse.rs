//! Server-sent events: frames, and the answer that carries them. A stream owns nothing but its place in the log, so an
//! idle one costs little, and dropping the connection drops it.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use std::convert::Infallible;
use waymark_services::generation::stream::{EventStream, StreamItem};
use waymark_services::plans::LoggedEvent;

/// Milliseconds a client waits before it comes back.
const RETRY: &[u8] = b"retry: 1000\n\n";
const KEEP_ALIVE: &[u8] = b": ka\n\n";

/// Tells a proxy not to hold bytes back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The answer that streams `events`.
pub fn answer(events: EventStream) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_ACCEL_BUFFERING, "no"))
        .streaming(frames(events))
}

fn frames(events: EventStream) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter([Bytes::from_static(RETRY)]).chain(events.map(|item| frame(&item))).map(Ok)
}

fn frame(item: &StreamItem) -> Bytes {
    match item {
        StreamItem::Event(event) => event_frame(event),
        StreamItem::KeepAlive => Bytes::from_static(KEEP_ALIVE),
        StreamItem::ComeBack => Bytes::from_static(RETRY),
    }
}

/// `id`, `event` and one `data` line: JSON text from the log has no line breaks.
fn event_frame(event: &LoggedEvent) -> Bytes {
    let LoggedEvent { seq, kind, data, .. } = event;
    Bytes::from(format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use uuid::Uuid;
    use waymark_domain::generation::EventKind;
    use waymark_domain::ids::{GenerationId, PlanId};

    #[actix_web::test]
    async fn a_stream_begins_with_retry_and_carries_ids_types_and_comments() {
        let event = Arc::new(LoggedEvent {
            plan_id: PlanId(Uuid::nil()),
            generation_id: GenerationId(Uuid::nil()),
            seq: 7,
            kind: EventKind::ModuleSummary,
            data: r#"{"title": "a\nb"}"#.to_owned(),
        });
        let items = [StreamItem::KeepAlive, StreamItem::Event(event), StreamItem::ComeBack];
        let sent: Vec<Bytes> = frames(stream::iter(items).boxed()).map(|frame| frame.unwrap()).collect().await;
        assert_eq!(
            String::from_utf8(sent.concat()).unwrap(),
            "retry: 1000\n\n: ka\n\nid: 7\nevent: module_summary\ndata: {\"title\": \"a\\nb\"}\n\nretry: 1000\n\n"
        );
    }
}
