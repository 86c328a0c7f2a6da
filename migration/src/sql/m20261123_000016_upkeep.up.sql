-- What the sweeper takes is found without walking what it must leave. Jobs that ended well go after a week and dead ones
-- after a month, so in one line by their end the young dead stood before every well-ended one.
create index job_queue_status_completed_at_idx on public.job_queue (status, completed_at)
    where status in ('completed', 'failed');
drop index public.job_queue_completed_at_idx;

-- A bucket is written a few times a minute a person at most; that each write touches one more index costs less than reading
-- the whole table every minute. No write leaves the indexes alone any more, so pages need no room kept for such.
create index rate_limit_buckets_state_idx on public.rate_limit_buckets (state);
alter table public.rate_limit_buckets reset (fillfactor);

-- UTC was a plan's own zone when it came with times of its own. From now on the default means that nobody has said a zone,
-- and UTC that somebody has said is written in full. The owner's own login sees no row of a table whose row security is forced.
alter table public.learning_plans no force row level security;
update public.learning_plans set timezone = 'Etc/UTC' where timezone = 'UTC' and availability is not null;
alter table public.learning_plans force row level security;
