-- An explanation of a task is a call that costs money: each one counts within the hour. The row is settled from the start,
-- because what is counted is that it was asked for.
alter table public.usage_reservations
    drop constraint usage_reservations_kind_check,
    add constraint usage_reservations_kind_check
        check (kind in ('plan', 'regeneration', 'export', 'ai_spend', 'explanation'));
