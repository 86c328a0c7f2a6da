-- Fair turns: a waiting job has its place in the line of its priority, and users alternate there. Jobs that must wait for
-- their time stand in no line until they are due. What waits already is due and in no line, so the next look at the queue
-- gives it its turn.
alter table public.job_queue
    -- The place in the priority's line; null when the job is not in line (delayed, being worked on, or over).
    add column turn bigint,
    -- Each claim that ended otherwise than well: attempt, worker, startedAt, endedAt, error.
    add column history jsonb not null default '[]';

-- The claim's own order: its first entries are what is claimed, nothing in between is skipped.
create index job_queue_priority_turn_id_idx on public.job_queue (priority desc, turn, id)
    where status = 'pending' and turn is not null;
-- What waits for its time; one probe tells that nothing is due.
create index job_queue_scheduled_for_idx on public.job_queue (scheduled_for) where status = 'pending' and turn is null;
-- The end of a user's own line.
create index job_queue_user_id_priority_turn_idx on public.job_queue (user_id, priority, turn)
    where status = 'pending' and turn is not null;
-- What a sweeper may take away.
create index job_queue_completed_at_idx on public.job_queue (completed_at) where status in ('completed', 'failed');
-- At most one live job per plan; jobs without a plan have no entry.
drop index public.job_queue_plan_id_key;
create unique index job_queue_plan_id_key on public.job_queue (plan_id)
    where status in ('pending', 'processing') and plan_id is not null;
-- Every write of a job touches every index, so one that leads to the owner and to the plan takes the place of two.
create index job_queue_user_id_plan_id_status_idx on public.job_queue (user_id, plan_id, status);
drop index public.job_queue_priority_scheduled_for_id_idx, public.job_queue_plan_id_user_id_idx,
    public.job_queue_user_id_created_at_idx;
