select jsonb_build_object(
  'topic', p.topic, 'notes', p.notes, 'skillLevel', p.skill_level, 'learningStyle', p.learning_style,
  'weeklyHours', p.weekly_hours, 'startDate', p.start_date, 'deadlineDate', p.deadline_date,
  'modules', (
    select coalesce(jsonb_agg(jsonb_build_object(
             'id', m.id, 'title', m.title, 'description', m.description, 'estimatedMinutes', m.estimated_minutes,
             'tasks', (
               select coalesce(jsonb_agg(jsonb_build_object(
                        'id', t.id, 'title', t.title, 'description', t.description,
                        'estimatedMinutes', t.estimated_minutes, 'pinned', t.pinned,
                        'status', coalesce(g.status::text, 'not_started'), 'completedAt', g.completed_at,
                        'hasMicroExplanation', t.has_micro_explanation, 'explanation', t.explanation::text,
                        'resources', (
                          select coalesce(jsonb_agg(jsonb_build_object(
                                   'type', r.type, 'title', r.title, 'url', r.url, 'notes', l.notes) order by l."order"),
                                 '[]'::jsonb)
                            from task_resources l join resources r on r.id = l.resource_id
                           where l.task_id = t.id))
                        order by t."order"), '[]'::jsonb)
                 from tasks t left join task_progress g on g.task_id = t.id and g.user_id = t.user_id
                where t.module_id = m.id))
             order by m."order"), '[]'::jsonb)
      from modules m where m.plan_id = p.id)) as snapshot
  from learning_plans p
 where p.id = $1
