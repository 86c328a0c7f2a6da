create index job_queue_priority_scheduled_for_id_idx on public.job_queue (priority desc, scheduled_for, id)
    where status = 'pending';
create index job_queue_plan_id_user_id_idx on public.job_queue (plan_id, user_id);
create index job_queue_user_id_created_at_idx on public.job_queue (user_id, created_at);
drop index public.job_queue_user_id_plan_id_status_idx, public.job_queue_completed_at_idx,
    public.job_queue_user_id_priority_turn_idx, public.job_queue_scheduled_for_idx, public.job_queue_priority_turn_id_idx;
drop index public.job_queue_plan_id_key;
create unique index job_queue_plan_id_key on public.job_queue (plan_id) where status in ('pending', 'processing');
alter table public.job_queue
    drop column history,
    drop column turn;
