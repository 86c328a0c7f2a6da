drop table public.generation_events, public.generation_attempts, public.plan_revisions, public.plan_generations;
