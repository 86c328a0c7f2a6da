-- People, and the tombstones of those who left.
create table public.users (
    id uuid not null default gen_random_uuid(),
    clerk_user_id text not null,
    -- Null until known: a first request may come before the identity provider's webhook. Stored in lower case.
    email text,
    name text,
    subscription_tier public.subscription_tier not null default 'free',
    subscription_status public.subscription_status,
    stripe_customer_id text,
    stripe_subscription_id text,
    subscription_period_end timestamptz,
    cancel_at_period_end boolean not null default false,
    -- When the newest snapshot that was applied was read from the payment provider; an older one is dropped.
    subscription_synced_at timestamptz,
    monthly_export_count integer not null default 0,
    preferred_model text,
    timezone text not null default 'UTC',
    availability jsonb,
    notification_prefs jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_pkey primary key (id),
    -- The id rides along, so that subject to id is one index-only read.
    constraint users_clerk_user_id_key unique (clerk_user_id) include (id),
    constraint users_email_key unique (email),
    constraint users_stripe_customer_id_key unique (stripe_customer_id),
    constraint users_stripe_subscription_id_key unique (stripe_subscription_id),
    constraint users_clerk_user_id_check check (clerk_user_id <> ''),
    constraint users_email_check check (email = lower(email) and char_length(email) between 3 and 320),
    constraint users_name_check check (char_length(name) <= 200),
    constraint users_timezone_check check (char_length(timezone) between 1 and 64),
    constraint users_monthly_export_count_check check (monthly_export_count >= 0)
);
alter table public.users enable row level security, force row level security;
-- Reads the claims directly: app.current_user_id() reads this table.
create policy users_authenticated on public.users for all to authenticated
    using (id = (select app.claimed_user_id()) or clerk_user_id = (select app.claimed_subject()))
    with check (id = (select app.claimed_user_id()) or clerk_user_id = (select app.claimed_subject()));
create policy users_service on public.users for all to service using (true) with check (true);
grant select on public.users to authenticated;
grant update (name, preferred_model, timezone, availability, notification_prefs, updated_at) on public.users to authenticated;
grant select, insert, update, delete on public.users to service;

create table public.deleted_users (
    id uuid not null default gen_random_uuid(),
    clerk_user_id text not null,
    deleted_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    constraint deleted_users_pkey primary key (id),
    constraint deleted_users_clerk_user_id_key unique (clerk_user_id)
);
alter table public.deleted_users enable row level security, force row level security;
create policy deleted_users_service on public.deleted_users for all to service using (true) with check (true);
-- A tombstone is for ever.
grant select, insert on public.deleted_users to service;
