drop index public.audit_log_created_at_idx;
-- The owner's own login sees no row of a table whose row security is forced.
alter table public.audit_log no force row level security;
delete from public.audit_log where user_id is null;
alter table public.audit_log force row level security, alter column user_id set not null;

drop index public.job_queue_job_type_key;
alter table public.job_queue no force row level security;
delete from public.job_queue where user_id is null;
alter table public.job_queue force row level security, drop constraint job_queue_user_id_check;
alter type public.job_type rename to job_type_after;
create type public.job_type as enum ('plan_generation', 'plan_regeneration');
revoke all on type public.job_type from public;
alter table public.job_queue
    alter column job_type type public.job_type using job_type::text::public.job_type,
    alter column user_id set not null;
drop type public.job_type_after;

drop sequence public.subscription_snapshots;
alter table public.users
    drop constraint users_subscription_snapshot_check,
    drop constraint users_stripe_subscription_status_check,
    drop constraint users_clerk_name_check,
    drop column clerk_name,
    drop column clerk_updated_at,
    drop column stripe_checkout_session_id,
    drop column subscription_snapshot,
    drop column stripe_subscription_status;
