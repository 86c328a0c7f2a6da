-- What may never happen, noted by whoever does it, in the transaction that does it.
create schema faults;
create table faults.noted (what text not null, id uuid not null, at timestamptz not null default clock_timestamp());

create function faults.note() returns trigger language plpgsql security definer as $$
begin
    insert into faults.noted (what, id) values (tg_argv[0], old.id);
    return null;
end $$;

create trigger fence after update on public.job_queue for each row when (new.fence < old.fence)
    execute function faults.note('a fence went back');
create trigger claim after update on public.job_queue for each row
    when (new.status = 'processing' and new.fence = old.fence and new.locked_by is distinct from old.locked_by)
    execute function faults.note('a claim did not move the fence');
create trigger ended after update on public.job_queue for each row
    when (old.status in ('completed', 'failed') and new.status is distinct from old.status)
    execute function faults.note('a job that was over went on');
create trigger settled after update on public.usage_reservations for each row
    when (old.state <> 'reserved' and new.state is distinct from old.state)
    execute function faults.note('a reservation changed after its end');
create trigger ready after update on public.learning_plans for each row
    when (old.generation_status = 'ready' and new.generation_status <> 'ready')
    execute function faults.note('a plan that was ready is so no longer');
create trigger ended after update on public.generation_attempts for each row
    when (old.status <> 'in_progress' and new.status is distinct from old.status)
    execute function faults.note('an attempt changed after its end');
create trigger rewritten after update on public.generation_events for each row
    execute function faults.note('an event was rewritten');
create trigger undone after update on public.task_progress for each row
    when (old.status = 'completed' and new.status <> 'completed')
    execute function faults.note('a task was undone');
