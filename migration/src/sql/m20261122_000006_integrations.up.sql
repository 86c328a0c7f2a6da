-- Connections to other services and what was exported there. Learners read (never ciphertext); `service` writes.
create table public.integration_tokens (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    provider public.integration_provider not null,
    -- Sealed with an AEAD; the key's id is in the envelope and, for finding what to re-seal, in key_id.
    encrypted_access_token bytea not null,
    encrypted_refresh_token bytea,
    key_id text not null,
    scope text not null default '',
    -- Null: the provider's tokens do not expire.
    expires_at timestamptz,
    status text not null default 'active',
    workspace_id text,
    workspace_name text,
    bot_id text,
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint integration_tokens_pkey primary key (id),
    constraint integration_tokens_user_id_provider_key unique (user_id, provider),
    constraint integration_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint integration_tokens_status_check check (status in ('active', 'reauth_required'))
);
create index integration_tokens_key_id_idx on public.integration_tokens (key_id);
alter table public.integration_tokens enable row level security, force row level security;
create policy integration_tokens_authenticated on public.integration_tokens for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy integration_tokens_service on public.integration_tokens for all to service using (true) with check (true);
-- Everything but the two ciphertexts; a learner may disconnect.
grant select (id, user_id, provider, key_id, scope, expires_at, status, workspace_id, workspace_name, bot_id, settings,
        created_at, updated_at)
    on public.integration_tokens to authenticated;
grant delete on public.integration_tokens to authenticated;
grant select, insert, update, delete on public.integration_tokens to service;

create table public.oauth_state_tokens (
    id uuid not null default gen_random_uuid(),
    -- SHA-256 (hex) of the 32 random bytes in the redirect.
    state_token_hash text not null,
    clerk_user_id text not null,
    provider public.integration_provider not null,
    -- Sealed; null where the provider has no PKCE.
    pkce_verifier bytea,
    redirect_after text,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    constraint oauth_state_tokens_pkey primary key (id),
    constraint oauth_state_tokens_state_token_hash_key unique (state_token_hash),
    constraint oauth_state_tokens_clerk_user_id_fkey foreign key (clerk_user_id)
        references public.users (clerk_user_id) on delete cascade,
    constraint oauth_state_tokens_state_token_hash_check check (state_token_hash ~ '^[0-9a-f]{64}$'),
    constraint oauth_state_tokens_expires_at_check check (expires_at <= created_at + interval '10 minutes')
);
create index oauth_state_tokens_clerk_user_id_idx on public.oauth_state_tokens (clerk_user_id);
create index oauth_state_tokens_expires_at_idx on public.oauth_state_tokens (expires_at);
alter table public.oauth_state_tokens enable row level security, force row level security;
create policy oauth_state_tokens_service on public.oauth_state_tokens for all to service using (true) with check (true);
grant select, insert, update, delete on public.oauth_state_tokens to service;

create table public.notion_sync_state (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    -- Null until the page has been made; an export that broke before that resumes.
    notion_page_id text,
    notion_database_id text,
    sync_hash text,
    -- Ids and hashes of what was written, so that a second export leaves alone what did not change.
    blocks jsonb not null default '[]',
    last_synced_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint notion_sync_state_pkey primary key (id),
    constraint notion_sync_state_plan_id_key unique (plan_id),
    constraint notion_sync_state_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade
);
create index notion_sync_state_user_id_plan_id_idx on public.notion_sync_state (user_id, plan_id);
alter table public.notion_sync_state enable row level security, force row level security;
create policy notion_sync_state_authenticated on public.notion_sync_state for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy notion_sync_state_service on public.notion_sync_state for all to service using (true) with check (true);
grant select on public.notion_sync_state to authenticated;
grant select, insert, update, delete on public.notion_sync_state to service;

create table public.google_calendar_sync_state (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    sync_token text,
    calendar_id text not null default 'primary',
    last_synced_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint google_calendar_sync_state_pkey primary key (id),
    constraint google_calendar_sync_state_plan_id_key unique (plan_id),
    constraint google_calendar_sync_state_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade
);
create index google_calendar_sync_state_user_id_plan_id_idx on public.google_calendar_sync_state (user_id, plan_id);
alter table public.google_calendar_sync_state enable row level security, force row level security;
create policy google_calendar_sync_state_authenticated on public.google_calendar_sync_state for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy google_calendar_sync_state_service on public.google_calendar_sync_state for all to service
    using (true) with check (true);
grant select on public.google_calendar_sync_state to authenticated;
grant select, insert, update, delete on public.google_calendar_sync_state to service;

-- One row per session of a task that stands in the calendar.
create table public.task_calendar_events (
    id uuid not null default gen_random_uuid(),
    task_id uuid not null,
    user_id uuid not null,
    session integer not null default 0,
    calendar_event_id text not null,
    calendar_id text not null default 'primary',
    etag text,
    event_hash text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint task_calendar_events_pkey primary key (id),
    constraint task_calendar_events_task_id_user_id_session_key unique (task_id, user_id, session),
    constraint task_calendar_events_task_id_user_id_fkey foreign key (task_id, user_id)
        references public.tasks (id, user_id) on delete cascade,
    constraint task_calendar_events_session_check check (session >= 0)
);
create index task_calendar_events_user_id_calendar_event_id_idx on public.task_calendar_events (user_id, calendar_event_id);
alter table public.task_calendar_events enable row level security, force row level security;
create policy task_calendar_events_authenticated on public.task_calendar_events for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy task_calendar_events_service on public.task_calendar_events for all to service using (true) with check (true);
grant select on public.task_calendar_events to authenticated;
grant select, insert, update, delete on public.task_calendar_events to service;
