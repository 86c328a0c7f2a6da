-- What the model was asked, what came of it, and the log a stream is read from. Learners read; `service` writes.

-- A generation has no state of its own: it follows from its attempts and its job.
create table public.plan_generations (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    kind text not null,
    model text,
    prompt jsonb,
    parameters jsonb not null default '{}',
    output_summary jsonb,
    started_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint plan_generations_pkey primary key (id),
    constraint plan_generations_id_user_id_key unique (id, user_id),
    constraint plan_generations_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint plan_generations_kind_check check (kind in ('initial', 'retry', 'regeneration')),
    constraint plan_generations_finished_at_check check (finished_at >= started_at)
);
create index plan_generations_plan_id_user_id_idx on public.plan_generations (plan_id, user_id);
create index plan_generations_user_id_created_at_idx on public.plan_generations (user_id, created_at);
alter table public.plan_generations enable row level security, force row level security;
create policy plan_generations_authenticated on public.plan_generations for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy plan_generations_service on public.plan_generations for all to service using (true) with check (true);
-- Everything but the prompt.
grant select (id, plan_id, user_id, kind, model, parameters, output_summary, started_at, finished_at, created_at, updated_at)
    on public.plan_generations to authenticated;
grant select, insert, update, delete on public.plan_generations to service;

create table public.plan_revisions (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    number integer not null,
    snapshot jsonb not null,
    -- Null: made by hand or by a restore.
    generation_id uuid,
    created_at timestamptz not null default now(),
    constraint plan_revisions_pkey primary key (id),
    constraint plan_revisions_plan_id_number_key unique (plan_id, number),
    constraint plan_revisions_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint plan_revisions_generation_id_user_id_fkey foreign key (generation_id, user_id)
        references public.plan_generations (id, user_id) on delete set null (generation_id),
    constraint plan_revisions_number_check check (number >= 1)
);
create index plan_revisions_user_id_plan_id_idx on public.plan_revisions (user_id, plan_id);
create index plan_revisions_generation_id_user_id_idx on public.plan_revisions (generation_id, user_id);
alter table public.plan_revisions enable row level security, force row level security;
create policy plan_revisions_authenticated on public.plan_revisions for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy plan_revisions_service on public.plan_revisions for all to service using (true) with check (true);
grant select on public.plan_revisions to authenticated;
grant select, insert, update, delete on public.plan_revisions to service;

-- Outlives its plan, for what rate limits count must not vanish with a deleted plan; it goes with the learner.
-- Therefore generation_id is no foreign key.
create table public.generation_attempts (
    id uuid not null default gen_random_uuid(),
    plan_id uuid,
    user_id uuid not null,
    generation_id uuid not null,
    number integer not null,
    status text not null default 'in_progress',
    classification text,
    duration_ms bigint,
    modules_count integer,
    tasks_count integer,
    truncated_topic boolean not null default false,
    truncated_notes boolean not null default false,
    normalized_effort boolean not null default false,
    prompt_hash text,
    metadata jsonb not null default '{}',
    finished_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint generation_attempts_pkey primary key (id),
    constraint generation_attempts_generation_id_number_key unique (generation_id, number),
    constraint generation_attempts_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint generation_attempts_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete set null (plan_id),
    constraint generation_attempts_number_check check (number >= 1),
    constraint generation_attempts_status_check check (status in ('in_progress', 'success', 'failure', 'canceled')),
    constraint generation_attempts_classification_check check (
        classification in ('validation', 'provider_error', 'rate_limit', 'timeout', 'capped', 'canceled')
    ),
    constraint generation_attempts_status_classification_check check ((classification is not null) = (status = 'failure')),
    constraint generation_attempts_duration_ms_check check (duration_ms >= 0),
    constraint generation_attempts_modules_count_check check (modules_count >= 0),
    constraint generation_attempts_tasks_count_check check (tasks_count >= 0)
);
create index generation_attempts_plan_id_user_id_idx on public.generation_attempts (plan_id, user_id);
create index generation_attempts_user_id_created_at_idx on public.generation_attempts (user_id, created_at);
alter table public.generation_attempts enable row level security, force row level security;
create policy generation_attempts_authenticated on public.generation_attempts for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy generation_attempts_service on public.generation_attempts for all to service using (true) with check (true);
-- Everything but the metadata.
grant select (id, plan_id, user_id, generation_id, number, status, classification, duration_ms, modules_count, tasks_count,
        truncated_topic, truncated_notes, normalized_effort, prompt_hash, finished_at, created_at, updated_at)
    on public.generation_attempts to authenticated;
grant select, insert, update, delete on public.generation_attempts to service;

-- The stream's log: rows first, then sent. Kept for seven days after the terminal event.
create table public.generation_events (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    -- No foreign key: the log is the most written table, and the plan's key already ties it down.
    generation_id uuid not null,
    seq bigint not null,
    type text not null,
    data jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint generation_events_pkey primary key (id),
    constraint generation_events_plan_id_seq_key unique (plan_id, seq),
    constraint generation_events_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint generation_events_seq_check check (seq >= 1),
    constraint generation_events_type_check check (
        type in ('plan_start', 'module_summary', 'progress', 'attempt_restart', 'complete', 'error', 'canceled')
    )
);
create index generation_events_user_id_plan_id_idx on public.generation_events (user_id, plan_id);
create index generation_events_created_at_idx on public.generation_events (created_at)
    where type in ('complete', 'error', 'canceled');
alter table public.generation_events enable row level security, force row level security;
create policy generation_events_authenticated on public.generation_events for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy generation_events_service on public.generation_events for all to service using (true) with check (true);
grant select on public.generation_events to authenticated;
-- What was sent is not rewritten.
grant select, insert, delete on public.generation_events to service;
