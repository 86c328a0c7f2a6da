-- The queue, the counters, and the ledgers that the counters can be recomputed from. Learners read; `service` writes.
create table public.job_queue (
    id uuid not null default gen_random_uuid(),
    plan_id uuid,
    user_id uuid not null,
    job_type public.job_type not null,
    status public.job_status not null default 'pending',
    priority integer not null default 1,
    attempts integer not null default 0,
    max_attempts integer not null default 3,
    payload jsonb not null default '{}',
    result jsonb,
    error text,
    locked_at timestamptz,
    locked_by text,
    lease_expires_at timestamptz,
    -- Grows with every claim; a worker's writes name it, so those of a worker that lost its lease change nothing.
    fence bigint not null default 0,
    scheduled_for timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint job_queue_pkey primary key (id),
    constraint job_queue_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint job_queue_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint job_queue_priority_check check (priority between 0 and 100),
    constraint job_queue_attempts_check check (attempts >= 0),
    constraint job_queue_max_attempts_check check (max_attempts >= 0),
    constraint job_queue_fence_check check (fence >= 0),
    -- A job that is being worked on has a lease, or nobody would ever take it back.
    constraint job_queue_lease_check check (status <> 'processing' or (locked_by is not null and lease_expires_at is not null))
) with (
    -- Every job is updated a few times and a claim must not wade through dead rows: room on the page, eager vacuum.
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000
);
create index job_queue_status_scheduled_for_priority_idx on public.job_queue (status, scheduled_for, priority);
-- The claim's own order: the index above does not serve it.
create index job_queue_priority_scheduled_for_id_idx on public.job_queue (priority desc, scheduled_for, id)
    where status = 'pending';
create index job_queue_lease_expires_at_idx on public.job_queue (lease_expires_at) where status = 'processing';
-- At most one live job per plan.
create unique index job_queue_plan_id_key on public.job_queue (plan_id) where status in ('pending', 'processing');
create index job_queue_plan_id_user_id_idx on public.job_queue (plan_id, user_id);
create index job_queue_user_id_created_at_idx on public.job_queue (user_id, created_at);
alter table public.job_queue enable row level security, force row level security;
create policy job_queue_authenticated on public.job_queue for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy job_queue_service on public.job_queue for all to service using (true) with check (true);
-- Everything but the payload.
grant select (id, plan_id, user_id, job_type, status, priority, attempts, max_attempts, result, error, locked_at, locked_by,
        lease_expires_at, fence, scheduled_for, started_at, completed_at, created_at, updated_at)
    on public.job_queue to authenticated;
grant select, insert, update, delete on public.job_queue to service;

create table public.usage_metrics (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    month text not null,
    plans_generated integer not null default 0,
    regenerations_used integer not null default 0,
    exports_used integer not null default 0,
    ai_cost_microusd bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint usage_metrics_pkey primary key (id),
    constraint usage_metrics_user_id_month_key unique (user_id, month),
    constraint usage_metrics_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint usage_metrics_month_check check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    constraint usage_metrics_plans_generated_check check (plans_generated >= 0),
    constraint usage_metrics_regenerations_used_check check (regenerations_used >= 0),
    constraint usage_metrics_exports_used_check check (exports_used >= 0),
    constraint usage_metrics_ai_cost_microusd_check check (ai_cost_microusd >= 0)
);
alter table public.usage_metrics enable row level security, force row level security;
create policy usage_metrics_authenticated on public.usage_metrics for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy usage_metrics_service on public.usage_metrics for all to service using (true) with check (true);
grant select on public.usage_metrics to authenticated;
grant select, insert, update, delete on public.usage_metrics to service;

-- Reserved before the work, settled or released after it, each once.
create table public.usage_reservations (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    month text not null,
    kind text not null,
    -- What it was reserved for: the plan, the generation, the export. No foreign key: the ledger outlives it.
    subject_id uuid not null,
    state text not null default 'reserved',
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint usage_reservations_pkey primary key (id),
    constraint usage_reservations_subject_id_kind_key unique (subject_id, kind),
    constraint usage_reservations_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint usage_reservations_month_check check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    constraint usage_reservations_kind_check check (kind in ('plan', 'regeneration', 'export')),
    constraint usage_reservations_state_check check (state in ('reserved', 'settled', 'released'))
);
create index usage_reservations_user_id_month_kind_idx on public.usage_reservations (user_id, month, kind) include (state);
create index usage_reservations_expires_at_idx on public.usage_reservations (expires_at) where state = 'reserved';
alter table public.usage_reservations enable row level security, force row level security;
create policy usage_reservations_authenticated on public.usage_reservations for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy usage_reservations_service on public.usage_reservations for all to service using (true) with check (true);
grant select on public.usage_reservations to authenticated;
grant select, insert, update, delete on public.usage_reservations to service;

-- One row per call that cost (or could have cost) money. Outlives its plan; goes with the learner.
create table public.ai_usage_events (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    plan_id uuid,
    -- Null: a call outside a generation, such as a task's explanation. No foreign key, for it outlives the plan.
    generation_id uuid,
    attempt integer not null default 1,
    provider text not null,
    model text not null,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    -- Derived from the micro-USD by rounding up.
    cost_cents bigint not null default 0,
    cost_microusd bigint not null default 0,
    -- True: the provider reported no usage, so tokens were counted from the text.
    estimated boolean not null default false,
    -- The catalogue's price at that time.
    price jsonb not null default '{}',
    request_id text,
    created_at timestamptz not null default now(),
    constraint ai_usage_events_pkey primary key (id),
    constraint ai_usage_events_generation_id_attempt_key unique (generation_id, attempt),
    constraint ai_usage_events_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint ai_usage_events_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete set null (plan_id),
    constraint ai_usage_events_attempt_check check (attempt >= 1),
    constraint ai_usage_events_input_tokens_check check (input_tokens >= 0),
    constraint ai_usage_events_output_tokens_check check (output_tokens >= 0),
    constraint ai_usage_events_cost_cents_check check (cost_cents >= 0),
    constraint ai_usage_events_cost_microusd_check check (cost_microusd >= 0)
);
create index ai_usage_events_user_id_created_at_idx on public.ai_usage_events (user_id, created_at);
create index ai_usage_events_plan_id_user_id_idx on public.ai_usage_events (plan_id, user_id);
alter table public.ai_usage_events enable row level security, force row level security;
create policy ai_usage_events_authenticated on public.ai_usage_events for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy ai_usage_events_service on public.ai_usage_events for all to service using (true) with check (true);
grant select on public.ai_usage_events to authenticated;
grant select, insert, update on public.ai_usage_events to service;
