//! Outside services a learner may connect.

closed_enum! {
    /// Where plans can be exported to or synced with.
    IntegrationProvider { Notion = "notion", GoogleCalendar = "google_calendar" }
}
