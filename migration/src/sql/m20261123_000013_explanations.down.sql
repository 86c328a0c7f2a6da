delete from public.usage_reservations where kind = 'explanation';
alter table public.usage_reservations
    drop constraint usage_reservations_kind_check,
    add constraint usage_reservations_kind_check check (kind in ('plan', 'regeneration', 'export', 'ai_spend'));
