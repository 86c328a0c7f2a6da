-- What subscriptions and erasure need: the provider's own word beside our status, which snapshot was applied last, when the
-- identity provider's data was current, and work that outlives the account it was queued for.
alter table public.users
    -- The payment provider's status, word for word: unpaid, paused and incomplete have no place among the four of ours.
    add column stripe_subscription_status text,
    -- The number of the newest snapshot applied; one with a smaller number is dropped.
    add column subscription_snapshot bigint not null default 0,
    -- The checkout that is open; the one before it was closed when this one was made.
    add column stripe_checkout_session_id text,
    -- How current the identity provider's data here is, by its own clock; older data is dropped.
    add column clerk_updated_at timestamptz,
    -- The name it told last. While `name` is the same, a new one follows it; a name chosen here stays.
    add column clerk_name text,
    add constraint users_clerk_name_check check (char_length(clerk_name) <= 200),
    add constraint users_stripe_subscription_status_check check (char_length(stripe_subscription_status) between 1 and 64),
    add constraint users_subscription_snapshot_check check (subscription_snapshot >= 0);

-- Numbers snapshots of the payment provider's state in the order in which their readings began. Not a clock: it does not
-- step back, and no two readings share a number.
create sequence public.subscription_snapshots;
grant usage on sequence public.subscription_snapshots to service;

-- Two more kinds of work. The type is made anew, for a value that is added to it could not be used in this transaction.
alter type public.job_type rename to job_type_before;
create type public.job_type as enum ('plan_generation', 'plan_regeneration', 'account_erasure', 'billing_reconcile');
revoke all on type public.job_type from public;
alter table public.job_queue
    alter column job_type type public.job_type using job_type::text::public.job_type,
    -- Null: the server's own work, which stays when an account goes.
    alter column user_id drop not null,
    add constraint job_queue_user_id_check
        check ((user_id is null) = (job_type in ('account_erasure', 'billing_reconcile')) and (user_id is not null or plan_id is null));
drop type public.job_type_before;
-- One reconciliation waits or runs, however many processes see to it.
create unique index job_queue_job_type_key on public.job_queue (job_type)
    where job_type = 'billing_reconcile' and status in ('pending', 'processing');

-- An erasure is on record when the account is not: its row has no owner.
alter table public.audit_log alter column user_id drop not null;
create index audit_log_created_at_idx on public.audit_log (created_at) where user_id is null;
