-- What a learner owns and edits. A child names its parent together with the owner, so it cannot hang under another's
-- plan. The WITH CHECK of the children looks for the parent too: policies are checked before unique keys, so that a
-- foreign parent is refused in the same words whether it exists or not.
create table public.learning_plans (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    topic text not null,
    notes text,
    skill_level public.skill_level not null,
    weekly_hours integer not null,
    learning_style public.learning_style not null,
    start_date date,
    deadline_date date,
    visibility text not null default 'private',
    origin public.plan_origin not null default 'ai',
    generation_status public.generation_status not null default 'generating',
    is_quota_eligible boolean not null default false,
    finalized_at timestamptz,
    -- Grows with every edit; the ETag that If-Match is compared with.
    version integer not null default 1,
    timezone text not null default 'UTC',
    availability jsonb,
    -- SHA-256 (hex) of the secret in the calendar feed's address; null: no feed.
    calendar_feed_hash text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint learning_plans_pkey primary key (id),
    constraint learning_plans_id_user_id_key unique (id, user_id),
    constraint learning_plans_calendar_feed_hash_key unique (calendar_feed_hash),
    constraint learning_plans_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
    constraint learning_plans_topic_check check (char_length(topic) between 1 and 200),
    constraint learning_plans_notes_check check (char_length(notes) <= 2000),
    constraint learning_plans_weekly_hours_check check (weekly_hours >= 0),
    constraint learning_plans_deadline_date_check check (deadline_date >= start_date),
    constraint learning_plans_visibility_check check (visibility in ('private')),
    constraint learning_plans_version_check check (version > 0),
    constraint learning_plans_timezone_check check (char_length(timezone) between 1 and 64),
    constraint learning_plans_calendar_feed_hash_check check (calendar_feed_hash ~ '^[0-9a-f]{64}$')
);
create index learning_plans_user_id_is_quota_eligible_generation_status_idx
    on public.learning_plans (user_id, is_quota_eligible, generation_status);
create index learning_plans_user_id_created_at_id_idx on public.learning_plans (user_id, created_at desc, id desc);
alter table public.learning_plans enable row level security, force row level security;
create policy learning_plans_authenticated on public.learning_plans for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy learning_plans_service on public.learning_plans for all to service using (true) with check (true);
grant select, delete on public.learning_plans to authenticated;
grant update (topic, notes, weekly_hours, learning_style, start_date, deadline_date, timezone, availability, version, updated_at)
    on public.learning_plans to authenticated;
grant select, insert, update, delete on public.learning_plans to service;

create table public.modules (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    "order" integer not null,
    title text not null,
    description text,
    estimated_minutes integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint modules_pkey primary key (id),
    constraint modules_id_user_id_key unique (id, user_id),
    -- Deferrable: a move renumbers in one statement, or in several with SET CONSTRAINTS.
    constraint modules_plan_id_order_key unique (plan_id, "order") deferrable initially immediate,
    constraint modules_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint modules_order_check check ("order" >= 1),
    constraint modules_title_check check (char_length(title) between 1 and 1000),
    constraint modules_estimated_minutes_check check (estimated_minutes >= 0)
);
create index modules_user_id_plan_id_idx on public.modules (user_id, plan_id);
-- ANALYZE guesses it wrong on large tables (it sees too few plans in its sample).
alter table public.modules alter column plan_id set (n_distinct = -0.2);
alter table public.modules enable row level security, force row level security;
create policy modules_authenticated on public.modules for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (
        user_id = (select app.current_user_id())
        and exists (select from public.learning_plans p where p.id = modules.plan_id and p.user_id = modules.user_id)
    );
create policy modules_service on public.modules for all to service using (true) with check (true);
grant select, delete on public.modules to authenticated;
grant insert (id, plan_id, user_id, "order", title, description, estimated_minutes, created_at, updated_at)
    on public.modules to authenticated;
grant update ("order", title, description, estimated_minutes, updated_at) on public.modules to authenticated;
grant select, insert, update, delete on public.modules to service;

create table public.tasks (
    id uuid not null default gen_random_uuid(),
    module_id uuid not null,
    user_id uuid not null,
    "order" integer not null,
    title text not null,
    description text,
    estimated_minutes integer not null default 0,
    has_micro_explanation boolean not null default false,
    explanation jsonb,
    -- The learner fixed its place; the scheduler leaves it there.
    pinned boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint tasks_pkey primary key (id),
    constraint tasks_id_user_id_key unique (id, user_id),
    constraint tasks_module_id_order_key unique (module_id, "order") deferrable initially immediate,
    constraint tasks_module_id_user_id_fkey foreign key (module_id, user_id)
        references public.modules (id, user_id) on delete cascade,
    constraint tasks_order_check check ("order" >= 1),
    constraint tasks_title_check check (char_length(title) between 1 and 1000),
    constraint tasks_estimated_minutes_check check (estimated_minutes >= 0)
);
create index tasks_user_id_module_id_idx on public.tasks (user_id, module_id);
alter table public.tasks alter column module_id set (n_distinct = -0.2);
alter table public.tasks enable row level security, force row level security;
create policy tasks_authenticated on public.tasks for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (
        user_id = (select app.current_user_id())
        and exists (select from public.modules m where m.id = tasks.module_id and m.user_id = tasks.user_id)
    );
