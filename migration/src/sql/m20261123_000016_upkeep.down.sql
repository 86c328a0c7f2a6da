-- The owner's own login sees no row of a table whose row security is forced.
alter table public.learning_plans no force row level security;
update public.learning_plans set timezone = 'UTC' where timezone = 'Etc/UTC' and availability is not null;
alter table public.learning_plans force row level security;

alter table public.rate_limit_buckets set (fillfactor = 70);
drop index public.rate_limit_buckets_state_idx;
create index job_queue_completed_at_idx on public.job_queue (completed_at) where status in ('completed', 'failed');
drop index public.job_queue_status_completed_at_idx;
