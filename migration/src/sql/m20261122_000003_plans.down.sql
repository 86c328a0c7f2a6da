drop table public.plan_schedules, public.task_progress, public.task_resources, public.resources, public.tasks,
    public.modules, public.learning_plans;
