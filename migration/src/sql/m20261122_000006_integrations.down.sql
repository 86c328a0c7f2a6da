drop table public.task_calendar_events, public.google_calendar_sync_state, public.notion_sync_state,
    public.oauth_state_tokens, public.integration_tokens;
