-- What calendar programs have been shown of a plan: one row for each session that is or was in its feed. A session's
-- SEQUENCE must never fall, and one that is gone must be taken back in so many words, so both outlive the task:
-- task_id is no foreign key.
create table public.calendar_feed_entries (
    id uuid not null default gen_random_uuid(),
    plan_id uuid not null,
    user_id uuid not null,
    task_id uuid not null,
    -- Which of the task's sessions, from 1.
    part integer not null,
    sequence integer not null default 0,
    -- SHA-256 (hex) of what the event says; another one is another SEQUENCE.
    content_hash text not null,
    -- As last shown, for the notice that takes the session back.
    title text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    last_modified timestamptz not null,
    -- Since when it is gone; null: it is in the schedule.
    cancelled_at timestamptz,
    created_at timestamptz not null default now(),
    constraint calendar_feed_entries_pkey primary key (id),
    constraint calendar_feed_entries_plan_id_task_id_part_key unique (plan_id, task_id, part),
    constraint calendar_feed_entries_plan_id_user_id_fkey foreign key (plan_id, user_id)
        references public.learning_plans (id, user_id) on delete cascade,
    constraint calendar_feed_entries_part_check check (part >= 1),
    constraint calendar_feed_entries_sequence_check check (sequence >= 0),
    constraint calendar_feed_entries_content_hash_check check (content_hash ~ '^[0-9a-f]{64}$'),
    constraint calendar_feed_entries_ends_at_check check (ends_at >= starts_at)
);
create index calendar_feed_entries_user_id_plan_id_idx on public.calendar_feed_entries (user_id, plan_id);
create index calendar_feed_entries_cancelled_at_idx on public.calendar_feed_entries (cancelled_at) where cancelled_at is not null;
alter table public.calendar_feed_entries enable row level security, force row level security;
create policy calendar_feed_entries_authenticated on public.calendar_feed_entries for all to authenticated
    using (user_id = (select app.current_user_id())) with check (user_id = (select app.current_user_id()));
create policy calendar_feed_entries_service on public.calendar_feed_entries for all to service using (true) with check (true);
grant select on public.calendar_feed_entries to authenticated;
grant select, insert, update, delete on public.calendar_feed_entries to service;
