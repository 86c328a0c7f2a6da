alter table public.learning_plans drop column rescheduled_at;
