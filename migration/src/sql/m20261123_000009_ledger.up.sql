-- Money that is spoken for: what a generation may still cost is reserved by an upper estimate when it is accepted.
alter table public.usage_reservations
    add column amount_microusd bigint not null default 0,
    add constraint usage_reservations_amount_microusd_check check (amount_microusd >= 0),
    drop constraint usage_reservations_kind_check,
    add constraint usage_reservations_kind_check check (kind in ('plan', 'regeneration', 'export', 'ai_spend'));
-- The open ones of a learner are summed at every acceptance; the settled ones pile up over the years.
create index usage_reservations_user_id_kind_idx on public.usage_reservations (user_id, kind) include (amount_microusd)
    where state = 'reserved';

-- Set when the attempt begins, for the provider is asked next: from here on it may cost money, whatever becomes of its
-- worker. Taken back by a worker that knows it was not reached.
alter table public.generation_attempts add column reached_at timestamptz;
create index generation_attempts_finished_at_idx on public.generation_attempts (finished_at) where reached_at is not null;

-- When the provider is to be asked what an estimated call really cost; null: there is nothing to ask.
alter table public.ai_usage_events add column lookup_at timestamptz;
create index ai_usage_events_lookup_at_idx on public.ai_usage_events (lookup_at) where lookup_at is not null;
