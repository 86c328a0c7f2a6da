with page as materialized (
  select id, topic, skill_level, learning_style, weekly_hours, start_date, deadline_date, generation_status, created_at,
         updated_at
    from learning_plans
   where ($1::text is null or generation_status = $1::generation_status)
     and ($2::timestamptz is null or (created_at, id) < ($2, $3))
   order by created_at desc, id desc limit $4)
select p.id, p.topic, p.skill_level::text, p.learning_style::text, p.weekly_hours, p.start_date, p.deadline_date,
       p.generation_status::text, p.created_at, p.updated_at, m.modules, t.tasks, t.minutes, t.completed
  from page p,
       lateral (select count(*) as modules from modules where plan_id = p.id) m,
       lateral (select count(*) as tasks, coalesce(sum(t.estimated_minutes), 0)::bigint as minutes,
                       count(*) filter (where g.status = 'completed') as completed
                  from modules m join tasks t on t.module_id = m.id
                  left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
                 where m.plan_id = p.id) t
 order by p.created_at desc, p.id desc
