with task as materialized (
  select t.module_id, t."order", t.id, t.title, t.description, t.estimated_minutes, t.pinned, t.has_micro_explanation,
         coalesce(g.status::text, 'not_started') as status, g.completed_at,
         (select coalesce(json_agg(json_build_object(
                   'id', r.id, 'type', r.type, 'title', r.title, 'url', r.url, 'domain', r.domain, 'author', r.author,
                   'durationMinutes', r.duration_minutes, 'notes', l.notes) order by l."order"), '[]'::json)
            from task_resources l join resources r on r.id = l.resource_id
           where l.task_id = t.id) as resources
    from modules m
    join tasks t on t.module_id = m.id
    left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
   where m.plan_id = $1),
module as (
  select m.id, m."order", m.title, m.description, m.estimated_minutes, c.*
    from modules m,
         lateral (
           select count(*) as total, count(*) filter (where t.status = 'completed') as completed,
                  case when count(*) filter (where t.status <> 'not_started') = 0 then 'not_started'
                       when count(*) filter (where t.status <> 'completed') = 0 then 'completed'
                       else 'in_progress' end as status,
                  coalesce(json_agg(json_build_object(
                   'id', t.id, 'order', t."order", 'title', t.title, 'description', t.description,
                   'estimatedMinutes', t.estimated_minutes, 'status', t.status, 'completedAt', t.completed_at,
                   'pinned', t.pinned, 'hasExplanation', t.has_micro_explanation, 'resources', t.resources)
                   order by t."order"), '[]'::json) as tasks
             from task t where t.module_id = m.id) c
   where m.plan_id = $1)
select json_build_object(
         'id', p.id, 'topic', p.topic, 'notes', p.notes, 'skillLevel', p.skill_level, 'learningStyle', p.learning_style,
         'weeklyHours', p.weekly_hours, 'startDate', p.start_date, 'deadlineDate', p.deadline_date,
         'status', p.generation_status, 'origin', p.origin, 'visibility', p.visibility, 'version', p.version,
         'createdAt', p.created_at, 'updatedAt', p.updated_at, 'finalizedAt', p.finalized_at,
         'progress', (select json_build_object(
             'status', case when count(*) filter (where status <> 'not_started') = 0 then 'not_started'
                            when count(*) filter (where status <> 'completed') = 0 then 'completed'
                            else 'in_progress' end,
             'tasksTotal', count(*), 'tasksCompleted', count(*) filter (where status = 'completed'),
             'minutesTotal', coalesce(sum(estimated_minutes), 0),
             'minutesCompleted', coalesce(sum(estimated_minutes) filter (where status = 'completed'), 0)) from task),
         'modules', (select coalesce(json_agg(json_build_object(
             'id', m.id, 'order', m."order", 'title', m.title, 'description', m.description,
             'estimatedMinutes', m.estimated_minutes, 'tasksTotal', m.total, 'tasksCompleted', m.completed,
             'status', m.status, 'tasks', m.tasks) order by m."order"), '[]'::json) from module m)
       )::text as body, p.version
  from learning_plans p
 where p.id = $1
