-- When a plan was last laid out anew because its learner was behind: sessions before this moment are over. Part of what a
-- schedule is computed from, so the learner who may change the plan's hours and deadline may set it.
alter table public.learning_plans add column rescheduled_at timestamptz;
grant update (rescheduled_at) on public.learning_plans to authenticated;
