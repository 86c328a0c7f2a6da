drop index public.usage_reservations_user_id_kind_idx;
alter table public.ai_usage_events drop column lookup_at;
alter table public.generation_attempts drop column reached_at;
delete from public.usage_reservations where kind = 'ai_spend';
alter table public.usage_reservations
    drop column amount_microusd,
    drop constraint usage_reservations_kind_check,
    add constraint usage_reservations_kind_check check (kind in ('plan', 'regeneration', 'export'));
