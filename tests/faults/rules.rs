//! What holds in the database once everything is settled, as queries for the rows that break it.

/// A rule, and a query whose first column is text and names what breaks it.
pub type Rule = (&'static str, &'static str);

/// All of them.
pub const RULES: &[Rule] = &[
    (
        "nothing is open",
        "
        select 'job ' || id from job_queue where status in ('pending', 'processing')
        union all select 'plan ' || id from learning_plans where generation_status = 'generating'
        union all select 'attempt ' || id from generation_attempts where status = 'in_progress'
        union all select 'reservation ' || kind || ' ' || subject_id from usage_reservations where state = 'reserved'",
    ),
    (
        "a generation has exactly one terminal event, its last",
        "
        select g.id::text from plan_generations g left join generation_events e on e.generation_id = g.id
        group by g.id
        having count(*) filter (where e.type in ('complete', 'error', 'canceled')) <> 1
            or max(e.seq) filter (where e.type in ('complete', 'error', 'canceled')) <> max(e.seq)",
    ),
    (
        "a generation has exactly one start, its first event",
        "
        select g.id::text from plan_generations g left join generation_events e on e.generation_id = g.id
        group by g.id
        having count(*) filter (where e.type = 'plan_start') <> 1
            or min(e.seq) filter (where e.type = 'plan_start') <> min(e.seq)",
    ),
    (
        "a plan's events are numbered from 1 without a gap",
        "
        select plan_id::text from generation_events group by plan_id
        having min(seq) <> 1 or max(seq) <> count(*)",
    ),
    (
        "a generation has exactly one job",
        "
        select g.id::text from plan_generations g left join job_queue j on j.payload ->> 'generationId' = g.id::text
        group by g.id having count(j.id) <> 1",
    ),
    (
        "event, job and attempts tell the same end",
        "
        select g.id || ': ' || e.type || ', job ' || j.status || ', successes ' || a.successes
        from plan_generations g
          join generation_events e on e.generation_id = g.id and e.type in ('complete', 'error', 'canceled')
          join job_queue j on j.payload ->> 'generationId' = g.id::text,
          lateral (select count(*) filter (where status = 'success') as successes from generation_attempts
                   where generation_id = g.id) a
        where not case e.type when 'complete' then j.status = 'completed' and a.successes = 1
                              when 'canceled' then j.status = 'failed' and j.error = 'canceled' and a.successes = 0
                              else j.status = 'failed' and a.successes = 0 end",
    ),
    (
        "attempts are numbered from 1 without a gap",
        "
        select generation_id::text from generation_attempts group by generation_id
        having min(number) <> 1 or max(number) <> count(*)",
    ),
    (
        "a job is claimed no more often than it may be",
        "
        select id::text from job_queue where attempts > max_attempts + 1",
    ),
    (
        "a plan is ready exactly when a first generation or a retry of it was complete",
        "
        select p.id || ': ' || p.generation_status from learning_plans p
        where (p.generation_status = 'ready') <> exists (
          select from plan_generations g join generation_events e on e.generation_id = g.id and e.type = 'complete'
          where g.plan_id = p.id and g.kind in ('initial', 'retry'))",
    ),
    (
        "a plan is counted exactly when it is ready",
        "
        select id::text from learning_plans where is_quota_eligible <> (generation_status = 'ready')",
    ),
    (
        "a ready plan has modules, a failed one none",
        "
        select p.id || ': ' || p.generation_status from learning_plans p
        where (p.generation_status = 'ready') <> exists (select from modules m where m.plan_id = p.id)",
    ),
    (
        "modules are numbered from 1 without a gap",
        r#"
        select plan_id::text from modules group by plan_id having min("order") <> 1 or max("order") <> count(*)"#,
    ),
    (
        "a module has tasks, numbered from 1 without a gap",
        r#"
        select m.id::text from modules m left join tasks t on t.module_id = m.id group by m.id
        having count(t.id) = 0 or min(t."order") <> 1 or max(t."order") <> count(*)"#,
    ),
    (
        "a plan has as many modules and tasks as its last completion told, unless it was restored since",
        "
        select p.id || ': told ' || (e.data ->> 'modulesCount') || '/' || (e.data ->> 'tasksCount') || ', has '
          || m.modules || '/' || m.tasks
        from learning_plans p
          join lateral (select * from generation_events e where e.plan_id = p.id and e.type = 'complete'
                        order by e.seq desc limit 1) e on true,
          lateral (select count(distinct m.id) as modules, count(t.id) as tasks
                   from modules m left join tasks t on t.module_id = m.id where m.plan_id = p.id) m
        where not exists (select from plan_revisions r where r.plan_id = p.id and r.generation_id is null
                            and r.created_at > e.created_at)
          and (m.modules <> (e.data ->> 'modulesCount')::bigint or m.tasks <> (e.data ->> 'tasksCount')::bigint)",
    ),
    (
        "revisions are numbered from 1 without a gap",
        "
        select plan_id::text from plan_revisions group by plan_id having min(number) <> 1 or max(number) <> count(*)",
    ),
    (
        "a complete regeneration put one state aside, any other generation none",
        "
        select g.id || ': ' || count(r.id) from plan_generations g left join plan_revisions r on r.generation_id = g.id
        group by g.id, g.kind
        having count(r.id) <> (g.kind = 'regeneration' and exists (
          select from generation_events e where e.generation_id = g.id and e.type = 'complete'))::int",
    ),
    (
        "every restore put one state aside",
        "
        select user_id::text from (
          select r.user_id, 1 as put_aside from plan_revisions r where r.generation_id is null
          union all
          select k.user_id, -1 from idempotency_keys k join learning_plans p on p.id = (k.response ->> 'planId')::uuid
          where k.route like '%/restore') x
        group by user_id having sum(put_aside) <> 0",
    ),
    (
        "a generation has one reservation, settled when it was complete, else released",
        "
        select g.id || ': ' || g.kind || ' ' || coalesce(r.state, 'no reservation') from plan_generations g
          left join usage_reservations r
            on r.kind = case g.kind when 'regeneration' then 'regeneration' else 'plan' end
            and r.subject_id = case g.kind when 'initial' then g.plan_id else g.id end
        where r.state is distinct from case when exists (
          select from generation_events e where e.generation_id = g.id and e.type = 'complete')
          then 'settled' else 'released' end",
    ),
    (
        "as much is settled as succeeded, deleted plans included",
        "
        select user_id::text from (
          select user_id, 1 as settled from usage_reservations
          where state = 'settled' and kind in ('plan', 'regeneration')
          union all select user_id, -1 from generation_attempts where status = 'success') x
        group by user_id having sum(settled) <> 0",
    ),
    (
        "as much was reserved as was accepted, deleted plans included",
        "
        select user_id || ': ' || sum(reserved) from (
          select user_id, 1 as reserved from usage_reservations where kind in ('plan', 'regeneration')
          union all
          select user_id, -1 from idempotency_keys where route like any (array[
            'POST %/plans', 'POST %/plans/stream', 'POST %/retry', 'POST %/regenerate'])) x
        group by user_id having sum(reserved) <> 0",
    ),
    (
        "spend is reserved while a generation runs, and never settled",
        "
        select subject_id || ': ' || state from usage_reservations where kind = 'ai_spend' and state <> 'released'",
    ),
    (
        "an attempt that reached the model has a cost",
        "
        select a.id || ': ' || a.status from generation_attempts a where a.reached_at is not null and not exists (
          select from ai_usage_events u where u.generation_id = a.generation_id and u.attempt = a.number)",
    ),
    (
        "a cost is an attempt's",
        "
        select u.id::text from ai_usage_events u where not exists (
          select from generation_attempts a where a.generation_id = u.generation_id and a.number = u.attempt)",
    ),
    (
        "a successful attempt has a cost that was told, or an estimate",
        "
        select a.id::text from generation_attempts a where a.status = 'success' and not exists (
          select from ai_usage_events u where u.generation_id = a.generation_id and u.attempt = a.number
            and u.input_tokens > 0 and u.output_tokens > 0)",
    ),
    (
        "an idempotency key holds its answer",
        "
        select route || ' ' || key from idempotency_keys where response is null",
    ),
    (
        "a request for a plan made one plan",
        "
        select split_part(topic, '#', 2) from learning_plans group by 1 having count(*) > 1",
    ),
    (
        "nothing happened that never may",
        "
        select what || ' ' || id from faults.noted",
    ),
];
