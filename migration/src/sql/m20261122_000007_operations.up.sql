-- What keeps effects single and limits exact. None of it is for learners, but the trail of what was done for them.
create table public.stripe_webhook_events (
    id uuid not null default gen_random_uuid(),
    event_id text not null,
    type text not null,
    livemode boolean not null,
    created_at timestamptz not null default now(),
    constraint stripe_webhook_events_pkey primary key (id),
    constraint stripe_webhook_events_event_id_key unique (event_id)
);
create index stripe_webhook_events_created_at_idx on public.stripe_webhook_events (created_at);
alter table public.stripe_webhook_events enable row level security, force row level security;
create policy stripe_webhook_events_service on public.stripe_webhook_events for all to service using (true) with check (true);
grant select, insert, delete on public.stripe_webhook_events to service;

create table public.clerk_webhook_events (
    id uuid not null default gen_random_uuid(),
    event_id text not null,
    type text not null,
    created_at timestamptz not null default now(),
    constraint clerk_webhook_events_pkey primary key (id),
    constraint clerk_webhook_events_event_id_key unique (event_id)
);
create index clerk_webhook_events_created_at_idx on public.clerk_webhook_events (created_at);
alter table public.clerk_webhook_events enable row level security, force row level security;
create policy clerk_webhook_events_service on public.clerk_webhook_events for all to service using (true) with check (true);
grant select, insert, delete on public.clerk_webhook_events to service;

-- The first answer to a request, kept for a day and given again to its repetition.
create table public.idempotency_keys (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    key text not null,
    route text not null,
    request_hash text not null,
    -- The HTTP status and the body; null until the answer is known.
    status integer,
    response jsonb,
    expires_at timestamptz not null default now() + interval '24 hours',
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (id),
    constraint idempotency_keys_user_id_route_key_key unique (user_id, route, key),
    constraint idempotency_keys_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint idempotency_keys_key_check check (char_length(key) between 1 and 255),
    constraint idempotency_keys_status_check check (status between 100 and 599)
);
create index idempotency_keys_expires_at_idx on public.idempotency_keys (expires_at);
alter table public.idempotency_keys enable row level security, force row level security;
create policy idempotency_keys_service on public.idempotency_keys for all to service using (true) with check (true);
grant select, insert, update, delete on public.idempotency_keys to service;

-- Exact limits for what costs money, across any number of processes. Unlogged: a crash forgives, which is cheap.
create unlogged table public.rate_limit_buckets (
    bucket text not null,
    -- The theoretical arrival time of the cell rate algorithm: when the bucket would be empty.
    state timestamptz not null,
    constraint rate_limit_buckets_pkey primary key (bucket)
) with (fillfactor = 70);
alter table public.rate_limit_buckets enable row level security, force row level security;
create policy rate_limit_buckets_service on public.rate_limit_buckets for all to service using (true) with check (true);
grant select, insert, update, delete on public.rate_limit_buckets to service;

-- Written once, never changed, not even by `service`; it goes with the learner (the tombstone stays).
create table public.audit_log (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    -- Who did it: the learner, an operator, or a part of the system.
    actor text not null,
    action text not null,
    subject text,
    data jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint audit_log_pkey primary key (id),
    constraint audit_log_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade
);
create index audit_log_user_id_created_at_idx on public.audit_log (user_id, created_at desc);
alter table public.audit_log enable row level security, force row level security;
create policy audit_log_authenticated on public.audit_log for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy audit_log_service on public.audit_log for all to service using (true) with check (true);
grant select on public.audit_log to authenticated;
grant select, insert on public.audit_log to service;