create policy tasks_service on public.tasks for all to service using (true) with check (true);
grant select, delete on public.tasks to authenticated;
grant insert (id, module_id, user_id, "order", title, description, estimated_minutes, has_micro_explanation, explanation,
        pinned, created_at, updated_at)
    on public.tasks to authenticated;
-- module_id: a task may move to another module of the same learner.
grant update (module_id, "order", title, description, estimated_minutes, has_micro_explanation, explanation, pinned, updated_at)
    on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service;

-- Shared by all learners; written by the generation only.
create table public.resources (
    id uuid not null default gen_random_uuid(),
    type public.resource_type not null,
    title text not null,
    url text not null,
    domain text,
    author text,
    duration_minutes integer,
    cost_cents integer,
    currency char(3),
    tags text[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint resources_pkey primary key (id),
    constraint resources_url_key unique (url),
    -- The upper bound keeps the address within an index entry.
    constraint resources_url_check check (url ~ '^https?://' and octet_length(url) <= 2048),
    constraint resources_duration_minutes_check check (duration_minutes >= 0),
    constraint resources_cost_cents_check check (cost_cents >= 0)
);
create index resources_type_idx on public.resources (type);
alter table public.resources enable row level security, force row level security;
create policy resources_authenticated on public.resources for select to authenticated using (true);
create policy resources_service on public.resources for all to service using (true) with check (true);
grant select on public.resources to authenticated;
grant select, insert, update, delete on public.resources to service;

create table public.task_resources (
    id uuid not null default gen_random_uuid(),
    task_id uuid not null,
    user_id uuid not null,
    resource_id uuid not null,
    "order" integer not null,
    notes text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint task_resources_pkey primary key (id),
    constraint task_resources_task_id_resource_id_key unique (task_id, resource_id),
    constraint task_resources_task_id_user_id_fkey foreign key (task_id, user_id)
        references public.tasks (id, user_id) on delete cascade,
    constraint task_resources_resource_id_fkey foreign key (resource_id) references public.resources (id) on delete cascade,
    constraint task_resources_order_check check ("order" >= 1)
);
create index task_resources_user_id_task_id_idx on public.task_resources (user_id, task_id);
create index task_resources_resource_id_idx on public.task_resources (resource_id);
alter table public.task_resources enable row level security, force row level security;
create policy task_resources_authenticated on public.task_resources for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (
        user_id = (select app.current_user_id())
        and exists (select from public.tasks t where t.id = task_resources.task_id and t.user_id = task_resources.user_id)
    );
create policy task_resources_service on public.task_resources for all to service using (true) with check (true);
grant select, delete on public.task_resources to authenticated;
grant insert (id, task_id, user_id, resource_id, "order", notes, created_at, updated_at) on public.task_resources to authenticated;
grant update (resource_id, "order", notes, updated_at) on public.task_resources to authenticated;
grant select, insert, update, delete on public.task_resources to service;

create table public.task_progress (
    id uuid not null default gen_random_uuid(),
    task_id uuid not null,
    user_id uuid not null,
    status public.progress_status not null default 'not_started',
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint task_progress_pkey primary key (id),
    -- The status is carried, not indexed: a comparison of enums is never pushed below row level security.
    constraint task_progress_user_id_task_id_key unique (user_id, task_id) include (status),
    constraint task_progress_task_id_user_id_fkey foreign key (task_id, user_id)
        references public.tasks (id, user_id) on delete cascade
);
create index task_progress_task_id_user_id_idx on public.task_progress (task_id, user_id);
alter table public.task_progress enable row level security, force row level security;
create policy task_progress_authenticated on public.task_progress for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (
        user_id = (select app.current_user_id())
        and exists (select from public.tasks t where t.id = task_progress.task_id and t.user_id = task_progress.user_id)
    );
create policy task_progress_service on public.task_progress for all to service using (true) with check (true);
grant select, delete on public.task_progress to authenticated;
grant insert (id, task_id, user_id, status, completed_at, created_at, updated_at) on public.task_progress to authenticated;
grant update (status, completed_at, updated_at) on public.task_progress to authenticated;
grant select, insert, update, delete on public.task_progress to service;

-- Many per plan, the newest is current.
create table public.plan_schedules (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    schedule_json jsonb not null,
    -- SHA-256 (hex) of everything the schedule was computed from.
    inputs_hash text not null,
    generated_at timestamptz not null default now(),
    timezone text not null,
    weekly_hours integer not null,
    start_date date not null,
    deadline date,
    created_at timestamptz not null default now(),
    constraint plan_schedules_pkey primary key (id),
    constraint plan_schedules_plan_id_inputs_hash_key unique (plan_id, inputs_hash),
    constraint plan_schedules_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint plan_schedules_inputs_hash_check check (inputs_hash ~ '^[0-9a-f]{64}$'),
    constraint plan_schedules_weekly_hours_check check (weekly_hours >= 0)
);
create index plan_schedules_plan_id_generated_at_idx on public.plan_schedules (plan_id, generated_at desc);
create index plan_schedules_user_id_plan_id_idx on public.plan_schedules (user_id, plan_id);
alter table public.plan_schedules enable row level security, force row level security;
create policy plan_schedules_authenticated on public.plan_schedules for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (
        user_id = (select app.current_user_id())
        and exists (select from public.learning_plans p where p.id = plan_schedules.plan_id and p.user_id = plan_schedules.user_id)
    );
create policy plan_schedules_service on public.plan_schedules for all to service using (true) with check (true);
grant select, insert, update, delete on public.plan_schedules to authenticated, service;
